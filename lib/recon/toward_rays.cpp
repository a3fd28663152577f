#include "recon/toward_rays.hpp"

#include <vector>

#include "ct/iterative.hpp"
#include "nn/volume_tensors.hpp"

namespace gdm::recon {

Tensor toward_rays(const Tensor& volume, const ct::Projector& projector, const float* rays, const float* weights,
                   const model::RayConsistency& how) {
  ct::IterativeOptions options;
  options.method = ct::Method::cgls;
  options.iterations = how.iterations;
  options.pull_mm2 = how.pull_mm2;
  options.interruptible = false;  // a training stops after the whole step, which its checkpoint holds
  std::vector<float> none;
  if (rays == nullptr) none.assign(static_cast<std::size_t>(projector.ray_count()), 0.0F);
  const Volume start = nn::volume_of(volume, projector.grid());
  const ct::IterativeResult result =
      ct::reconstruct(projector, rays == nullptr ? none.data() : rays, weights, options, &start);
  return nn::tensor_of(result.volume).clone();
}

}  // namespace gdm::recon
