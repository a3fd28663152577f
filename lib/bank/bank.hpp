// Banks: features of real volumes, made once by gdm-featbank and kept with the encoder that made them, and rings of
// the generator's own recent features. How a bank is made: bank/collection.hpp.
#pragma once

#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "bank/statistics.hpp"
#include "io/json.hpp"
#include "model/patch_shape.hpp"
#include "nn/encoder.hpp"
#include "nn/tensor_io.hpp"

namespace gdm::bank {

using torch::Tensor;

/// A part of the patients that a bank tells apart.
struct Stratum {
  std::string anatomy;         ///< "any" where the cases name none
  std::int64_t axial_bin = 0;  ///< of the patch's centre, 0 the most inferior
  std::string user;            ///< value of the key that was asked for; "" without one

  /// "any axial 1", bins counted from 1, with the user's value behind.
  std::string name() const;
  bool operator<(const Stratum& other) const;
  Json json() const;
  static Stratum from_json(const Json& json);
};

/// Which rows of a bank may be drawn.
struct Selection {
  std::vector<std::int32_t> without_patients;  ///< numbers into RealBank::patients()
  std::int32_t stratum = -1;                   ///< number into RealBank::strata(); -1: all
};

/// Real features by key (bank/levels.hpp), (N, C) each, stored as float16, rows by rising priority.
class RealBank {
 public:
  /// Throws Error if the file is not a bank, is damaged, or holds no features.
  RealBank(const std::filesystem::path& path, torch::Device device);

  const Json& description() const { return description_; }
  const std::string& digest() const { return digest_; }
  torch::Device device() const { return device_; }
  /// The encoder stored in the bank: features are only comparable with features of the same weights.
  const nn::FrozenEncoder& encoder() const { return encoder_; }
  /// Edge of the patches that the features come from, in voxels, and of the training's patches that these are views of.
  std::int64_t patch() const { return patch_; }
  const model::PatchShape& training_patch() const { return training_patch_; }
  /// Local and spatial rows that were kept of each patch, at most.
  std::int64_t tokens_per_patch() const { return tokens_per_patch_; }
  /// Least, median and largest mean voxel edge of the volumes that the patches come from.
  const std::array<double, 3>& edges_mm() const { return edges_mm_; }
  /// Whether patches of this mean voxel edge are comparable (image/voxel_edge.hpp).
  bool fits_edge(double edge_mm) const;
  /// Throws Error, without the file's name, unless fits_edge().
  void require_edge(double edge_mm) const;

  const std::vector<std::string>& patients() const { return patients_; }
  const std::vector<Stratum>& strata() const { return strata_; }
  /// Number of a patient; -1 if the bank has none of that name.
  std::int32_t patient_number(const std::string& patient) const;

  const std::map<std::string, double>& keys() const { return scales_; }
  bool has(const std::string& key) const { return rows_.count(key) != 0; }
  const BankRows& rows(const std::string& key) const { return rows_.at(key); }
  const ChannelStatistics& statistics(const std::string& key) const { return statistics_.at(key); }
  /// Vectors of the keys of a level.
  std::map<std::string, Tensor> vectors_of(const std::string& level) const;

  /// min(count, N) vectors drawn by the rows' weights (weighted_draw()), float32 (n, C): in the proportions of the
  /// training's patches, whatever the capacity of the strata.
  Tensor sample(const std::string& key, std::int64_t count, at::Generator& generator,
                const Selection& selection = {}) const;
  /// Mean distance between two random vectors of a key.
  double scale(const std::string& key) const { return scales_.at(key); }

 private:
  void read_description();

  torch::Device device_;
  Json description_;
  std::string digest_;
  nn::FrozenEncoder encoder_;
  std::int64_t patch_ = 0, tokens_per_patch_ = 0;
  model::PatchShape training_patch_;
  std::array<double, 3> edges_mm_{};
  std::vector<std::string> patients_;
  std::vector<Stratum> strata_;
  std::map<std::string, BankRows> rows_;  ///< vectors on the device, numbers on the CPU
  std::map<std::string, double> scales_;
  std::map<std::string, ChannelStatistics> statistics_;
};

/// Names of the tensors that stand beside the vectors of a key.
namespace bank_tensor {
constexpr const char* priority = ".priority";
constexpr const char* patient = ".patient";
constexpr const char* stratum = ".stratum";
constexpr const char* weight = ".weight";
constexpr const char* seen = ".seen";  // of a shard: (n, 3) int64, patient, stratum, rows
constexpr const char* mean = ".channel_mean";
constexpr const char* deviation = ".channel_deviation";
constexpr const char* encoder = "encoder.";
}  // namespace bank_tensor

/// Rows of a key from a bank or shard. Throws Error if they do not fit together or name a patient or stratum that is
/// not there.
BankRows load_rows(const SafetensorsFile& file, const std::string& key, std::size_t patients, std::size_t strata);

/// The last `capacity` vectors pushed; the generator's recent past as seen by the drift. Vectors are forgotten, too,
/// after `most_batches` of the training's batches: they tell of a generator that there is no more.
class Ring {
 public:
  explicit Ring(std::int64_t capacity = 0, std::int64_t most_batches = std::numeric_limits<std::int64_t>::max())
      : capacity_(capacity), most_batches_(most_batches) {}
  /// Detached copy of (n, C) vectors, made in batch number `batch`; the oldest go.
  void push(const Tensor& vectors, std::int64_t batch);
  /// Those that batch number `batch` still remembers, (n, C), in no stated order; undefined tensor without any.
  Tensor remembered(std::int64_t batch) const;

  /// For checkpoints: all rows with the batch of each, and the running count.
  Tensor rows() const;
  std::vector<std::int64_t> batches() const;
  std::int64_t pushed() const { return pushed_; }
  void restore(const Tensor& rows, const std::vector<std::int64_t>& batches, std::int64_t pushed);
  void forget() { *this = Ring(capacity_, most_batches_); }
  /// Rows of this batch are remembered no more.
  void forget(std::int64_t batch);

 private:
  std::int64_t filled() const { return std::min(pushed_, capacity_); }

  std::int64_t capacity_, most_batches_, pushed_ = 0;
  Tensor data_;
  std::vector<std::int64_t> batches_;  ///< of each row of data_; negative: forgotten
};

}  // namespace gdm::bank
