#include "recon/projection.hpp"

#include <fmt/format.h>
#include <torch/csrc/autograd/custom_function.h>

#include "sys/error.hpp"

namespace gdm::recon {
namespace {

/// A share of a projector, as what graphs can own.
struct SharedProjector : torch::CustomClassHolder {
  explicit SharedProjector(std::shared_ptr<const ct::Projector> shared) : projector(std::move(shared)) {}
  std::shared_ptr<const ct::Projector> projector;
};
using Share = c10::intrusive_ptr<SharedProjector>;

std::vector<std::int64_t> volume_shape(const ct::Projector& projector, std::int64_t batch) {
  const Index3& n = projector.grid().shape_ijk;
  return {batch, n[2], n[1], n[0]};
}

Tensor on_host(const Tensor& x, const std::vector<std::int64_t>& shape, const char* what) {
  if (x.sizes() != torch::IntArrayRef(shape)) {
    throw Error(fmt::format("{} of {} values do not fit a scan that has {}", what, x.numel(),
                            torch::empty(shape, torch::kMeta).numel()));
  }
  return x.to(torch::kCPU, torch::kFloat32).contiguous();
}

Tensor projected(const Tensor& volumes, const ct::Projector& projector) {
  const Tensor x = on_host(volumes, volume_shape(projector, volumes.size(0)), "volumes");
  Tensor rays = torch::empty({x.size(0), projector.ray_count()}, torch::kFloat32);
  for (std::int64_t b = 0; b < x.size(0); ++b) {
    projector.forward(x[b].data_ptr<float>(), rays[b].data_ptr<float>());
  }
  return rays.to(volumes.device());
}

Tensor back_projected(const Tensor& rays, const ct::Projector& projector) {
  const Tensor p = on_host(rays, {rays.size(0), projector.ray_count()}, "rays");
  Tensor volumes = torch::empty(volume_shape(projector, rays.size(0)), torch::kFloat32);
  for (std::int64_t b = 0; b < p.size(0); ++b) {
    projector.adjoint(p[b].data_ptr<float>(), volumes[b].data_ptr<float>());
  }
  return volumes.to(rays.device());
}

/// Forward or adjoint; the gradient of either is the other.
class Ray : public torch::autograd::Function<Ray> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x, const Share& share, bool adjoint) {
    context->saved_data["projector"] = c10::IValue::make_capsule(share);
    context->saved_data["adjoint"] = adjoint;
    return adjoint ? back_projected(x, *share->projector) : projected(x, *share->projector);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const Share share =
        c10::static_intrusive_pointer_cast<SharedProjector>(context->saved_data["projector"].toCapsule());
    return {Ray::apply(gradients.at(0), share, !context->saved_data["adjoint"].toBool()), Tensor(), Tensor()};
  }
};

}  // namespace

Tensor project(const Tensor& volumes, const std::shared_ptr<const ct::Projector>& projector) {
  return Ray::apply(volumes, c10::make_intrusive<SharedProjector>(projector), false);
}

Tensor back_project(const Tensor& rays, const std::shared_ptr<const ct::Projector>& projector) {
  return Ray::apply(rays, c10::make_intrusive<SharedProjector>(projector), true);
}

}  // namespace gdm::recon
