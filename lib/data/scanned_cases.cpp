#include "data/scanned_cases.hpp"

#include <fmt/format.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <optional>

#include "ct/acquisition.hpp"
#include "ct/axial.hpp"
#include "ct/counts.hpp"
#include "ct/parallel_projector.hpp"
#include "ct/sinogram_file.hpp"
#include "image/grid_match.hpp"
#include "sys/error.hpp"
#include "sys/signals.hpp"

namespace gdm::data {
namespace {

/// How tensors (D, H, W) are turned as volumes are by `map`, which counts axes from i.
Tensor turned(const Tensor& x, const AxisMap& map) {
  std::array<std::int64_t, 3> order{};
  std::array<bool, 3> backward{};
  for (std::size_t n = 0; n < 3; ++n) {
    order[n] = 2 - static_cast<std::int64_t>(map.source[2 - n]);
    backward[n] = map.flipped[2 - n];
  }
  return nn::with_turned_axes(x, order, backward);
}

}  // namespace

struct ScannedCases::Scan {
  std::string id;
  Grid grid, scanned;  ///< as networks see it, and as it was scanned
  AxisMap axes;        ///< from the one to the other
  ct::ParallelScan scan;
  std::int64_t rays_per_element = 1;
  double per_mm_of_unit = 1, per_mm_at_zero = 0;  ///< attenuation of a value of the network
  Voxels<float> rays;
  std::vector<float> weights;

  std::size_t rays_per_slice() const { return static_cast<std::size_t>(scan.detectors * scan.views); }
};

/// The slices of a case that a patch meets.
struct ScannedCases::Slab {
  std::shared_ptr<const Scan> scan;
  PatchPlace place;
  std::array<std::int64_t, 3> from{}, to{};  ///< of the patch, in the volume
  std::optional<ct::ParallelProjector> projector;

  std::size_t first_ray() const { return static_cast<std::size_t>(from[0]) * scan->rays_per_slice(); }
  const float* rays() const { return scan->rays.data() + first_ray(); }
  const float* weights() const { return scan->weights.data() + first_ray(); }

  /// The part of an unflipped patch (1, D, H, W) that lies in the volume.
  Tensor inside(const Tensor& patch) const {
    Tensor part = patch;
    for (std::size_t a = 0; a < 3; ++a) {
      part = part.slice(static_cast<std::int64_t>(a) + 1, from[a] - place.start_dhw[a], to[a] - place.start_dhw[a]);
    }
    return part;
  }
  Tensor unflipped(const Tensor& patch) const { return place.flipped ? patch.flip({3}) : patch; }

