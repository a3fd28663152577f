// The torch-free door to libgdm-nn.
//
// Programs link libgdm alone. The first call of network() loads libgdm-nn (and with it LibTorch, 160 MB and half a
// second), after it has set what must be in the environment before a BLAS library loads. So --help, --version and
// every wrong command line answer at once, and a tool that needs no network never loads LibTorch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "image/volume.hpp"
#include "io/manifest.hpp"
#include "io/sidecar.hpp"
#include "sys/atomic_file.hpp"

namespace gdm::net {

/// Where and with how many threads to compute.
struct Compute {
  std::string device = "auto";  ///< cpu | cuda[:N] | auto
  int threads = 1;
  std::uint64_t seed = 0;
  bool allow_code = false;  ///< encoders that are TorchScript, which runs code, may be loaded
};

/// Feature vectors, one row for each window of a volume.
struct FeatureMatrix {
  std::int64_t dims = 0;
  std::vector<float> values;  ///< rows x dims, row major
  std::int64_t rows() const { return dims == 0 ? 0 : static_cast<std::int64_t>(values.size()) / dims; }
};

/// A frozen encoder as a measuring instrument.
class FeatureExtractor {
 public:
  virtual ~FeatureExtractor() = default;
  /// One vector for each aligned 16^3-voxel window with at least half of its voxels inside the mask: the window means
  /// of every stage's feature map, concatenated.
  virtual FeatureMatrix window_features(const Volume& ct_hu, const Mask& mask) = 0;
  /// The encoder's description (architecture, training task, data) and the digest of its weights.
  virtual const nlohmann::ordered_json& description() const = 0;
  virtual const std::string& digest() const = 0;
};

/// A trained generator.
class Synthesizer {
 public:
  virtual ~Synthesizer() = default;
  /// Names of the condition volumes that the model expects, in order, such as {"mr"} or {"fbp"}.
  virtual const std::vector<std::string>& condition_names() const = 0;
  virtual const nlohmann::ordered_json& description() const = 0;
  virtual const std::string& digest() const = 0;
  /// HU on the grid of the conditions (all the same grid); one network evaluation per window, Gaussian blending.
  /// `progress_title` empty: no progress display.
  virtual Volume predict(const std::vector<Volume>& conditions, const std::string& progress_title) = 0;
  /// Network evaluations of the last predict().
  virtual std::int64_t evaluations() const = 0;
};

struct SynthOptions {
  int window = 0;  ///< voxels along each axis, a multiple of the model's coarsest stride; 0: as the model was trained
  double overlap = 0.25;  ///< fraction of the window shared with its neighbour
};

struct PretrainOptions {
  std::filesystem::path output, log;
  Overwrite overwrite = Overwrite::refuse;
  std::string task = "masked";     ///< masked: masked autoencoder; segment: classes in images of random appearance
  std::string volumes = "auto";    ///< target, or the name of an input; auto: train/images.hpp
  std::string scaling = "auto";    ///< hu | percentile
  std::string augment = "auto";    ///< none | light | strong; auto: light to restore, strong to segment
  nlohmann::ordered_json classes;  ///< {"bone": [515, 516], ...} of labels; null: the manifest's, else one for each
  std::string card;                ///< text for people that the encoder carries
  std::string stem = "space-to-depth";  ///< or "conv": overlapping strided convolution
  std::vector<std::int64_t> widths{16, 32, 64, 128};
  std::int64_t steps = 3000;
  std::int64_t batch = 4;
  std::int64_t window = 48;
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
  std::int64_t window = 48;
  std::int64_t windows_per_patient = 8;
};

/// An encoder that others trained.
struct ImportOptions {
  std::filesystem::path source;  ///< safetensors with the weights, or TorchScript
  std::filesystem::path layers;  ///< JSON description of its layers and input (share/gdm/encoder-layers.schema.json)
  std::filesystem::path input;   ///< JSON description of the input alone; then `source` is TorchScript
  std::filesystem::path output;
  Overwrite overwrite = Overwrite::refuse;
  std::string split = "train";  ///< of the cases whose features the statistics are of
  std::int64_t windows_per_case = 8;
  std::int64_t window = 48;
};

struct BankOptions {
  std::filesystem::path encoder, output;
  Overwrite overwrite = Overwrite::refuse;
  std::int64_t windows_per_case = 16;
  std::int64_t window = 40;            ///< smaller than the training window: the rest is room for random shifts
  std::int64_t tokens_per_window = 8;  ///< local and spatial tokens kept of each window
};

struct TrainOptions {
  std::filesystem::path bank, encoder, output, log;
  Overwrite overwrite = Overwrite::refuse;
  std::string objective = "gdm";  ///< gdm | regression
  std::vector<std::int64_t> widths{32, 64, 128};
  std::int64_t steps = 4000;
  std::int64_t batch = 2;
  std::int64_t window = 48;
  double learning_rate = 1e-3;
  double ema = 0.999;
  double drift_start = 0.6;  ///< fraction of the steps that are regression alone
  double rho = 0.3;          ///< share of the drift gradient at the predicted volume
  double conflict = 1.0;     ///< kappa: part of the drift gradient that opposes fidelity and is removed
  double weight_global = 0.25, weight_local = 0.5, weight_spatial = 1.0;
  double pair_weight = 1.0;
  std::vector<double> temperatures{0.05, 0.2, 0.5};
  std::int64_t checkpoint_every = 500;
  std::int64_t validate_every = 500;
  double max_time_s = 0;  ///< 0: no limit; reached: checkpoint and stop as for a signal
  bool restart = false;   ///< remove an existing checkpoint
};

/// What libgdm-nn offers. Long runs poll stop_requested(), save a checkpoint and return false if they were stopped.
struct Functions {
  std::unique_ptr<FeatureExtractor> (*open_encoder)(const std::filesystem::path&, const Compute&);
  std::unique_ptr<Synthesizer> (*open_generator)(const std::filesystem::path&, const SynthOptions&, const Compute&);
  bool (*pretrain_encoder)(const Manifest&, const PretrainOptions&, const Compute&, Provenance&);
  /// What the features of an encoder tell (train/probe.hpp).
  nlohmann::ordered_json (*probe_encoder)(const Manifest&, const ProbeOptions&, const Compute&, Provenance&);
  /// `statistics`: cases whose features standardise the taps; null for none.
  bool (*import_encoder)(const Manifest* statistics, const ImportOptions&, const Compute&, Provenance&);
  bool (*build_bank)(const Manifest&, const BankOptions&, const Compute&, Provenance&);
  bool (*train_generator)(const Manifest&, const TrainOptions&, const Compute&, Provenance&);
  /// Records the device that is used and the network libraries' versions.
  void (*describe)(const Compute&, Provenance&);
};

/// Loads libgdm-nn on first use. Throws Error if it is missing or does not fit this build.
const Functions& network();

}  // namespace gdm::net
