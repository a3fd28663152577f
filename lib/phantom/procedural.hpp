// The procedural anatomies as mixtures of tissues.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "phantom/anatomy.hpp"
#include "phantom/noise.hpp"
#include "phantom/scene.hpp"

namespace gdm::phantom {

/// Turn and place of the patient.
struct Pose {
  Rotation rotation;
  Vec3 shift_mm;

  explicit Pose(Random random);
  Vec3 to_anatomy(Vec3 p) const { return to_local(rotation, p - shift_mm); }
  Vec3 from_anatomy(Vec3 p) const { return from_local(rotation, p) + shift_mm; }
};

class ProceduralAnatomy : public Anatomy {
 public:
  /// A scene that fills a cube of shape^3 voxels of `spacing_mm`; `looks` are those of the table whose places `places`
  /// gives. Outlines and displacements are drawn from `fields`.
  ProceduralAnatomy(Scene&& scene, const Pose& pose, Random fields, std::int64_t shape, double spacing_mm,
                    std::vector<Look> looks,
                    const std::array<std::size_t, static_cast<std::size_t>(Tissue::count)>& places);
  const Grid& grid() const override { return grid_; }
  void slice(std::int64_t k, const std::vector<Vec3>* moved_mm, SliceMix& mix) const override;

 private:
  friend class SlicePainter;
  float coordinate_mm(std::int64_t index) const {
    return (static_cast<float>(index) - 0.5F * static_cast<float>(n_ - 1)) * voxel_mm_;
  }
  Grid grid_;
  std::int64_t n_;
  Scene scene_;
  Pose pose_;
  std::vector<Look> looks_;
  std::array<std::size_t, static_cast<std::size_t>(Tissue::count)> places_;
  float voxel_mm_;  // in the anatomy's millimetres
  float anatomy_mm_per_mm_;
  std::vector<NoiseField> outline_, warp_coarse_, warp_fine_;
  std::vector<Ball> bounds_;  // of the layers, in the posed frame
};

}  // namespace gdm::phantom
