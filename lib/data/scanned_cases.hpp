// The rays behind the reconstructions of a training's cases, and what they tell of patches of their volumes.
//
// A patch is laid on the whole slices of its case, zero around it, and turned to how they were scanned; what comes back
// is the part of the result where the patch lies. A patch that holds whole slices loses nothing by that. Rays are
// weighted by their counts, exp(-p), as everywhere (ct/iterative.hpp).
#pragma once

#include <memory>
#include <vector>

#include "data/samples.hpp"
#include "image/orientation.hpp"
#include "recon/toward_rays.hpp"

namespace gdm::data {

class ScannedCases : public std::enable_shared_from_this<ScannedCases> {
 public:
  /// Reads inputs.sinogram of each case, which `samples` holds in the same order, and adds it to `provenance`. Throws
  /// Error naming the case without one, for rays that are not finite, and for scans that are not of parallel beams or
  /// of another grid.
  ScannedCases(const std::vector<Case>& cases, const std::vector<Sample>& samples, const nn::HuMap& hu_map,
               Provenance& provenance, const std::string& use = "");

  /// SHA-256 over rays, weights and scans: what "the same data" means to a checkpoint.
  const std::string& digest() const { return digest_; }

  /// Throws Error with Exit::usage naming a case whose slices `patch` does not hold.
  void require_whole_slices(const model::PatchShape& patch) const;

  /// Patches (B, 1, D, H, W) in units of the HU map after data consistency on their slices; a layer that gradients go
  /// through: backwards the same iterations take rays of 0, which is the transpose in the limit that both approach;
  /// after few iterations it is near it. Beyond the volume patches stay as they are, and so does what lies below -1000
  /// HU, which no ray tells from air; one that is not finite stays whole. The object is one of a shared_ptr.
  Tensor consistent(const Tensor& patches, const std::vector<PatchPlace>& places,
                    const model::RayConsistency& how) const;

  /// Of gradients (B, 1, D, H, W) what no ray can tell.
  Tensor unseen(const Tensor& gradients, const std::vector<PatchPlace>& places, std::int64_t iterations) const;

  /// A^T W A d of differences d (B, 1, D, H, W) in units of the HU map, a gradient without a scale; `loss` gets the
  /// weighted mean square of A d over the rays, one element.
  Tensor ray_gradient(const Tensor& differences, const std::vector<PatchPlace>& places, Tensor& loss) const;

 private:
  struct Scan;
  struct Slab;
  Slab slab_of(const model::PatchShape& patch, const PatchPlace& place) const;
  /// `with_rays`: towards what was measured; else towards rays of 0.
  Tensor moved(const Tensor& patches, const std::vector<PatchPlace>& places, const model::RayConsistency& how,
               bool with_rays) const;
  friend class ConsistencyLayer;

  std::vector<std::shared_ptr<const Scan>> scans_;
  std::string digest_;
  double air_units_ = -1;  ///< -1000 HU, whatever water's attenuation
};

/// What follows a network: the layer of ScannedCases, or nothing.
struct RayLayer {
  std::shared_ptr<const ScannedCases> scans;  ///< null: nothing
  model::RayConsistency how;

  Tensor operator()(const Tensor& patches, const std::vector<PatchPlace>& places) const {
    return scans ? scans->consistent(patches, places, how) : patches;
  }
};

}  // namespace gdm::data
