#include "objective/coordination.hpp"

#include <algorithm>
#include <cmath>

#include "sys/error.hpp"

namespace gdm::objective {
namespace {

constexpr double ema = 0.99;
constexpr double outlier = 5.0;
constexpr double tiny = 1e-20;
constexpr double caution = 0.4;  // c of CAGrad: how far the direction may leave the weighted sum

Tensor per_volume(const Tensor& values, const Tensor& like) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(like.dim()), 1);
  shape[0] = like.size(0);
  return values.view(shape);
}

bool projects(Coordination mode) {
  return mode == Coordination::pcgrad || mode == Coordination::norm_pcgrad;
}

bool balances(Coordination mode) {
  return mode != Coordination::fixed && mode != Coordination::pcgrad;
}

/// Means over cubes (one value for each voxel), or over whole volumes (broadcastable) for edge 0.
Tensor regional_mean(const Tensor& x, std::int64_t edge) {
  if (edge == 0) return x.mean({2, 3, 4}, true);
  Tensor mean = torch::avg_pool3d(x, edge, edge, 0, true, false);
  for (std::int64_t axis = 2; axis < 5; ++axis) {
    mean = mean.repeat_interleave(edge, axis).narrow(axis, 0, x.size(axis));
  }
  return mean;
}

/// A gradient of ordinary size without what opposes fidelity, and what its report says.
struct Prepared {
  std::string name;
  Tensor gradient;
  double scale = 0;  ///< brings it to its share
  double usual = 0;
};

Prepared prepare(const SideGradient& side, const Tensor& fidelity, const Tensor& f_norm,
                 const CoordinationOptions& options, CoordinationState& state, Coordinated::Side& report) {
  Prepared out{side.name, side.gradient.to(torch::kFloat32), 0, 0};
  const Tensor d_norm = out.gradient.flatten(1).norm(2, 1);
  report.norm = d_norm.mean().item<double>();
  if (!std::isfinite(report.norm) || report.norm <= 0 || side.share <= 0) return out;
  NormAverage& average = state.sides[side.name];
  const auto volumes = static_cast<double>(f_norm.size(0));
  const double limit = average.updates > 0 ? outlier * average.value() : report.norm * volumes;
  const Tensor cut = (limit / d_norm.clamp_min(tiny)).clamp_max(1.0);
  average.add((d_norm * cut).mean().item<double>());
  out.usual = average.value();

  const Tensor product = fidelity * out.gradient;
  report.cosine = (product.flatten(1).sum(1) / (f_norm * d_norm).clamp_min(tiny)).mean().item<double>();
  const Tensor agreement = regional_mean(product, options.conflict_edge);
  report.conflict_rate = (agreement < 0).to(torch::kFloat32).mean().item<double>();
  if (projects(options.mode)) {
    const Tensor energy = regional_mean(fidelity.square(), options.conflict_edge).clamp_min(tiny);
    out.gradient = out.gradient - agreement.clamp_max(0.0) / energy * options.conflict * fidelity;
  }
  out.gradient = out.gradient * per_volume(cut, out.gradient);
  out.scale = side.share;
  if (balances(options.mode)) out.scale *= state.fidelity.value() / std::max(out.usual, tiny);
  report.used = true;
  return out;
}

/// Gram matrix of one volume's unit-sized gradients, fidelity first.
std::vector<double> gram_of(const std::vector<Tensor>& vectors) {
  const std::size_t n = vectors.size();
  std::vector<double> gram(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      gram[i * n + j] = gram[j * n + i] = (vectors[i] * vectors[j]).sum().item<double>();
    }
  }
  return gram;
}

/// Unit-sized gradients of volume `b`, fidelity first.
std::vector<Tensor> unit_sized(const Tensor& fidelity, double usual, const std::vector<Prepared>& sides,
                               std::int64_t b) {
  std::vector<Tensor> out{fidelity[b] / std::max(usual, tiny)};
  for (const Prepared& side : sides) out.push_back(side.gradient[b] / std::max(side.usual, tiny));
  return out;
}

Tensor combination(const std::vector<Tensor>& vectors, const std::vector<double>& weights) {
  Tensor sum = torch::zeros_like(vectors[0]);
  for (std::size_t i = 0; i < vectors.size(); ++i) sum.add_(vectors[i], weights[i]);
  return sum;
}

