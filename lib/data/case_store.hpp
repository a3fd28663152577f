// The cases of a training, for patches: in memory up to a limit, and beyond it read again whenever one has its turn.
//
// Kept volumes take two bytes a voxel where HU are whole numbers, as CT files mostly hold them, and four elsewhere; a
// patch is the same bit for bit whether its case is kept or not. Cases beyond the limit are read whole, as compressed
// files can only be, and as the body mask and the scale of a percentile come from the whole volume.
#pragma once

#include "data/samples.hpp"

namespace gdm::data {

class CaseStore {
 public:
  /// Reads every case once. The first ones that fit into `most_bytes` together are kept.
  CaseStore(const std::vector<Case>& cases, const std::vector<nn::GeneratorConfig::Condition>& conditions,
            const nn::HuMap& hu_map, std::uint64_t most_bytes, Provenance& provenance);

  /// Samples without volumes.
  const std::vector<Sample>& headers() const { return headers_; }
  /// data_digest() of all cases.
  const std::string& digest() const { return digest_; }
  std::size_t kept() const { return kept_; }
  std::uint64_t bytes() const { return bytes_; }

  /// Voxels beyond the volume are air and outside the mask. Several threads may call it at once. Throws Error naming
  /// the case if its files have changed so that it cannot be read or has another grid.
  CutPatch cut(std::size_t index, const std::array<std::int64_t, 3>& start_dhw, const model::PatchShape& patch) const;

 private:
  /// One volume (1, D, H, W): int16 HU, or float32 as in a Sample.
  struct Packed {
    Tensor voxels;
    bool scaled = false;  ///< clamped as conditions are
  };
  struct Kept {
    std::vector<Packed> conditions;
    Packed target;
    Tensor mask;  ///< undefined: the case is not kept
    std::uint64_t bytes() const;
  };
  Kept packed(const Sample& sample) const;
  Packed packed(const Tensor& units, bool scaled) const;
  Tensor unpacked(const Packed& volume, const Tensor& voxels) const;

  std::vector<Case> cases_;
  std::vector<nn::GeneratorConfig::Condition> conditions_;
  nn::HuMap hu_map_;
  std::vector<Sample> headers_;
  std::vector<Kept> volumes_;
  std::string digest_;
  std::size_t kept_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace gdm::data
