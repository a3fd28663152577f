#include "drift/coordination.hpp"

#include <algorithm>
#include <cmath>

namespace gdm::drift {
namespace {

constexpr double ema = 0.99;
constexpr double outlier = 5.0;  // a volume's drift gradient is cut to this many times the usual norm
constexpr double tiny = 1e-20;

Tensor per_volume(const Tensor& values, const Tensor& like) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(like.dim()), 1);
  shape[0] = like.size(0);
  return values.view(shape);
}

double corrected(double average, std::int64_t updates) {
  return average / (1.0 - std::pow(ema, static_cast<double>(updates)));
}

}  // namespace

Coordinated coordinate(const Tensor& fidelity, const Tensor& drift, const CoordinationOptions& options,
                       CoordinationState& state) {
  const torch::NoGradGuard no_grad;
  Coordinated result;
  const Tensor f = fidelity.flatten(1).to(torch::kFloat32), d = drift.flatten(1).to(torch::kFloat32);
  const Tensor f_norm = f.norm(2, 1), d_norm = d.norm(2, 1);
  result.fidelity_norm = f_norm.mean().item<double>();
  result.drift_norm = d_norm.mean().item<double>();
  if (!std::isfinite(result.drift_norm) || !std::isfinite(result.fidelity_norm) || result.drift_norm <= 0) {
    result.gradient = fidelity;
    return result;
  }
  const double limit =
      state.updates > 0 ? outlier * corrected(state.drift_norm, state.updates) : result.drift_norm * f_norm.size(0);
  const Tensor cut = (limit / d_norm.clamp_min(tiny)).clamp_max(1.0);
  ++state.updates;
  state.fidelity_norm = ema * state.fidelity_norm + (1 - ema) * result.fidelity_norm;
  state.drift_norm = ema * state.drift_norm + (1 - ema) * (d_norm * cut).mean().item<double>();
  const double usual_fidelity = corrected(state.fidelity_norm, state.updates);
  const double usual_drift = corrected(state.drift_norm, state.updates);

  const Tensor dot = (f * d).sum(1);
  result.cosine = (dot / (f_norm * d_norm).clamp_min(tiny)).mean().item<double>();
  result.conflict_rate = (dot < 0).to(torch::kFloat32).mean().item<double>();

  const Tensor opposing = dot.clamp_max(0.0) / f_norm.square().clamp_min(tiny) * options.conflict;
  const Tensor kept = (drift - per_volume(opposing, drift) * fidelity) * per_volume(cut, drift);
  const Tensor scaled = kept * (options.rho * usual_fidelity / std::max(usual_drift, tiny));
  result.effective_share = (scaled.flatten(1).norm(2, 1) / f_norm.clamp_min(tiny)).mean().item<double>();
  result.gradient = fidelity + scaled;
  result.drift_used = true;
  return result;
}

}  // namespace gdm::drift
