#include "ct/iterative.hpp"

#include <fmt/format.h>

#include <cmath>

#include "ct/counts.hpp"
#include "ct/iteration.hpp"
#include "sys/error.hpp"

namespace gdm::ct {
namespace {

IterativeOptions resolved(const IterativeOptions& asked, std::int64_t views) {
  IterativeOptions options = asked;
  if (options.iterations == 0) options.iterations = default_iterations(options.method);
  if (options.subsets == 0) options.subsets = default_subsets(options.method, views);
  options.subsets = std::min(options.subsets, views);
  const auto possible = [](double value) { return std::isfinite(value) && value >= 0; };
  if (options.iterations < 1 || options.subsets < 1 || !possible(options.strength_mm) || !possible(options.pull_mm2) ||
      !possible(options.huber_per_mm) || !possible(options.tolerance) || !possible(options.residual)) {
    throw Error("iterations, strength and tolerances must not be negative, nor infinite");
  }
  return options;
}

void require_usable(const float* rays, const float* weights, std::int64_t count) {
  double sum = 0;
  for (std::int64_t m = 0; m < count; ++m) {
    if (!std::isfinite(rays[m])) throw Error(fmt::format("ray {} of {} is not a finite number", m, count));
    if (weights == nullptr) continue;
    if (!std::isfinite(weights[m]) || weights[m] < 0) {
      throw Error(fmt::format("the weight of ray {} of {} is {}: expected 0 or more", m, count, weights[m]));
    }
    sum += static_cast<double>(weights[m]);
  }
  if (weights != nullptr && !(sum > 0)) throw Error("no ray has any weight: every one is starved");
}

double residual_of(const Iteration& run) {
  std::vector<float> rays(static_cast<std::size_t>(run.projector.ray_count()));
  run.projector.forward(run.x, rays.data());
  for (std::size_t m = 0; m < rays.size(); ++m) rays[m] -= run.rays[m];
  return std::sqrt(weighted_dot(run.projector.ray_count(), run.weights, rays.data(), rays.data()));
}

void run_method(Iteration& run) {
  run.data = std::sqrt(weighted_dot(run.projector.ray_count(), run.weights, run.rays, run.rays));
  run.first = residual_of(run);
  if (run.options.method == Method::cgls) {
    run_cgls(run);
  } else if (run.options.method == Method::tv) {
    run_tv(run);
  } else {
    run_sirt(run);
  }
  if (run.options.method == Method::tv || run.options.method == Method::os_sart) {
    run.residual = residual_of(run);
  }
}

/// `slices` runs of `per_slice` values into lanes, or back.
void to_lanes(const float* slices, std::int64_t per_slice, std::int64_t count, float* lanes) {
  for (std::int64_t n = 0; n < per_slice; ++n) {
    for (std::int64_t lane = 0; lane < slab_slices; ++lane) {
      lanes[n * slab_slices + lane] = lane < count ? slices[lane * per_slice + n] : 0.0F;
    }
  }
}
void from_lanes(const float* lanes, std::int64_t per_slice, std::int64_t count, float* slices) {
  for (std::int64_t lane = 0; lane < count; ++lane) {
    for (std::int64_t n = 0; n < per_slice; ++n) slices[lane * per_slice + n] = lanes[n * slab_slices + lane];
  }
}

/// Logs of independent parts as one; a part that ended counts with its last record.
std::vector<IterationRecord> joined(const std::vector<std::vector<IterationRecord>>& logs) {
  std::size_t length = 0;
  for (const auto& log : logs) length = std::max(length, log.size());
  std::vector<IterationRecord> whole(length);
  for (std::size_t n = 0; n < length; ++n) {
    IterationRecord& sum = whole[n];
    double residual = 0, moved = 0, norm = 0;
    for (const auto& log : logs) {
      const IterationRecord& part = log[std::min(n, log.size() - 1)];
      residual += part.residual * part.residual;
      sum.objective += part.objective;
      norm += part.norm * part.norm;
      if (n < log.size()) moved += part.change * part.change * part.norm * part.norm;
    }
    sum.iteration = static_cast<std::int64_t>(n) + 1;
    sum.residual = std::sqrt(residual);
    sum.norm = std::sqrt(norm);
    sum.change = norm > 0 ? std::sqrt(moved / norm) : 0.0;
  }
  return whole;
}

IterativeResult reconstruct_slabs(const Projector& projector, const float* rays, const float* weights,
                                  const IterativeOptions& options, Volume volume) {
  const std::int64_t slices = volume.grid.shape_ijk[2], slabs = (slices + slab_slices - 1) / slab_slices;
  const std::int64_t pixels = volume.grid.shape_ijk[0] * volume.grid.shape_ijk[1];
  const std::int64_t slice_rays = projector.ray_count() / slices;
  std::vector<std::vector<IterationRecord>> logs(static_cast<std::size_t>(slabs));
  std::vector<double> firsts(logs.size()), residuals(logs.size()), data(logs.size());
  parallel_for(slabs, [&](std::int64_t s) {
    const std::int64_t k0 = s * slab_slices, count = std::min(slab_slices, slices - k0);
    const std::unique_ptr<Projector> slab = projector.slab();
    std::vector<float> x(static_cast<std::size_t>(pixels * slab_slices));
    std::vector<float> b(static_cast<std::size_t>(slice_rays * slab_slices)), w(b.size(), 1.0F);
    to_lanes(volume.voxels.data() + k0 * pixels, pixels, count, x.data());
    to_lanes(rays + k0 * slice_rays, slice_rays, count, b.data());
    if (weights != nullptr) to_lanes(weights + k0 * slice_rays, slice_rays, count, w.data());
    Iteration run{*slab, b.data(), w.data(), options, tv_lattice_of_slab(slab->grid()), x.data()};
    run_method(run);
    from_lanes(x.data(), pixels, count, volume.voxels.data() + k0 * pixels);
    logs[static_cast<std::size_t>(s)] = std::move(run.log);
    firsts[static_cast<std::size_t>(s)] = run.first * run.first;
    residuals[static_cast<std::size_t>(s)] = run.residual * run.residual;
    data[static_cast<std::size_t>(s)] = run.data * run.data;
  });
  IterativeResult result;
  result.volume = std::move(volume);
  result.log = joined(logs);
  for (const double square : firsts) result.first += square;
  for (const double square : residuals) result.residual += square;
  for (const double square : data) result.data += square;
  result.first = std::sqrt(result.first);
  result.residual = std::sqrt(result.residual);
  result.data = std::sqrt(result.data);
  return result;
}

IterativeResult reconstruct_whole(const Projector& projector, const float* rays, const float* weights,
                                  const IterativeOptions& options, Volume volume) {
  std::vector<float> ones;
  if (weights == nullptr) ones.assign(static_cast<std::size_t>(projector.ray_count()), 1.0F);
  Iteration run{projector,
                rays,
                weights == nullptr ? ones.data() : weights,
                options,
                tv_lattice(projector.grid(), options.across_slices),
                volume.voxels.data()};
  run_method(run);
  IterativeResult result;
  result.volume = std::move(volume);
  result.log = std::move(run.log);
  result.first = run.first;
  result.residual = run.residual;
  result.data = run.data;
  return result;
}

}  // namespace

std::int64_t default_iterations(Method method) {
  switch (method) {
    case Method::sirt:
      return 200;
    case Method::os_sart:
      return 40;
    case Method::tv:
      return 60;
    case Method::cgls:
      return 12;
  }
  throw Error("unknown method");
}

std::int64_t default_subsets(Method method, std::int64_t views) {
  if (method == Method::sirt || method == Method::cgls) return 1;
  // Five views or fewer in a subset let the momentum run away, and beyond eight subsets nothing is gained.
  return std::clamp<std::int64_t>(views / 6, 1, 8);
}

std::vector<float> weights_from_counts(const float* line_integrals, std::int64_t count) {
  return weights_of_counts(line_integrals, {1, count, 1, nullptr}, Beam());
}

double expected_residual(const float* line_integrals, const float* weights, std::int64_t count, double photons) {
  // The variance is 1 / (I0 w) for each ray, so the expectation of w times its square is 1 / I0.
  const double data = weighted_dot(count, weights, line_integrals, line_integrals);
  return data > 0 ? std::sqrt(static_cast<double>(count) / photons / data) : 0.0;
}

IterativeResult reconstruct(const Projector& projector, const float* rays, const float* weights,
                            const IterativeOptions& options, const Volume* start) {
  return reconstruct_from(start != nullptr ? *start : Volume(projector.grid(), 0.0F), projector, rays, weights,
                          options);
}

IterativeResult reconstruct_from(Volume volume, const Projector& projector, const float* rays, const float* weights,
                                 const IterativeOptions& asked) {
  const IterativeOptions options = resolved(asked, projector.has_views() ? projector.view_count() : 1);
  require_usable(rays, weights, projector.ray_count());
  if (volume.grid.shape_ijk != projector.grid().shape_ijk) {
    throw Error(
        fmt::format("the start has {}, and the reconstruction {}", describe(volume.grid), describe(projector.grid())));
  }
  for (float& value : volume.voxels) {
    if (!std::isfinite(value)) throw Error("the start holds voxels that are not finite numbers");
    if (options.non_negative && options.method != Method::cgls) value = std::max(value, 0.0F);
  }
  const bool coupled = options.method == Method::tv && options.across_slices;
  const bool in_slabs = !coupled && projector.slab() != nullptr;
  IterativeResult result =
      (in_slabs ? reconstruct_slabs : reconstruct_whole)(projector, rays, weights, options, std::move(volume));
  result.iterations = static_cast<std::int64_t>(result.log.size());
  return result;
}

}  // namespace gdm::ct
