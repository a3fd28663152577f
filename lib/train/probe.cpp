#include "train/probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "bank/levels.hpp"
#include "data/augment.hpp"
#include "nn/device.hpp"
#include "nn/encoder_network.hpp"
#include "nn/step_generator.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/random.hpp"
#include "sys/signals.hpp"

namespace gdm::train {

using torch::Tensor;
namespace {

using Start = std::array<std::int64_t, 3>;

constexpr std::int64_t most_shift = 3;
constexpr std::int64_t coarsest_stride = 8;     // of the linear probe: cells small enough to hold one tissue or two
constexpr std::int64_t candidates = 256;        // places from which the patches of a patient are chosen
constexpr std::int64_t untrained_networks = 3;  // one alone is lucky or not by a tenth
constexpr double ridge = 1e-3;                  // relative to the variance of a feature

/// The same scan again: noise up to 4 % of the range.
data::Strength same_scan() {
  data::Strength strength;
  strength.noise = 0.02;
  return strength;
}

/// Another scan: contrast +-10 %, level +-3 % of the range, gamma, noise.
data::Strength other_scan() {
  data::Strength strength = same_scan();
  strength.gain = 0.10;
  strength.shift = 0.03;
  strength.gamma = 0.1;
  return strength;
}

double squared_distance(const Start& a, const Start& b) {
  double sum = 0;
  for (std::size_t axis = 0; axis < 3; ++axis) sum += static_cast<double>((a[axis] - b[axis]) * (a[axis] - b[axis]));
  return sum;
}

Start random_start(const data::Sample& sample, std::int64_t patch, Random& random) {
  std::int64_t flat = sample.foreground[random.below(sample.foreground.size(0))].item<std::int64_t>();
  Start start{};
  for (std::size_t axis = 3; axis-- > 0;) {
    const std::int64_t extent = sample.target.size(static_cast<std::int64_t>(axis) + 1);
    const std::int64_t last = extent - patch;
    start[axis] = last >= 0 ? std::clamp<std::int64_t>(flat % extent - patch / 2, 0, last) : last / 2;
    flat /= extent;
  }
  return start;
}

/// Patches as far from each other as there are (greedy k-centre); fewer where they would be nearly the same.
std::vector<Start> spread_starts(const data::Sample& sample, std::int64_t patch, std::int64_t count, Random& random) {
  std::vector<Start> pool;
  for (std::int64_t n = 0; n < candidates; ++n) pool.push_back(random_start(sample, patch, random));
  const auto least = static_cast<double>(std::max<std::int64_t>(2 * most_shift, patch / 6));
  std::vector<Start> chosen{pool.front()};
  std::vector<double> nearest(pool.size(), 1e300);
  while (static_cast<std::int64_t>(chosen.size()) < count) {
    for (std::size_t n = 0; n < pool.size(); ++n) {
      nearest[n] = std::min(nearest[n], squared_distance(pool[n], chosen.back()));
    }
    const auto farthest = std::max_element(nearest.begin(), nearest.end());
    if (*farthest < least * least) break;
    chosen.push_back(pool[static_cast<std::size_t>(farthest - nearest.begin())]);
  }
  return chosen;
}

/// The patches of one patient.
struct PatientPatches {
  Tensor first, second;                ///< (W, 1, w, w, w): two views
  Tensor first_inside, second_inside;  ///< (W, 1, w, w, w) uint8: 1 inside the patient
  Tensor kinds;                        ///< (W, 1, w, w, w) int16 of the first view: class
  double edge_mm = 0;
};

PatientPatches cut(const data::Sample& sample, std::int64_t patch, std::int64_t count, std::uint64_t seed,
                   std::int64_t number) {
  Random random(seed, static_cast<std::uint64_t>(number) + 1);
  at::Generator generator = nn::step_generator(seed, -1 - number);
  std::vector<Tensor> first, second, first_inside, second_inside, kinds;
  for (const Start& start : spread_starts(sample, patch, count, random)) {
    Start moved = start;
    for (auto& place : moved) place += (random.below(2) == 0 ? 1 : -1) * (1 + random.below(most_shift));
    first.push_back(nn::cut_patch(sample.target, start, patch, -1.0));
    second.push_back(nn::cut_patch(sample.target, moved, patch, -1.0));
    first_inside.push_back(nn::cut_patch(sample.mask, start, patch, 0.0));
    second_inside.push_back(nn::cut_patch(sample.mask, moved, patch, 0.0));
    kinds.push_back(nn::cut_patch(sample.conditions, start, patch, 0.0).to(torch::kInt16));
  }
  const auto scan = [&](const std::vector<Tensor>& patches, const data::Strength& strength) {
    const Tensor stacked = torch::stack(patches).clamp(-1.0, 1.0);
    return data::random_noise(data::random_appearance(stacked, strength, generator), strength, generator);
  };
  PatientPatches out;
  out.first = scan(first, same_scan());
  out.second = scan(second, other_scan());
  out.first_inside = torch::stack(first_inside);
  out.second_inside = torch::stack(second_inside);
  out.kinds = torch::stack(kinds);
  out.edge_mm = sample.grid.mean_edge_mm();
  return out;
}

/// The part of each cell of a map in which `yes` (W, 1, w, w, w) is true: (W, 1, cells).
Tensor part_of_cells(const Tensor& yes, const Tensor& map) {
  return torch::adaptive_avg_pool3d(yes.to(torch::kFloat32), map.sizes().slice(2)).flatten(2);
}

/// The part of each cell that is inside, and that is of each class: (W, cells, 1 + classes).
Tensor pooled_truth(const PatientPatches& patient, std::int64_t classes, const Tensor& map) {
  std::vector<Tensor> parts{part_of_cells(patient.first_inside, map)};
  for (std::int64_t kind = 0; kind < classes; ++kind) parts.push_back(part_of_cells(patient.kinds == kind, map));
  return torch::cat(parts, 1).transpose(1, 2);
}

/// Everything that is measured in one network's features.
struct Features {
  Tensor first, second;     ///< (patches, dims): standardised means and deviations of the maps
  Tensor cells, fractions;  ///< (cells, channels), (cells, classes)
  Tensor held_out;          ///< (cells) bool: not for fitting
};

std::size_t coarse_tap(const std::vector<nn::Tap>& taps) {
  std::size_t chosen = 0;
  for (std::size_t tap = 0; tap < taps.size(); ++tap) {
    if (taps[tap].stride <= coarsest_stride) chosen = tap;
  }
  return chosen;
}

/// Over the cells of which half is inside the patient: how much air a patch holds would else outweigh what it shows,
/// and is what a shift changes most. A patch in the middle of a cavity has its cells by their part inside.
Tensor global_vectors(const std::vector<Tensor>& maps, const Tensor& inside) {
  std::vector<Tensor> parts;
  for (const Tensor& map : maps) {
    const Tensor part = part_of_cells(inside, map.cpu()), counted = (part >= 0.5).to(torch::kFloat32);
    const Tensor weights = torch::where(counted.sum(2, true) > 0, counted, part + 1e-6F).to(map.device());
    const Tensor flat = map.flatten(2), sum = weights.sum(2);
    const Tensor mean = (flat * weights).sum(2) / sum;
    parts.push_back(mean);
    parts.push_back((((flat - mean.unsqueeze(2)).square() * weights).sum(2) / sum).sqrt());
  }
  return torch::cat(parts, 1).to(torch::kCPU, torch::kFloat64);
}

void standardise(Tensor& first, Tensor& second) {
  const Tensor all = torch::cat({first, second});
  const Tensor mean = all.mean(0), deviation = all.std(0, false).clamp_min(1e-9);
  first = (first - mean) / deviation;
  second = (second - mean) / deviation;
}

Features features_of(const nn::FrozenEncoder& encoder, const std::vector<PatientPatches>& patients,
                     std::int64_t classes, const nn::HuMap& units, torch::Device device) {
  std::vector<Tensor> first, second, cells, fractions, held_out;
  const std::size_t tap = coarse_tap(encoder.taps());
  for (std::size_t p = 0; p < patients.size(); ++p) {
    throw_if_stop_requested();
    const PatientPatches& patient = patients[p];
    const auto maps = encoder.features(patient.first.to(device), units, patient.edge_mm);
    first.push_back(global_vectors(maps, patient.first_inside));
    second.push_back(
        global_vectors(encoder.features(patient.second.to(device), units, patient.edge_mm), patient.second_inside));
    const Tensor rows = pooled_truth(patient, classes, maps[tap]);
    const Tensor inside = rows.select(2, 0) >= 0.5;
    cells.push_back(maps[tap].flatten(2).transpose(1, 2).to(torch::kCPU).index({inside}));
    fractions.push_back(rows.index({inside}).slice(1, 1));
    const Tensor odd_patch = (torch::arange(rows.size(0)) % 2 == 1).view({-1, 1}).expand(inside.sizes());
    const Tensor odd_patient = torch::full(inside.sizes(), p % 2 == 1, torch::kBool);
    held_out.push_back((patients.size() > 1 ? odd_patient : odd_patch).index({inside}));
  }
  Features out;
  out.first = torch::cat(first);
  out.second = torch::cat(second);
  standardise(out.first, out.second);
  out.cells = torch::cat(cells).to(torch::kFloat64);
  out.fractions = torch::cat(fractions).to(torch::kFloat64);
  out.held_out = torch::cat(held_out);
  return out;
}

/// For each second view the patch whose first view is nearest.
Tensor nearest_patches(const Features& features) {
  return std::get<1>(torch::cdist(features.second, features.first).min(1));
}

double linear_r2(const Features& features) {
  const auto rows = [&](const Tensor& of, bool held_out) {
    return of.index({held_out ? features.held_out : ~features.held_out});
  };
  Tensor x = rows(features.cells, false), y = rows(features.fractions, false);
  Tensor x_test = rows(features.cells, true), y_test = rows(features.fractions, true);
  if (x.size(0) < 2 || x_test.size(0) < 2) throw Error("too few cells inside the patients for a linear probe");
  const Tensor mean = x.mean(0), deviation = x.std(0, false).clamp_min(1e-9), y_mean = y.mean(0);
  x = (x - mean) / deviation;
  x_test = (x_test - mean) / deviation;
  const Tensor gram = x.t().mm(x) + torch::eye(x.size(1), x.options()) * (ridge * static_cast<double>(x.size(0)));
  const Tensor weights = at::linalg_solve(gram, x.t().mm(y - y_mean));
  const double rest = (y_test - y_mean - x_test.mm(weights)).square().sum().item<double>();
  const double all = (y_test - y_test.mean(0)).square().sum().item<double>();
  if (!(all > 0)) throw Error("the tissue fractions do not vary, so there is nothing to predict");
  return 1 - rest / all;
}

/// A network of the same shape with fresh weights; none where all there is of it is its weights.
std::optional<nn::FrozenEncoder> untrained_like(const nn::FrozenEncoder& encoder, std::uint64_t seed,
                                                torch::Device device) {
  if (encoder.network->parameters().empty()) return std::nullopt;  // nothing of it is learnt
  const Json& description = encoder.description.at("encoder");
  if (description.at("architecture") == "torchscript") return std::nullopt;  // its layers are in the script
  torch::manual_seed(seed);
  return nn::freeze(nn::make_encoder_network(description), encoder.description, device);
}

double share(const Tensor& yes) {
  return yes.to(torch::kFloat64).mean().item<double>();
}

Json number_or_null(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

}  // namespace

ProbeSet probe_set(std::vector<data::Sample> samples, const data::Source& source, const nn::HuMap& units,
                   const data::LabelClasses* labels, std::uint64_t seed) {
  ProbeSet set;
  set.units = units;
  const data::ValueClasses values(source, units);
  set.classes = labels != nullptr ? labels->classes() : values.classes();
  for (data::Sample& sample : samples) {
    if (labels != nullptr) {
      sample.conditions = labels->classes_of(sample.target).to(torch::kFloat32);
      at::Generator generator = nn::step_generator(seed, -1);  // the same means for each
      sample.target = data::paint_labels(sample.target.unsqueeze(0), labels->labels(), generator)[0];
    } else {
      sample.conditions = values.of(sample.target).to(torch::kFloat32);
    }
    set.samples.push_back(std::move(sample));
  }
  return set;
}

Json probe_encoder(const nn::FrozenEncoder& encoder, const ProbeSet& set, std::int64_t patch,
                   std::int64_t patches_per_patient, std::uint64_t seed, torch::Device device) {
  const torch::NoGradGuard no_grad;
  std::set<std::string> seen;
  std::vector<PatientPatches> patients;
  std::vector<std::int64_t> patient_of_patch;
  for (const data::Sample& sample : set.samples) {
    if (!seen.insert(sample.patient).second) continue;
    const auto number = static_cast<std::int64_t>(patients.size());
    patients.push_back(cut(sample, patch, patches_per_patient, seed, number));
    patient_of_patch.resize(patient_of_patch.size() + static_cast<std::size_t>(patients.back().first.size(0)), number);
  }
  const Tensor owner = torch::tensor(patient_of_patch, torch::kInt64);
  const std::int64_t patches = owner.size(0);
  const Features trained = features_of(encoder, patients, set.classes, set.units, device);
  const Tensor found = nearest_patches(trained), truth = torch::arange(patches);
  std::optional<double> untrained_top1, untrained_r2;
  for (std::int64_t n = 0; n < untrained_networks; ++n) {
    const auto fresh = untrained_like(encoder, seed + static_cast<std::uint64_t>(n), device);
    if (!fresh) break;
    const Features untrained = features_of(*fresh, patients, set.classes, set.units, device);
    const double part = 1.0 / static_cast<double>(untrained_networks);
    untrained_top1 = untrained_top1.value_or(0) + part * share(nearest_patches(untrained) == truth);
    untrained_r2 = untrained_r2.value_or(0) + part * linear_r2(untrained);
  }
  return {{"patch_voxels", patch},
          {"patients", patients.size()},
          {"patches", patches},
          {"retrieval",
           {{"top1", share(found == truth)},
            {"same_patient", share(owner.take(found) == owner)},
            {"chance", 1.0 / static_cast<double>(patches)},
            {"untrained_top1", number_or_null(untrained_top1)}}},
          {"linear",
           {{"tap", encoder.taps()[coarse_tap(encoder.taps())].name},
            {"cells", trained.cells.size(0)},
            {"classes", set.classes},
            {"held_out", patients.size() > 1 ? "patients" : "patches"},
            {"r2", linear_r2(trained)},
            {"untrained_r2", number_or_null(untrained_r2)}}}};
}

Json probe_file(const Manifest& manifest, const engine::ProbeOptions& options, const engine::Compute& compute,
                Provenance& provenance) {
  const torch::Device device = nn::device_from_text(compute.device);
  const nn::FrozenEncoder encoder = nn::load_encoder(options.encoder, device);
  const std::int64_t stride = encoder.taps().back().stride;
  if (options.patch % stride != 0) {
    throw Error(fmt::format("--patch {} is not a multiple of {}, the coarsest stride of {}", options.patch, stride,
                            options.encoder.string()),
                Exit::usage);
  }
  const std::vector<Case> cases = data::usable_cases(manifest, options.split);
  data::Source source = data::choose_source(cases, options.volumes, "auto", false);
  if (source.scaling != "labels") source.scaling = encoder.input.scaling;
  auto samples = data::load_images(cases, source, encoder.input.hu_map, provenance);
  std::optional<data::LabelClasses> labels;
  if (source.scaling == "labels") {
    labels = data::classes_of({&samples}, manifest.extra.value("classes", Json()));
    data::to_places(samples, *labels);
  }
  const ProbeSet set =
      probe_set(std::move(samples), source, encoder.input.hu_map, labels ? &*labels : nullptr, compute.seed);
  Json result{{"encoder_digest", encoder.digest}, {"split", options.split}, {"volumes", source.name}};
  result.update(probe_encoder(encoder, set, options.patch, options.patches_per_patient, compute.seed, device));
  return result;
}

}  // namespace gdm::train
