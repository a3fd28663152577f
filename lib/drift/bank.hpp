// Banks: features of real volumes, made once by gdm-featbank and kept with the encoder that made them, and rings of
// the generator's own recent features.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "nn/encoder.hpp"
#include "nn/tensor_io.hpp"

namespace gdm::drift {

using torch::Tensor;

/// Real features by key (drift/levels.hpp), (N, C) each, stored as float16.
class RealBank {
 public:
  /// Throws Error if the file is not a bank, is damaged, or holds no features.
  RealBank(const std::filesystem::path& path, torch::Device device);

  const nlohmann::ordered_json& description() const { return description_; }
  const std::string& digest() const { return digest_; }
  /// The encoder stored in the bank: features are only comparable with features of the same weights.
  const nn::FrozenEncoder& encoder() const { return encoder_; }
  /// Edge of the windows that the features come from, in voxels.
  std::int64_t window() const { return window_; }
  bool has(const std::string& key) const { return features_.count(key) != 0; }
  /// min(count, N) vectors drawn without replacement, float32 (n, C).
  Tensor sample(const std::string& key, std::int64_t count, at::Generator& generator) const;
  /// Mean distance between two random vectors of a key.
  double scale(const std::string& key) const { return scales_.at(key); }

 private:
  nlohmann::ordered_json description_;
  std::string digest_;
  nn::FrozenEncoder encoder_;
  std::int64_t window_ = 0;
  std::map<std::string, Tensor> features_;
  std::map<std::string, double> scales_;
};

/// Collects features for a bank and writes it.
class BankBuilder {
 public:
  /// vectors (n, C) of one key that come from patient number `patient`.
  void add(const std::string& key, const Tensor& vectors, std::int64_t patient);
  /// Completes `description` with counts and scales; returns the payload's SHA-256.
  std::string write(const std::filesystem::path& path, nlohmann::ordered_json description,
                    const nn::FrozenEncoder& encoder, Overwrite overwrite) const;

 private:
  struct Rows {
    std::vector<Tensor> vectors, patients;
  };
  std::map<std::string, Rows> rows_;
};

/// Mean Euclidean distance between distinct rows, over 512 to 1023 evenly spaced ones (all, if fewer).
double mean_distance(const Tensor& vectors);

/// The last `capacity` vectors pushed; the generator's recent past as seen by the drift.
class Ring {
 public:
  explicit Ring(std::int64_t capacity = 0) : capacity_(capacity) {}
  /// Detached copy of (n, C) vectors; the oldest go.
  void push(const Tensor& vectors);
  /// (filled, C), in no stated order; undefined tensor while empty.
  Tensor content() const;
  std::int64_t filled() const { return std::min(pushed_, capacity_); }

  /// For checkpoints: all `filled` rows and the running count.
  std::int64_t pushed() const { return pushed_; }
  void restore(const Tensor& content, std::int64_t pushed);

 private:
  std::int64_t capacity_, pushed_ = 0;
  Tensor data_;
};

}  // namespace gdm::drift