  /// (1, D, H, W) -> whole slices as they were scanned.
  Tensor slices_of(const Tensor& patch) const {
    const Index3& n = scan->grid.shape_ijk;
    Tensor slices = torch::zeros({to[0] - from[0], n[1], n[0]});
    slices.slice(1, from[1], to[1]).slice(2, from[2], to[2]).copy_(inside(unflipped(patch))[0]);
    return turned(slices, scan->axes);
  }
  /// `patch` with that of the slices in its place.
  Tensor patch_of(const Tensor& slices, const Tensor& patch) const {
    const Tensor back = turned(slices, inverse(scan->axes));
    Tensor out = unflipped(patch).clone();
    inside(out)[0].copy_(back.slice(1, from[1], to[1]).slice(2, from[2], to[2]));
    return unflipped(out);
  }
};

ScannedCases::ScannedCases(const std::vector<Case>& cases, const std::vector<Sample>& samples, const nn::HuMap& hu_map,
                           Provenance& provenance, const std::string& use) {
  air_units_ = (-1000.0 - hu_map.low_hu) / hu_map.hu_per_unit() - 1.0;
  Sha256 digest;
  for (std::size_t n = 0; n < cases.size(); ++n) {
    throw_if_stop_requested();
    const fs::path path = cases[n].input("sinogram");
    auto scan = std::make_shared<Scan>();
    scan->id = cases[n].id;
    scan->grid = samples[n].grid;
    with_context("case '" + cases[n].id + "'", [&] {
      ct::StoredSinogram stored = ct::read_sinogram(path);
      if (stored.geometry) throw Error("is no stack of slices under a parallel beam, which trainings ask for");
      const double water_per_mm = stored.beam.mu_water_per_mm;
      scan->per_mm_of_unit = water_per_mm / 1000.0 * hu_map.hu_per_unit();
      scan->per_mm_at_zero = water_per_mm * (1.0 + (hu_map.low_hu + hu_map.hu_per_unit()) / 1000.0);
      scan->rays_per_element = ct::rays_per_element(ct::sinogram_acquisition(path));
      scan->axes = ct::axial_axes(scan->grid);
      scan->scanned = stored.projected_grid();
      require_same_grid(reoriented(scan->grid, scan->axes), "the target", scan->scanned, "the CT that was projected");
      if (scan->axes.source[2] != 2 || scan->axes.flipped[2]) {
        throw Error("its slices do not lie along the axis that networks count from the feet");
      }
      scan->scan = stored.sinogram.scan;
      scan->weights = ct::weights_of_counts(stored.rays(), stored.blocks(), stored.beam);
      scan->rays = std::move(stored.sinogram.line_integrals);
      const std::vector<double> numbers{static_cast<double>(scan->scan.views),
                                        static_cast<double>(scan->scan.detectors),
                                        scan->scan.detector_spacing_mm,
                                        scan->scan.first_angle_rad,
                                        static_cast<double>(scan->rays_per_element),
                                        water_per_mm};
      digest.update(numbers.data(), numbers.size() * sizeof(double));
      digest.update(scan->rays.data(), scan->rays.size() * sizeof(float));
      digest.update(scan->weights.data(), scan->weights.size() * sizeof(float));
    });
    provenance.add_source(path, use);
    scans_.push_back(std::move(scan));
  }
  digest_ = digest.hex();
}

void ScannedCases::require_whole_slices(const model::PatchShape& patch) const {
  for (const auto& scan : scans_) {
    const Index3& n = scan->grid.shape_ijk;
    if (n[0] > patch[2] || n[1] > patch[1]) {
      throw Error(fmt::format("--consistency needs patches that hold whole slices, and those of case '{}' have {} x {} "
                              "voxels: --patch {} does not; a shape such as 128x128x16 may",
                              scan->id, n[0], n[1], patch.text()),
                  Exit::usage);
    }
  }
}

ScannedCases::Slab ScannedCases::slab_of(const model::PatchShape& patch, const PatchPlace& place) const {
  Slab slab;
  slab.scan = scans_.at(place.sample);
  slab.place = place;
  const Index3& n = slab.scan->grid.shape_ijk;
  for (std::size_t a = 0; a < 3; ++a) {
    slab.from[a] = std::max<std::int64_t>(0, place.start_dhw[a]);
    slab.to[a] = std::min(n[2 - a], place.start_dhw[a] + patch[a]);
  }
  Grid grid = slab.scan->scanned;
  grid.shape_ijk[2] = slab.to[0] - slab.from[0];
  slab.projector.emplace(grid, slab.scan->scan, slab.scan->rays_per_element);
  return slab;
}

Tensor ScannedCases::moved(const Tensor& patches, const std::vector<PatchPlace>& places,
                           const model::RayConsistency& how, bool with_rays) const {
  const torch::NoGradGuard no_grad;
  const Tensor host = patches.detach().to(torch::kCPU, torch::kFloat32);
  const model::PatchShape shape(host.size(2), host.size(3), host.size(4));
  std::vector<Tensor> out;
  for (std::int64_t b = 0; b < host.size(0); ++b) {
    if (!torch::isfinite(host[b]).all().item<bool>()) {  // the step is left out, or the objective, by who sees it
      out.push_back(host[b]);
      continue;
    }
    const Slab slab = slab_of(shape, places.at(static_cast<std::size_t>(b)));
    const double scale = slab.scan->per_mm_of_unit, offset = with_rays ? slab.scan->per_mm_at_zero : 0.0;
    const Tensor all = slab.slices_of(host[b]) * scale + offset;
    // Rays know no attenuation below 0; what targets have there, -1024 HU around a patient, is kept beside them.
    const Tensor below = with_rays ? all.clamp_max(0.0) : torch::zeros_like(all);
    const Tensor made =
        recon::toward_rays(all - below, *slab.projector, with_rays ? slab.rays() : nullptr, slab.weights(), how);
    out.push_back(slab.patch_of((made + below - offset) / scale, host[b]));
  }
  return torch::stack(out).to(patches.device());
}

/// What graphs own.
struct LayerState : torch::CustomClassHolder {
  std::shared_ptr<const ScannedCases> cases;
  std::vector<PatchPlace> places;
  model::RayConsistency how;
};

class ConsistencyLayer : public torch::autograd::Function<ConsistencyLayer> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& patches,
                        const c10::intrusive_ptr<LayerState>& state) {
    context->saved_data["state"] = c10::IValue::make_capsule(state);
    context->save_for_backward({patches > state->cases->air_units_});
    return state->cases->moved(patches, state->places, state->how, true);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto state = c10::static_intrusive_pointer_cast<LayerState>(context->saved_data["state"].toCapsule());
    const Tensor gradient = gradients.at(0), above_air = context->get_saved_variables().at(0);
    const Tensor moved = state->cases->moved(gradient, state->places, state->how, false);
    return {torch::where(above_air, moved, gradient), Tensor()};
  }
};