/// argmin over the simplex of <w, linear> + radius |sum w_i v_i|, by exponentiated gradient.
std::vector<double> cautious_weights(const std::vector<double>& gram, const std::vector<double>& linear,
                                     double radius) {
  const std::size_t n = linear.size();
  std::vector<double> w(n, 1.0 / static_cast<double>(n)), slope(n);
  for (int iteration = 0; iteration < 200; ++iteration) {
    double square = 0;
    for (std::size_t i = 0; i < n; ++i) {
      slope[i] = 0;
      for (std::size_t j = 0; j < n; ++j) slope[i] += gram[i * n + j] * w[j];
      square += w[i] * slope[i];
    }
    const double length = std::sqrt(std::max(square, tiny));
    double size = tiny, total = 0;
    for (std::size_t i = 0; i < n; ++i) {
      slope[i] = linear[i] + radius * slope[i] / length;
      size = std::max(size, std::abs(slope[i]));
    }
    for (std::size_t i = 0; i < n; ++i) total += w[i] *= std::exp(-0.5 * slope[i] / size);
    for (double& weight : w) weight /= total;
  }
  return w;
}

Tensor mixed(const Tensor& fidelity, const std::vector<Prepared>& sides, Coordination mode, double usual) {
  std::vector<Tensor> volumes;
  for (std::int64_t b = 0; b < fidelity.size(0); ++b) {
    const std::vector<Tensor> unit = unit_sized(fidelity, usual, sides, b);
    const std::vector<double> gram = gram_of(unit);
    if (mode == Coordination::mgda) {
      volumes.push_back(combination(unit, shortest_combination(gram, unit.size())) * usual);
      continue;
    }
    std::vector<double> preferred{1.0};
    for (const Prepared& side : sides) preferred.push_back(side.scale * side.usual / std::max(usual, tiny));
    const Tensor goal = combination(unit, preferred);
    std::vector<double> linear;
    for (const Tensor& v : unit) linear.push_back((v * goal).sum().item<double>());
    const double radius = caution * goal.norm().item<double>();
    const Tensor worst = combination(unit, cautious_weights(gram, linear, radius));
    volumes.push_back((goal + worst * (radius / std::max(worst.norm().item<double>(), tiny))) * usual);
  }
  return torch::stack(volumes);
}

}  // namespace

void NormAverage::add(double norm) {
  sum = ema * sum + (1 - ema) * norm;
  ++updates;
}

double NormAverage::value() const {
  return updates == 0 ? 0.0 : sum / (1.0 - std::pow(ema, static_cast<double>(updates)));
}

std::vector<double> shortest_combination(const std::vector<double>& gram, std::size_t n) {
  std::vector<double> w(n, 0.0);
  std::size_t shortest = 0;
  for (std::size_t i = 1; i < n; ++i) {
    if (gram[i * n + i] < gram[shortest * n + shortest]) shortest = i;
  }
  w[shortest] = 1.0;
  for (int iteration = 0; iteration < 500; ++iteration) {  // Frank-Wolfe with exact line search
    std::vector<double> to_sum(n, 0.0);
    double square = 0;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) to_sum[i] += gram[i * n + j] * w[j];
      square += w[i] * to_sum[i];
    }
    const auto best = static_cast<std::size_t>(std::min_element(to_sum.begin(), to_sum.end()) - to_sum.begin());
    const double gain = square - to_sum[best];
    if (gain <= 1e-12 * std::max(square, tiny)) break;
    const double length = square - 2 * to_sum[best] + gram[best * n + best];
    const double step = std::clamp(gain / std::max(length, tiny), 0.0, 1.0);
    for (double& weight : w) weight *= 1 - step;
    w[best] += step;
  }
  return w;
}

Coordinated coordinate(const Tensor& fidelity_in, const std::vector<SideGradient>& sides,
                       const CoordinationOptions& options, CoordinationState& state) {
  const torch::NoGradGuard no_grad;
  Coordinated result;
  result.gradient = fidelity_in;
  const Tensor fidelity = fidelity_in.to(torch::kFloat32);
  const Tensor f_norm = fidelity.flatten(1).norm(2, 1);
  result.fidelity_norm = f_norm.mean().item<double>();
  if (!std::isfinite(result.fidelity_norm)) return result;
  state.fidelity.add(result.fidelity_norm);
  std::vector<Prepared> usable;
  for (const SideGradient& side : sides) {
    Coordinated::Side& report = result.sides[side.name];
    Prepared prepared = prepare(side, fidelity, f_norm, options, state, report);
    if (report.used) usable.push_back(std::move(prepared));
  }
  if (usable.empty()) return result;
  if (options.mode == Coordination::mgda || options.mode == Coordination::cagrad) {
    result.gradient = mixed(fidelity, usable, options.mode, state.fidelity.value());
    return result;
  }
  result.gradient = fidelity;
  for (const Prepared& side : usable) {
    const Tensor added = side.gradient * side.scale;
    result.sides[side.name].effective_share =
        (added.flatten(1).norm(2, 1) / f_norm.clamp_min(tiny)).mean().item<double>();
    result.gradient = result.gradient + added;
  }
  return result;
}

}  // namespace gdm::objective
