// The torch-free door to libgdm-nn.
//
// Programs link libgdm alone. The first call of network() loads libgdm-nn (and with it LibTorch, 160 MB and half a
// second), after it has set what must be in the environment before a BLAS library loads. So --help, --version and
// every wrong command line answer at once, and a tool that needs no network never loads LibTorch.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
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

/// Feature vectors, one row for each place in a volume.
struct FeatureMatrix {
  std::int64_t dims = 0;
  std::vector<float> values;  ///< rows x dims, row major
  std::int64_t rows() const { return dims == 0 ? 0 : static_cast<std::int64_t>(values.size()) / dims; }
};

/// The rows of a volume at one level, without rows if the volume or the encoder has nothing there.
struct LevelFeatures {
  std::string level;
  FeatureMatrix features;
};

/// A frozen encoder as a measuring instrument.
class FeatureExtractor {
 public:
  virtual ~FeatureExtractor() = default;
  /// Every level once, always in the same order; the names are those of a bank's levels where they measure alike. The
  /// volume is cut into aligned tiles of 48^3 voxels and those into cubes of 16^3; a row concatenates its feature maps:
  ///   window   a cube: the mean of every map whose stride is at most 16 voxels
  ///   global   a tile: mean and standard deviation of every map
  ///   local    a cube: mean and standard deviation of the maps of strides 4 and 8
  ///   spatial  the cell in the middle of a cube, of every map whose stride is at most 8
  /// A cube counts if at least half of its voxels are inside the mask, a tile if a quarter is: volumes on one grid with
  /// one mask give rows of the same places.
  virtual std::vector<LevelFeatures> features(const Volume& ct_hu, const Mask& mask) = 0;
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
  /// HU on the grid of the conditions (all the same grid); one network evaluation per window, Gaussian blending. The
  /// noise of a model with noise channels depends on the seed, `draw` (such as a case's id) and the place of a voxel
  /// in the volume turned to RAS. `progress_title` empty: no progress display.
  virtual Volume predict(const std::vector<Volume>& conditions, const std::string& draw,
                         const std::string& progress_title) = 0;
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
  double spacing_mm = 0;           ///< isotropic voxel edge that volumes are resampled to first; 0: as they are
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

/// Of features over windows of CT targets, to standardise them by.
struct StatisticsOptions {
  std::string split = "train";
  std::int64_t windows_per_case = 8;
  std::int64_t window = 48;
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

struct BankOptions {
  std::filesystem::path encoder, output;
  Overwrite overwrite = Overwrite::refuse;
  std::string split = "train";
  std::int64_t windows_per_case = 16;
  std::int64_t window = 40;            ///< edge of the views that the encoder sees
  std::int64_t training_window = 0;    ///< of the windows that views are cut from, as a training's; 0: 8 voxels more
  std::int64_t tokens_per_window = 8;  ///< local and spatial tokens kept of each window
  double spacing_mm = 0;               ///< isotropic voxel edge that volumes are resampled to; 0: as they are
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
  std::int64_t windows = 16;
};

/// How far a volume's windows lie from a bank: the median over windows of the mean distance to the 5 nearest upright
/// entries of other patients. The bank knows the same figure of its own patients, each left out in turn.
struct OutlierScore {
  double score = 0;
  double ratio = 0;       ///< to the median of the bank's patients
  double percentile = 0;  ///< share of the bank's patients below it, in percent
  double limit = 0;       ///< the 99th percentile of the bank's patients
  bool outlier() const { return score > limit; }
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
  virtual const nlohmann::ordered_json& description() const = 0;
  virtual const std::string& digest() const = 0;
  /// Throws Error if the mask is empty or the bank has no reference to compare with. A volume whose voxels do not fit
  /// the bank's is resampled to the bank's median voxel edge.
  virtual OutlierScore score(const BankSubject& subject) = 0;
  /// score() with the nearest `neighbours` entries of each level and the retrieval of axial strata.
  virtual nlohmann::ordered_json query(const BankSubject& subject, std::int64_t neighbours) = 0;
  /// Feature rows of a volume by key, and the bank's entries of a key.
  virtual std::map<std::string, FeatureMatrix> features(const BankSubject& subject) = 0;
  virtual FeatureMatrix entries(const std::string& key, std::int64_t most) = 0;
  virtual BankPicture picture() = 0;
};

struct BankVerifyOptions {
  std::filesystem::path bank, encoder;  ///< encoder empty: the one in the bank is enough
  std::int64_t cases = 3;               ///< of the manifest, recomputed
};

struct TrainOptions {
  std::vector<std::filesystem::path> banks;     ///< of real features, each with its encoder
  std::vector<std::filesystem::path> encoders;  ///< for the perceptual objective alone
  std::filesystem::path output, log;
  std::filesystem::path init;  ///< generator whose weights are the first ones; empty: random
  std::filesystem::path plot;  ///< picture of the curves, drawn anew at each validation; empty: none
  Overwrite overwrite = Overwrite::refuse;
  std::string objective = "gdm";        ///< gdm | perceptual | regression
  std::vector<std::string> conditions;  ///< names of inputs, in order; empty: train/generator_conditions.hpp
  std::vector<std::string> scalings;    ///< of conditions, "NAME=KIND" (train/generator_conditions.hpp)
  std::vector<std::int64_t> widths{32, 64, 128};
  std::int64_t blocks = 1;          ///< residual blocks of a level; the deepest has one more
  std::int64_t noise_channels = 0;  ///< inputs beside the conditions that make the output stochastic
  std::int64_t steps = 4000;
  std::int64_t batch = 2;
  std::int64_t accumulate = 1;  ///< batches whose gradients are averaged for a step
  std::int64_t window = 48;
  std::string augment = "none";   ///< none | light | strong (train/window_changes.hpp)
  double fresh_noise_hu = 0;      ///< standard deviation of noise added to the FBP; 0: none
  std::int64_t cache_bytes = -1;  ///< cases beyond it are read again when needed; -1: half of the free memory
  double learning_rate = 1e-3;
  double ema = 0.999;
  std::string precision = "fp32";  ///< fp32 | bf16: of the networks' arithmetic; weights and losses are fp32
  double drift_start = 0.6;        ///< fraction of the steps that are regression alone
  double rho = 0.15;               ///< share of the drift gradient at the predicted volume
  double perceptual = 0;           ///< share of the perceptual gradient there
  double ssim = 0;                 ///< share of the gradient of 1 - SSIM there, with any objective
  double gradient_l1 = 0;          ///< the same of the L1 of image gradients
  double share_end = 1;            ///< factor on all shares at the last step; linear from drift_start, where it is 1
  std::string coordination = "norm+pcgrad";
  double conflict = 1.0;           ///< kappa: part of a gradient that opposes fidelity and is removed
  std::int64_t conflict_edge = 0;  ///< edge in voxels of the cubes in which that is done; 0: the whole window
  double weight_global = 0.25, weight_local = 0.5, weight_spatial = 1.0;
  std::int64_t taps = 0;     ///< finest feature maps of each encoder that are used; 0: all
  double pair_weight = 0.0;  ///< of the own patient's real features among the positives; 0: a marginal field
  std::int64_t set_global = 64, set_local = 256;  ///< real and remembered generated features of a problem, so many each
  std::int64_t ring_batches = 64;                 ///< batches after which generated features are forgotten
  std::vector<double> temperatures{0.05, 0.2, 0.5};
  std::int64_t sinkhorn = 0;  ///< rounds of Sinkhorn normalisation instead of the product of two softmaxes; 0: product
  std::int64_t checkpoint_every = 500;
  std::int64_t validate_every = 500;
  std::string keep = "last";       ///< last | best of the validations
  std::string score = "mae";       ///< mae | psnr | ssim: what best means
  double max_time_s = 0;           ///< 0: no limit; reached: checkpoint and stop as for a signal
  bool restart = false;            ///< remove an existing checkpoint
  bool allow_leak = false;         ///< train although a file was made from patients of the val or test split
  nlohmann::ordered_json options;  ///< as --config reads them; the model holds them