Tensor ScannedCases::consistent(const Tensor& patches, const std::vector<PatchPlace>& places,
                                const model::RayConsistency& how) const {
  auto state = c10::make_intrusive<LayerState>();
  state->cases = shared_from_this();
  state->places = places;
  state->how = how;
  return ConsistencyLayer::apply(patches, state);
}

Tensor ScannedCases::unseen(const Tensor& gradients, const std::vector<PatchPlace>& places,
                            std::int64_t iterations) const {
  return moved(gradients, places, {iterations, 0.0}, false);
}

Tensor ScannedCases::ray_gradient(const Tensor& differences, const std::vector<PatchPlace>& places,
                                  Tensor& loss) const {
  const torch::NoGradGuard no_grad;
  const Tensor host = differences.detach().to(torch::kCPU, torch::kFloat32);
  const model::PatchShape shape(host.size(2), host.size(3), host.size(4));
  std::vector<Tensor> out;
  double squares = 0, weight = 0;
  for (std::int64_t b = 0; b < host.size(0); ++b) {
    const Slab slab = slab_of(shape, places.at(static_cast<std::size_t>(b)));
    const Tensor slices = (slab.slices_of(host[b]) * slab.scan->per_mm_of_unit).contiguous();
    std::vector<float> rays(static_cast<std::size_t>(slab.projector->ray_count()));
    slab.projector->forward(slices.data_ptr<float>(), rays.data());
    for (std::size_t n = 0; n < rays.size(); ++n) {
      const double w = static_cast<double>(slab.weights()[n]), p = static_cast<double>(rays[n]);
      squares += w * p * p;
      weight += w;
      rays[n] *= slab.weights()[n];
    }
    Tensor back = torch::empty_like(slices);
    slab.projector->adjoint(rays.data(), back.data_ptr<float>());
    out.push_back(slab.patch_of(back, torch::zeros_like(host[b])));
  }
  loss = torch::full({}, weight > 0 ? squares / weight : 0.0, torch::kFloat64).to(differences.device());
  return torch::stack(out).to(differences.device());
}

}  // namespace gdm::data
