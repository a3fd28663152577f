// Banks at the door: how they are built, and what they tell of a volume.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "image/volume.hpp"
#include "io/json.hpp"
#include "metrics/feature_matrix.hpp"
#include "model/patch_shape.hpp"
#include "sys/atomic_file.hpp"

namespace gdm::engine {

struct BankOptions {
  std::filesystem::path encoder, output;
  Overwrite overwrite = Overwrite::refuse;
  std::string split = "train";
  std::int64_t patches_per_case = 16;
  std::int64_t patch = 40;            ///< edge of the views that the encoder sees
  model::PatchShape training_patch;   ///< of the patches that views are cut from, as a training's; 0: 8 voxels more
  std::int64_t tokens_per_patch = 8;  ///< local and spatial tokens kept of each patch
  double spacing_mm = 0;              ///< isotropic voxel edge that volumes are resampled to; 0: as they are
  std::int64_t axial_bins = 3;
  std::string anatomy_key = "anatomy", stratum_key;  ///< of a case's meta
  std::int64_t capacity = 4096;                      ///< rows of each key and stratum
  std::int64_t patient_cap = 128;                    ///< of these from one patient; 0: no limit
  std::string sampling = "reservoir";                ///< or k-centre
  std::int64_t shard = 1, shards = 0;                ///< shards > 0: an unfinished part for merge_banks
};

/// A volume to hold against a bank.
struct BankSubject {
  std::string id, patient;  ///< the patient's own entries are left out; empty: nobody's
  std::string anatomy = "any", user;
  const Volume* ct_hu = nullptr;
  const Mask* mask = nullptr;
  std::int64_t patches = 16;
};

/// How far a volume's patches lie from a bank: the median over patches of the mean distance to the 5 nearest upright
/// entries of other patients. The bank knows the same figure of its own patients, each left out in turn.
struct OutlierScore {
  double score = 0;
  double ratio = 0;       ///< to the median of the bank's patients
  double percentile = 0;  ///< share of the bank's patients below it, in percent
  double limit = 0;       ///< the 99th percentile of the bank's patients
  bool outlier() const { return score > limit; }
};

/// The distances of single places, in medians of the same of the bank's own patches, each to those of other patients.
struct DistanceMap {
  Volume ratio;              ///< on the subject's grid; 0 outside the mask
  double limit = 0;          ///< the largest of the bank's patches: of many places some lie beyond any share of these
  double largest = 0;        ///< of all places
  Point3 farthest_ras_mm{};  ///< the centre of the patch that has it
};

/// What `gdm-featbank plot` draws.
struct BankPicture {
  std::vector<std::array<float, 2>> points;  ///< upright entries on the first two principal axes
  std::vector<std::int32_t> strata;          ///< of each point
  std::vector<std::string> stratum_names;
  std::array<double, 2> variance_share{};  ///< of the two axes
  /// Distances in units of a key's mean distance, of all keys of a level: between entries of different patients, and
  /// from each entry to the nearest of another patient.
  struct Distances {
    std::string level;
    std::vector<float> pairs, nearest;
  };
  std::vector<Distances> distances;
};

/// A bank as a measuring instrument.
class FeatureBank {
 public:
  virtual ~FeatureBank() = default;
  virtual const Json& description() const = 0;
  virtual const std::string& digest() const = 0;
  /// Throws Error if the mask is empty or the bank has no reference to compare with. A volume whose voxels do not fit
  /// the bank's is resampled to the bank's median voxel edge.
  virtual OutlierScore score(const BankSubject& subject) = 0;
  /// The same of each place: patches of the bank's size all over the mask, half a patch apart. Throws as score() does.
  virtual DistanceMap map(const BankSubject& subject) = 0;
  /// score() with the nearest `neighbours` entries of each level and the retrieval of axial strata.
  virtual Json query(const BankSubject& subject, std::int64_t neighbours) = 0;
  /// Feature rows of a volume by key, and the bank's entries of a key.
  virtual std::map<std::string, metrics::FeatureMatrix> features(const BankSubject& subject) = 0;
  virtual metrics::FeatureMatrix entries(const std::string& key, std::int64_t most) = 0;
  virtual BankPicture picture() = 0;
};

struct BankVerifyOptions {
  std::filesystem::path bank, encoder;  ///< encoder empty: the one in the bank is enough
  std::int64_t cases = 3;               ///< of the manifest, recomputed
};

}  // namespace gdm::engine
