// Making a bank: rows of many cases, sampled as they come, written as a bank or as one of several shards.
//
// Nothing that is written depends on the order of the cases: patients and strata stand sorted, rows by priority. So a
// bank from merged shards is the bank of a single run.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bank/bank.hpp"
#include "io/json.hpp"

namespace gdm::bank {

/// What decides how a bank looks; shards must agree on all of it.
struct BankRecipe {
  std::int64_t patch = 40;                ///< edge of the view that the encoder sees
  model::PatchShape training_patch = 48;  ///< of the patches that views are cut from, placed as a training places them
  std::int64_t patches_per_case = 16, tokens_per_patch = 8;
  std::uint64_t seed = 0;
  std::string split = "train";
  double spacing_mm = 0;  ///< volumes are resampled to this isotropic voxel edge; 0: as they are
  std::int64_t axial_bins = 3;
  std::string anatomy_key = "anatomy", stratum_key;  ///< of a case's meta
  std::int64_t capacity = 4096;                      ///< rows of each key and stratum
  std::int64_t patient_cap = 128;                    ///< of these from one patient; 0: no limit
  std::string sampling = "reservoir";                ///< or k-centre

  Json json() const;
  static BankRecipe from_json(const Json& json);
  /// What sketches keep: k-centre chooses from four times the capacity.
  SketchLimits limits() const;
};

/// One of `count` parts; {1, 1} is everything.
struct Shard {
  std::int64_t number = 1, count = 1;
};

/// A volume that rows came from.
struct CollectedCase {
  std::string id, patient;
  double edge_mm = 0;  ///< mean voxel edge of its patches
};

class BankCollection {
 public:
  BankCollection(BankRecipe recipe, nn::FrozenEncoder encoder);
  /// Reads a shard. Throws Error if the file is not one or is damaged.
  static BankCollection from_shard(const std::filesystem::path& path, Shard& shard);

  const BankRecipe& recipe() const { return recipe_; }
  /// Announces a case before its rows. Throws Error if its id was announced before.
  void begin_case(const CollectedCase& item);
  /// Rows of the last case: vectors (n, C), priorities (n) int64.
  void add(const std::string& key, const Tensor& vectors, const Tensor& priorities, const Stratum& stratum);
  /// Adds what another collection has. Throws Error if its recipe or encoder differ or a case is in both.
  void merge(BankCollection&& other);

  void write_shard(const std::filesystem::path& path, const Shard& shard, const Json& provenance, Overwrite overwrite);
  /// Chooses what stays and writes the bank with its statistics. Computes with one thread, so that the same rows give
  /// the same bytes anywhere. Throws Error if there are no rows.
  void write_bank(const std::filesystem::path& path, const Json& provenance, Overwrite overwrite);

 private:
  std::int32_t number_of(const Stratum& stratum);
  RowSketch& sketch(const std::string& key);
  Json common_description() const;
  void write_rows(nn::TensorWriter& writer, const std::string& key, const BankRows& rows) const;
  /// Rows of all keys as they will stand in the file, numbers into the sorted lists.
  std::map<std::string, BankRows> sorted_rows();
  SeenRows sorted_seen(const std::string& key) const;
  void choose_centres(std::map<std::string, BankRows>& rows) const;

  BankRecipe recipe_;
  nn::FrozenEncoder encoder_;
  std::vector<CollectedCase> cases_;
  std::map<std::string, std::int32_t> patients_;  ///< numbers in order of appearance
  std::map<Stratum, std::int32_t> strata_;
  std::map<std::string, RowSketch> sketches_;
};

}  // namespace gdm::bank
