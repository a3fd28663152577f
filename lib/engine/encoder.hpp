// Encoders at the door: features of volumes, and how encoders come about.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "image/volume.hpp"
#include "io/json.hpp"
#include "metrics/feature_matrix.hpp"
#include "sys/atomic_file.hpp"

namespace gdm::engine {

/// The rows of a volume at one level, without rows if the volume or the encoder has nothing there.
struct LevelFeatures {
  std::string level;
  metrics::FeatureMatrix features;
};

/// A frozen encoder as a measuring instrument.
class FeatureExtractor {
 public:
  virtual ~FeatureExtractor() = default;
  /// Every level once, always in the same order; the names are those of a bank's levels where they measure alike. The
  /// volume is cut into aligned tiles of 48^3 voxels and those into cubes of 16^3; a row concatenates its feature maps:
  ///   patch   a cube: the mean of every map whose stride is at most 16 voxels
  ///   global   a tile: mean and standard deviation of every map
  ///   local    a cube: mean and standard deviation of the maps of strides 4 and 8
  ///   spatial  the cell in the middle of a cube, of every map whose stride is at most 8
  /// A cube counts if at least half of its voxels are inside the mask, a tile if a quarter is: volumes on one grid with
  /// one mask give rows of the same places.
  virtual std::vector<LevelFeatures> features(const Volume& ct_hu, const Mask& mask) = 0;
  /// The encoder's description (architecture, training task, data) and the digest of its weights.
  virtual const Json& description() const = 0;
  virtual const std::string& digest() const = 0;
};

struct PretrainOptions {
  std::filesystem::path output, log;
  Overwrite overwrite = Overwrite::refuse;
  std::string task = "masked";         ///< masked: masked autoencoder; segment: classes in images of random appearance
  std::string volumes = "auto";        ///< target, or the name of an input; auto: data/images.hpp
  std::string scaling = "auto";        ///< hu | percentile
  std::string augment = "auto";        ///< none | light | strong; auto: light to restore, strong to segment
  double spacing_mm = 0;               ///< isotropic voxel edge that volumes are resampled to first; 0: as they are
  std::filesystem::path classes_file;  ///< from which a program fills in `classes`; empty: none
  Json classes;                        ///< {"bone": [515, 516], ...} of labels; null: the manifest's, else one for each
  std::filesystem::path card_file;     ///< from which a program fills in `card`; empty: none
  std::string card;                    ///< text for people that the encoder carries
  std::string stem = "space-to-depth";  ///< or "conv": overlapping strided convolution
  std::vector<std::int64_t> widths{16, 32, 64, 128};
  std::int64_t steps = 3000;
  std::int64_t batch = 4;
  std::int64_t patch = 48;
  double learning_rate = 1e-3;
  double mask_ratio = 0.5;
  std::int64_t mask_cube = 4;
  std::int64_t checkpoint_every = 500;
  std::int64_t validate_every = 250;
  double max_time_s = 0;  ///< 0: no limit
  bool restart = false;   ///< remove an existing checkpoint
};

struct ProbeOptions {
  std::filesystem::path encoder;
  std::string split = "val";
  std::string volumes = "auto";  ///< as in PretrainOptions
  std::int64_t patch = 48;
  std::int64_t patches_per_patient = 8;
};

/// Of features over patches of CT targets, to standardise them by.
struct StatisticsOptions {
  std::string split = "train";
  std::int64_t patches_per_case = 8;
  std::int64_t patch = 48;
};

/// An encoder that others trained.
struct ImportOptions {
  std::filesystem::path source;  ///< safetensors with the weights, or TorchScript
  std::filesystem::path layers;  ///< JSON description of its layers and input (share/gdm/encoder-layers.schema.json)
  std::filesystem::path input;   ///< JSON description of the input alone; then `source` is TorchScript
  std::filesystem::path output;
  Overwrite overwrite = Overwrite::refuse;
  StatisticsOptions statistics;
};

/// An encoder that needs no training (nn/scattering_encoder.hpp).
struct ScatteringOptions {
  std::filesystem::path output;
  Overwrite overwrite = Overwrite::refuse;
  std::vector<std::array<double, 2>> ranges_hu;
  std::int64_t octaves = 2;
  std::string card;  ///< text for people that the encoder carries
  StatisticsOptions statistics;
};

}  // namespace gdm::engine
