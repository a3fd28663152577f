#include "bank/build.hpp"

#include <fmt/format.h>

#include <ctime>
#include <future>
#include <set>

#include "bank/patches.hpp"
#include "nn/device.hpp"
#include "nn/encoder_network.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/progress.hpp"
#include "sys/signals.hpp"
#include "sys/stopwatch.hpp"

namespace gdm::bank {
namespace {

BankRecipe recipe_of(const engine::BankOptions& o, std::uint64_t seed) {
  BankRecipe recipe;
  recipe.patch = o.patch;
  recipe.training_patch = o.training_patch;
  recipe.patches_per_case = o.patches_per_case;
  recipe.tokens_per_patch = o.tokens_per_patch;
  recipe.seed = seed;
  recipe.split = o.split;
  recipe.spacing_mm = o.spacing_mm;
  recipe.axial_bins = o.axial_bins;
  recipe.anatomy_key = o.anatomy_key;
  recipe.stratum_key = o.stratum_key;
  recipe.capacity = o.capacity;
  recipe.patient_cap = o.patient_cap;
  recipe.sampling = o.sampling;
  return recipe;
}

/// Reads volumes one ahead of their use, on a thread of its own.
class Reader {
 public:
  Reader(const std::vector<Case>& cases, const BankRecipe& recipe, const nn::HuMap& units, Provenance& provenance)
      : cases_(cases), recipe_(recipe), units_(units), provenance_(provenance) {
    start();
  }
  BankVolume next() {
    BankVolume volume = coming_.get();
    start();
    return volume;
  }

 private:
  void start() {
    if (at_ == cases_.size()) return;
    coming_ = std::async(std::launch::async, [this, n = at_++] {
      const c10::InferenceMode inference;
      return bank_volume(cases_[n], recipe_, units_, provenance_);
    });
  }