  /// Whether fidelity is the only objective.
  bool plain_regression() const { return objective == "regression" && ssim == 0 && gradient_l1 == 0; }
};

/// What libgdm-nn offers. Long runs poll stop_requested(), save a checkpoint and return false if they were stopped.
struct Functions {
  std::unique_ptr<FeatureExtractor> (*open_encoder)(const std::filesystem::path&, const Compute&);
  std::unique_ptr<Synthesizer> (*open_generator)(const std::filesystem::path&, const SynthOptions&, const Compute&);
  bool (*pretrain_encoder)(const Manifest&, const PretrainOptions&, const Compute&, Provenance&);
  /// What the features of an encoder tell (train/probe.hpp).
  nlohmann::ordered_json (*probe_encoder)(const Manifest&, const ProbeOptions&, const Compute&, Provenance&);
  /// These three do their work in one go: a stop leaves them as StopRequested, with nothing written. `statistics`:
  /// cases whose features standardise the taps; null for none.
  void (*import_encoder)(const Manifest* statistics, const ImportOptions&, const Compute&, Provenance&);
  void (*make_scattering)(const Manifest* statistics, const ScatteringOptions&, const Compute&, Provenance&);
  void (*build_bank)(const Manifest&, const BankOptions&, const Compute&, Provenance&);
  /// Makes a bank of all shards of one build.
  void (*merge_banks)(const std::vector<std::filesystem::path>&, const std::filesystem::path& output, Overwrite,
                      const Compute&, Provenance&);
  /// Checks a bank, with a manifest also against rows computed anew; returns what was checked. Throws Error for what is
  /// wrong.
  nlohmann::ordered_json (*verify_bank)(const BankVerifyOptions&, const Manifest*, const Compute&, Provenance&);
  std::unique_ptr<FeatureBank> (*open_bank)(const std::filesystem::path&, const Compute&);
  bool (*train_generator)(const Manifest&, const TrainOptions&, const Compute&, Provenance&);
  /// What train_generator() would do, and how long it would take (train/generator_training.hpp). Writes nothing.
  nlohmann::ordered_json (*plan_training)(const Manifest&, const TrainOptions&, const Compute&, Provenance&);
  /// Records the device that is used and the network libraries' versions.
  void (*describe)(const Compute&, Provenance&);
};

/// Loads libgdm-nn on first use. Throws Error if it is missing or does not fit this build.
const Functions& network();

}  // namespace gdm::net
