#include "objective/coordination.hpp"

#include <algorithm>
#include <cmath>

#include "sys/error.hpp"

namespace gdm::objective {
namespace {

constexpr double memory_of_norms = 0.99;
constexpr double outlier = 5.0;
constexpr double tiny = 1e-20;
constexpr double caution = 0.4;  // c of CAGrad: how far the direction may leave the weighted sum

Tensor per_volume(const Tensor& values, const Tensor& like) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(like.dim()), 1);
  shape[0] = like.size(0);
  return values.view(shape);
}

bool projects(Coordination mode) {
  return mode == Coordination::pcgrad || mode == Coordination::norm_pcgrad || mode == Coordination::null_space;
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

/// A gradient of ordinary size without what opposes fidelity; zero if it cannot be used.
struct Prepared {
  Tensor gradient, scale;  ///< scale brings it to its share
  Tensor usual;
};

Prepared prepare(const SideGradient& side, const Tensor& fidelity, const Tensor& f_norm, const Tensor& fidelity_usable,
                 const CoordinationOptions& options, CoordinationState& state, Coordinated::Side& report) {
  const Tensor given = side.gradient.to(torch::kFloat32);
  Tensor d_norm = given.flatten(1).norm(2, 1);
  report.norm = d_norm.mean().to(torch::kFloat64);
  report.used = torch::isfinite(report.norm) & (report.norm > 0) & fidelity_usable;
  if (side.share <= 0) report.used = torch::zeros_like(report.used);
  Prepared out;
  out.gradient = torch::where(report.used, given, torch::zeros_like(given));
  d_norm = torch::where(report.used, d_norm, torch::zeros_like(d_norm));
  NormAverage& average = state.sides[side.name];
  const auto volumes = static_cast<double>(f_norm.size(0));
  const Tensor before = average.value(), known = average.updates.defined() ? average.updates > 0 : Tensor();
  const Tensor first = d_norm.mean().to(torch::kFloat64) * volumes;
  const Tensor limit = known.defined() ? torch::where(known, outlier * before, first) : first;
  const Tensor cut = (limit / d_norm.clamp_min(tiny)).clamp_max(1.0);
  average.add((d_norm * cut).mean().to(torch::kFloat64), report.used);
  out.usual = average.value();

  const Tensor product = fidelity * out.gradient;
  report.cosine = (product.flatten(1).sum(1) / (f_norm * d_norm).clamp_min(tiny)).mean();
  const Tensor agreement = regional_mean(product, options.conflict_edge);
  report.conflict_rate = (agreement < 0).to(torch::kFloat32).mean();
  if (projects(options.mode)) {
    const Tensor energy = regional_mean(fidelity.square(), options.conflict_edge).clamp_min(tiny);
    out.gradient = out.gradient - agreement.clamp_max(0.0) / energy * options.conflict * fidelity;
  }
  out.gradient = out.gradient * per_volume(cut, out.gradient);
  out.scale = torch::full_like(out.usual, side.share);
  if (balances(options.mode)) out.scale = out.scale * state.fidelity.value() / out.usual.clamp_min(tiny);
  return out;
}

/// What mixed() needs of one on the host.
struct OnHost {
  Tensor gradient;
  double scale = 0, usual = 0;
};

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
std::vector<Tensor> unit_sized(const Tensor& fidelity, double usual, const std::vector<OnHost>& sides, std::int64_t b) {
  std::vector<Tensor> out{fidelity[b] / std::max(usual, tiny)};
  for (const OnHost& side : sides) out.push_back(side.gradient[b] / std::max(side.usual, tiny));
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

Tensor mixed(const Tensor& fidelity, const std::vector<OnHost>& sides, Coordination mode, double usual) {
  std::vector<Tensor> volumes;
  for (std::int64_t b = 0; b < fidelity.size(0); ++b) {
    const std::vector<Tensor> unit = unit_sized(fidelity, usual, sides, b);
    const std::vector<double> gram = gram_of(unit);
    if (mode == Coordination::mgda) {
      volumes.push_back(combination(unit, shortest_combination(gram, unit.size())) * usual);
      continue;
    }
    std::vector<double> preferred{1.0};
    for (const OnHost& side : sides) preferred.push_back(side.scale * side.usual / std::max(usual, tiny));
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

void NormAverage::add(const Tensor& norm, const Tensor& usable) {
  if (!sum.defined()) sum = updates = torch::zeros_like(norm);
  sum = torch::where(usable, memory_of_norms * sum + (1 - memory_of_norms) * norm, sum);
  updates = updates + usable.to(updates.scalar_type());
}

Tensor NormAverage::value() const {
  if (!sum.defined()) return {};
  const Tensor part = 1.0 - torch::pow(memory_of_norms, updates);
  return torch::where(updates > 0, sum / part.clamp_min(1 - memory_of_norms), torch::zeros_like(sum));
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
  result.fidelity_norm = f_norm.mean().to(torch::kFloat64);
  const Tensor usable = torch::isfinite(result.fidelity_norm);
  state.fidelity.add(result.fidelity_norm, usable);
  if (sides.empty()) return result;
  std::vector<Prepared> prepared;
  for (const SideGradient& side : sides) {
    prepared.push_back(prepare(side, fidelity, f_norm, usable, options, state, result.sides[side.name]));
    result.sides[side.name].effective_share = torch::zeros_like(result.fidelity_norm);
  }
  if (options.mode == Coordination::mgda || options.mode == Coordination::cagrad) {
    std::vector<OnHost> used;
    for (std::size_t i = 0; i < sides.size(); ++i) {
      if (!result.sides[sides[i].name].used.item<bool>()) continue;
      used.push_back({prepared[i].gradient, prepared[i].scale.item<double>(), prepared[i].usual.item<double>()});
    }
    if (!used.empty()) result.gradient = mixed(fidelity, used, options.mode, state.fidelity.value().item<double>());
    return result;
  }
  result.gradient = fidelity;
  for (std::size_t i = 0; i < sides.size(); ++i) {
    const Tensor added = prepared[i].gradient * prepared[i].scale;
    result.sides[sides[i].name].effective_share = (added.flatten(1).norm(2, 1) / f_norm.clamp_min(tiny)).mean();
    result.gradient = result.gradient + added;
  }
  return result;
}

}  // namespace gdm::objective