  const std::vector<Case>& cases_;
  const BankRecipe& recipe_;
  const nn::HuMap& units_;
  Provenance& provenance_;
  std::size_t at_ = 0;
  std::future<BankVolume> coming_;
};

/// Every shards-th case, beginning with the shard's own.
std::vector<Case> cases_of_shard(const std::vector<Case>& all, const engine::BankOptions& options) {
  if (options.shards == 0) return all;
  std::vector<Case> own;
  for (std::size_t n = static_cast<std::size_t>(options.shard - 1); n < all.size();
       n += static_cast<std::size_t>(options.shards)) {
    own.push_back(all[n]);
  }
  if (own.empty()) {
    throw Error(fmt::format("part {} of {} holds none of the {} cases", options.shard, options.shards, all.size()));
  }
  return own;
}

void log_times(const ForwardTime& forward, double wall_s, double cpu_s, std::int64_t patches) {
  log_verbose(
      fmt::format("{} patches in {:.1f} s, {:.0f} % of it in the encoder's forward pass; {:.1f} s of {:.1f} s "
                  "processor time of this thread and the reading one, {:.0f} %",
                  patches, wall_s, 100 * forward.wall_s / wall_s, forward.cpu_s, cpu_s, 100 * forward.cpu_s / cpu_s));
}

/// Scattering coefficients as they come are small and unequal: distances would hardly see most of them.
void require_statistics(const nn::FrozenEncoder& encoder) {
  if (encoder.description.at("encoder").value("architecture", "") == "scattering" && !encoder.network->has_statistics())
    throw Error("a bank needs a scattering encoder made with --statistics");
}

void require_finite(const RealBank& bank, const std::string& key) {
  const Tensor finite = torch::isfinite(bank.rows(key).vectors).all(1);
  if (finite.all().item<bool>()) return;
  throw Error(fmt::format("{}: {} of {} rows hold NaN or infinite values", key,
                          finite.logical_not().sum().item<std::int64_t>(), finite.size(0)));
}

void require_described(const RealBank& bank, const std::string& key) {
  const Json& stated = bank.description().at("keys").at(key);
  const BankRows& rows = bank.rows(key);
  const auto count = stated.at("count").get<std::int64_t>(), channels = stated.at("channels").get<std::int64_t>();
  if (count != rows.size() || channels != rows.vectors.size(1)) {
    throw Error(fmt::format("{}: {} rows of {} channels, its description says {} of {}", key, rows.size(),
                            rows.vectors.size(1), count, channels));
  }
  const auto sampled = BankRecipe::from_json(bank.description().at("build"));
  std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t> of_patient;
  std::map<std::int32_t, std::int64_t> of_stratum;
  for (std::int64_t n = 0; n < rows.size(); ++n) {
    const auto stratum = rows.stratum[n].item<std::int32_t>(), patient = rows.patient[n].item<std::int32_t>();
    if (++of_stratum[stratum] > sampled.capacity ||
        (++of_patient[{stratum, patient}] > sampled.patient_cap && sampled.patient_cap > 0)) {
      throw Error(fmt::format("{}: more rows of a stratum or patient than its limits allow", key));
    }
  }
}

/// How the rows of one case, computed anew, compare with those in the bank.
struct Agreement {
  std::int64_t rows = 0;
  double largest = 0;  ///< difference of a value, in standard deviations of its channel
};

Agreement recompute(const RealBank& bank, const BankRecipe& recipe, const BankVolume& volume, torch::Device device) {
  const std::int32_t patient = bank.patient_number(volume.patient);
  if (patient < 0) throw Error("the bank has no patient '" + volume.patient + "'");
  Agreement agreement;
  const auto sink = [&](PatchRows&& found) {
    if (!bank.has(found.key)) throw Error("the bank lacks the key " + found.key);
    const BankRows& rows = bank.rows(found.key);
    const auto& deviation = bank.statistics(found.key).deviation;
    for (std::int64_t n = 0; n < found.priorities.size(0); ++n) {
      const Tensor where = rows.priority.eq(found.priorities[n].item<std::int64_t>()).nonzero().flatten();
      if (where.numel() == 0) continue;
      if (rows.patient[where[0].item<std::int64_t>()].item<std::int32_t>() != patient) {
        throw Error(fmt::format("{}: a row of this case is under another patient", found.key));
      }
      const Tensor stored =
          rows.vectors.index_select(0, where.slice(0, 0, 1).to(device)).to(torch::kCPU, torch::kFloat32);
      const Tensor fresh = found.vectors[n].to(torch::kCPU).to(torch::kFloat16).to(torch::kFloat32);
      agreement.largest = std::max(agreement.largest, ((stored[0] - fresh).abs() / deviation).max().item<double>());
      ++agreement.rows;
    }
  };
  for_each_patch(bank.encoder(), volume, recipe, bank.encoder().input.hu_map, device, PatchLevels::all, sink);
  return agreement;
}

/// Float16 keeps 11 bits and devices differ in the last bits of float32; an honest row is far closer than this.
constexpr double most_deviation = 0.05;

Json verify_cases(const RealBank& bank, const Manifest& manifest, std::int64_t count, torch::Device device,
                  Provenance& provenance) {
  const auto recipe = BankRecipe::from_json(bank.description().at("build"));
  std::vector<Case> cases = data::usable_cases(manifest, recipe.split);
  const std::size_t step = std::max<std::size_t>(1, cases.size() / static_cast<std::size_t>(count));
  auto report = Json::array();
  for (std::size_t n = 0; n < cases.size() && report.size() < static_cast<std::size_t>(count); n += step) {
    const BankVolume volume = bank_volume(cases[n], recipe, bank.encoder().input.hu_map, provenance);
    const Agreement agreement =
        with_context("case '" + cases[n].id + "'", [&] { return recompute(bank, recipe, volume, device); });
    if (agreement.largest > most_deviation) {
      throw Error(fmt::format("case '{}': rows computed anew differ by {:.3g} standard deviations from the bank's",
                              cases[n].id, agreement.largest));
    }
    if (agreement.rows == 0) log_warning(fmt::format("case '{}': none of its rows stayed in the bank", cases[n].id));
    report.push_back(
        {{"id", cases[n].id}, {"rows", agreement.rows}, {"largest_difference_in_deviations", agreement.largest}});
  }
  return report;
}

}  // namespace

void build_bank(const Manifest& manifest, const engine::BankOptions& options, const engine::Compute& compute,
                Provenance& provenance) {
  const c10::InferenceMode inference;
  const torch::Device device = nn::device_from_text(compute.device);
  const nn::FrozenEncoder encoder = nn::load_encoder(options.encoder, device);
  require_statistics(encoder);
  provenance.add_source(options.encoder);
  const nn::HuMap units = encoder.input.hu_map;
  const BankRecipe recipe = recipe_of(options, compute.seed);
  const std::vector<Case> cases = cases_of_shard(data::usable_cases(manifest, options.split), options);
  BankCollection collection(recipe, encoder);
  Progress progress("bank", static_cast<std::int64_t>(cases.size()), "case");
  ForwardTime forward;
  const Stopwatch watch;
  const std::clock_t cpu_start = std::clock();
  Reader reader(cases, recipe, units, provenance);
  for (std::size_t n = 0; n < cases.size(); ++n) {
    throw_if_stop_requested();
    const BankVolume volume = reader.next();
    collection.begin_case({volume.id, volume.patient, volume.edge_mm});
    const auto sink = [&](PatchRows&& rows) { collection.add(rows.key, rows.vectors, rows.priorities, rows.stratum); };
    for_each_patch(encoder, volume, recipe, units, device, PatchLevels::all, sink, &forward);
    progress.advance();
  }
  log_times(forward, watch.seconds(), static_cast<double>(std::clock() - cpu_start) / CLOCKS_PER_SEC,
            static_cast<std::int64_t>(cases.size()) * recipe.patches_per_case);
  if (options.shards > 0) {
    collection.write_shard(options.output, {options.shard, options.shards}, provenance.json(), options.overwrite);
  } else {
    collection.write_bank(options.output, provenance.json(), options.overwrite);
  }
}

void merge_banks(const std::vector<std::filesystem::path>& shards, const std::filesystem::path& output,
                 Overwrite overwrite, Provenance& provenance) {
  const c10::InferenceMode inference;
  std::optional<BankCollection> all;
  std::int64_t count = 0;
  std::set<std::int64_t> seen;
  for (const auto& path : shards) {
    throw_if_stop_requested();
    provenance.add_source(path);
    Shard shard;
    auto one = BankCollection::from_shard(path, shard);
    with_context(path.string(), [&] {
      if (!seen.insert(shard.number).second) throw Error(fmt::format("part {} is there twice", shard.number));
      if (count != 0 && shard.count != count) {
        throw Error(fmt::format("part {} of {}, the others are parts of {}", shard.number, shard.count, count));
      }
      count = shard.count;
      if (all) {
        all->merge(std::move(one));
      } else {
        all.emplace(std::move(one));
      }
    });
  }
  for (std::int64_t number = 1; number <= count; ++number) {
    if (seen.count(number) == 0) throw Error(fmt::format("part {} of {} is missing", number, count));
  }
  all->write_bank(output, provenance.json(), overwrite);
}

Json verify_bank(const engine::BankVerifyOptions& options, const Manifest* manifest, const engine::Compute& compute,
                 Provenance& provenance) {
  const c10::InferenceMode inference;
  const torch::Device device = nn::device_from_text(compute.device);
  const RealBank bank(options.bank, device);
  return with_context(options.bank.string(), [&] {
    Json report{{"sha256", bank.digest()}, {"encoder_digest", bank.encoder().digest}};
    std::int64_t rows = 0;
    for (const auto& [key, scale] : bank.keys()) {
      require_finite(bank, key);
      require_described(bank, key);
      rows += bank.rows(key).size();
    }
    report["keys"] = bank.keys().size();
    report["rows"] = rows;
    if (!options.encoder.empty()) {
      const auto encoder = nn::load_encoder(options.encoder, torch::Device(torch::kCPU));
      if (encoder.digest != bank.encoder().digest) {
        throw Error(fmt::format("made with another encoder than {} (digest {:.12} instead of {:.12})",
                                options.encoder.string(), bank.encoder().digest, encoder.digest));
      }
    }
    if (manifest != nullptr) report["cases"] = verify_cases(bank, *manifest, options.cases, device, provenance);
    return report;
  });
}

}  // namespace gdm::bank
