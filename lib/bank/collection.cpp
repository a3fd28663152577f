#include "bank/collection.hpp"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "bank/distances.hpp"
#include "bank/levels.hpp"
#include "nn/encoder_network.hpp"
#include "sys/error.hpp"
#include "sys/quantile.hpp"

namespace gdm::bank {
namespace {

constexpr std::int64_t pool_factor = 4;

/// One thread while it lives: sums of several threads differ in the last bits.
class OneThread {
 public:
  OneThread() : before_(at::get_num_threads()) { at::set_num_threads(1); }
  ~OneThread() { at::set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

/// old number -> place among the sorted names, which is the order of the map
template <class Map>
std::vector<std::int32_t> places(const Map& numbers) {
  std::vector<std::int32_t> place(numbers.size());
  std::int32_t next = 0;
  for (const auto& [name, number] : numbers) place[static_cast<std::size_t>(number)] = next++;
  return place;
}

Tensor renumbered(const Tensor& numbers, const std::vector<std::int32_t>& place) {
  return torch::tensor(place, torch::kInt32).index_select(0, numbers);
}

SeenRows renumbered(const SeenRows& seen, const std::vector<std::int32_t>& patient,
                    const std::vector<std::int32_t>& stratum) {
  SeenRows out;
  for (const auto& [of, count] : seen) {
    out[{patient[static_cast<std::size_t>(of.first)], stratum[static_cast<std::size_t>(of.second)]}] += count;
  }
  return out;
}

Tensor table_of(const SeenRows& seen) {
  std::vector<std::int64_t> table;
  for (const auto& [of, count] : seen) table.insert(table.end(), {of.first, of.second, count});
  return torch::tensor(table, torch::kInt64).view({-1, 3});
}

/// Throws Error for a table that names what is not there or counts fewer rows than stayed.
SeenRows seen_in(const SafetensorsFile& file, const std::string& key, std::size_t patients, std::size_t strata,
                 std::int64_t rows) {
  const Tensor table = nn::load_tensor(file, key + bank_tensor::seen);
  SeenRows seen;
  std::int64_t sum = 0;
  bool fits = table.dim() == 2 && table.scalar_type() == torch::kInt64 && table.size(1) == 3;
  for (std::int64_t n = 0; fits && n < table.size(0); ++n) {
    const auto* row = table.data_ptr<std::int64_t>() + 3 * n;
    fits = row[0] >= 0 && row[0] < static_cast<std::int64_t>(patients) && row[1] >= 0 &&
           row[1] < static_cast<std::int64_t>(strata) && row[2] > 0 && row[2] < (std::int64_t{1} << 40);
    if (!fits) break;
    seen[{static_cast<std::int32_t>(row[0]), static_cast<std::int32_t>(row[1])}] = row[2];
    sum += row[2];
  }
  if (!fits || sum < rows) throw Error(file.path().string() + ": " + key + ": counts of rows that cannot be");
  return seen;
}

Json edges_json(const std::vector<CollectedCase>& cases) {
  std::vector<double> edges;
  for (const CollectedCase& item : cases) edges.push_back(item.edge_mm);
  std::sort(edges.begin(), edges.end());
  return {{"least", edges.front()}, {"median", quantile_of_sorted(edges, 0.5)}, {"largest", edges.back()}};
}

/// Rows that stay, rising, and for each row of all which of these stands for it.
struct Centres {
  Tensor stay, of_row;
};

/// k centres of each stratum, chosen among its rows of `points`; the nearest stands for a row.
Centres centres_of_strata(const Tensor& points, const Tensor& stratum, std::int64_t strata, std::int64_t capacity) {
  std::vector<Tensor> chosen;
  Tensor of_row = torch::empty({points.size(0)}, torch::kInt64);
  for (std::int64_t s = 0; s < strata; ++s) {
    const Tensor own = stratum.eq(s).nonzero().flatten();
    if (own.numel() == 0) continue;
    const Tensor rows = points.index_select(0, own), centres = k_centre(rows, capacity);
    const auto anybody = [](const Tensor& of) { return torch::full({of.size(0)}, -1, torch::kInt32); };
    const Tensor entries = rows.index_select(0, centres);
    const Tensor near = nearest(rows, anybody(rows), entries, anybody(entries), 1).entry.flatten();
    chosen.push_back(own.index_select(0, centres));
    of_row.index_copy_(0, own, chosen.back().index_select(0, near));
  }
  return {std::get<0>(torch::cat(chosen).sort()), of_row};
}

/// Rows that stay, with the weights of all rows that they stand for.
BankRows centred(const BankRows& rows, const Centres& centres) {
  BankRows all = rows;
  all.weight = torch::zeros({rows.size()}, torch::kFloat64)
                   .index_add_(0, centres.of_row, rows.weight.to(torch::kFloat64))
                   .to(torch::kFloat32);
  return all.select(centres.stay);
}

/// The recipe as it stands in files: calls visit(name, value) for each of its values.
template <class Recipe, class Visit>
void each_value(Recipe& r, Visit visit) {
  visit("patch_voxels", r.patch);
  visit("training_patch_voxels", r.training_patch);
  visit("patches_per_case", r.patches_per_case);
  visit("tokens_per_patch", r.tokens_per_patch);
  visit("seed", r.seed);
  visit("split", r.split);
  visit("spacing_mm", r.spacing_mm);
  visit("axial_bins", r.axial_bins);
  visit("anatomy_key", r.anatomy_key);
  visit("stratum_key", r.stratum_key);
  visit("capacity", r.capacity);
  visit("patient_cap", r.patient_cap);
  visit("sampling", r.sampling);
}

}  // namespace

Json BankRecipe::json() const {
  Json json;
  each_value(*this, [&](const char* name, const auto& value) { json[name] = value; });
  return json;
}

BankRecipe BankRecipe::from_json(const Json& json) {
  BankRecipe recipe;
  each_value(recipe, [&](const char* name, auto& value) { json.at(name).get_to(value); });
  return recipe;
}

SketchLimits BankRecipe::limits() const {
  return {sampling == "k-centre" ? pool_factor * capacity : capacity, patient_cap};
}

BankCollection::BankCollection(BankRecipe recipe, nn::FrozenEncoder encoder)
    : recipe_(std::move(recipe)), encoder_(std::move(encoder)) {}

void BankCollection::begin_case(const CollectedCase& item) {
  for (const CollectedCase& other : cases_) {
    if (other.id == item.id) throw Error("case '" + item.id + "' is in it twice");
  }
  cases_.push_back(item);
  patients_.emplace(item.patient, static_cast<std::int32_t>(patients_.size()));
}

std::int32_t BankCollection::number_of(const Stratum& stratum) {
  return strata_.emplace(stratum, static_cast<std::int32_t>(strata_.size())).first->second;
}

RowSketch& BankCollection::sketch(const std::string& key) {
  return sketches_.emplace(key, RowSketch(recipe_.limits())).first->second;
}

void BankCollection::add(const std::string& key, const Tensor& vectors, const Tensor& priorities,
                         const Stratum& stratum) {
  const Tensor rows = vectors.detach().to(torch::kCPU).to(torch::kFloat16);
  const std::int64_t n = rows.size(0);
  sketch(key).add({rows,
                   priorities,
                   torch::full({n}, patients_.at(cases_.back().patient), torch::kInt32),
                   torch::full({n}, number_of(stratum), torch::kInt32),
                   {}});
}

void BankCollection::merge(BankCollection&& other) {
  const Json mine = recipe_.json(), theirs = other.recipe_.json();
  for (const auto& [name, value] : mine.items()) {
    if (theirs.at(name) != value) {
      throw Error(fmt::format("made with {} {}, the other shards with {}", name, theirs.at(name).dump(), value.dump()));
    }
  }
  if (other.encoder_.digest != encoder_.digest) {
    throw Error(fmt::format("made with another encoder (digest {:.12}, the other shards {:.12})", other.encoder_.digest,
                            encoder_.digest));
  }
  for (const CollectedCase& item : other.cases_) begin_case(item);
  std::vector<std::int32_t> patient(other.patients_.size()), stratum(other.strata_.size());
  for (const auto& [name, number] : other.patients_) patient[static_cast<std::size_t>(number)] = patients_.at(name);
  for (const auto& [name, number] : other.strata_) stratum[static_cast<std::size_t>(number)] = number_of(name);
  for (auto& [key, theirs_of_key] : other.sketches_) {
    BankRows rows = theirs_of_key.rows();
    rows.patient = renumbered(rows.patient, patient);
    rows.stratum = renumbered(rows.stratum, stratum);
    sketch(key).merge(rows, renumbered(theirs_of_key.seen(), patient, stratum));
  }
}

SeenRows BankCollection::sorted_seen(const std::string& key) const {
  return renumbered(sketches_.at(key).seen(), places(patients_), places(strata_));
}

std::map<std::string, BankRows> BankCollection::sorted_rows() {
  const auto patient = places(patients_), stratum = places(strata_);
  std::map<std::string, BankRows> sorted;
  for (auto& [key, sketch] : sketches_) {
    BankRows rows = sketch.rows();
    if (rows.size() == 0) continue;
    rows.patient = renumbered(rows.patient, patient);
    rows.stratum = renumbered(rows.stratum, stratum);
    sorted[key] = rows;
  }
  return sorted;
}

/// Levels with one row for each patch are chosen by the patch as a whole, so that all of their keys keep the same
/// patches.
void BankCollection::choose_centres(std::map<std::string, BankRows>& rows) const {
  const auto strata = static_cast<std::int64_t>(strata_.size());
  std::map<std::string, std::map<std::string, Tensor>> whole;
  for (auto& [key, of_key] : rows) {
    const std::string level = level_of(key);
    if (level == "global" || level == "upright") {
      whole[level][key] = of_key.vectors;
      continue;
    }
    const ChannelStatistics statistics = channel_statistics(of_key.vectors);
    const Tensor standard = (of_key.vectors.to(torch::kFloat32) - statistics.mean) / statistics.deviation;
    of_key = centred(of_key, centres_of_strata(standard, of_key.stratum, strata, recipe_.capacity));
  }
  for (const auto& [level, vectors] : whole) {
    const Tensor points = PatchSpace(vectors).standardised(vectors);
    const Tensor& stratum = rows.at(vectors.begin()->first).stratum;
    const Centres centres = centres_of_strata(points, stratum, strata, recipe_.capacity);
    for (const auto& [key, unused] : vectors) rows[key] = centred(rows[key], centres);
  }
}

Json BankCollection::common_description() const {
  auto patients = Json::array(), strata = Json::array();
  for (const auto& [name, number] : patients_) patients.push_back(name);
  for (const auto& [stratum, number] : strata_) strata.push_back(stratum.json());
  return {{"build", recipe_.json()}, {"encoder_digest", encoder_.digest},
          {"cases", cases_.size()},  {"voxel_edge_mm", edges_json(cases_)},
          {"patients", patients},    {"strata", strata}};
}

void BankCollection::write_rows(nn::TensorWriter& writer, const std::string& key, const BankRows& rows) const {
  writer.add(key, rows.vectors);
  writer.add(key + bank_tensor::priority, rows.priority);
  writer.add(key + bank_tensor::patient, rows.patient);
  writer.add(key + bank_tensor::stratum, rows.stratum);
}

void BankCollection::write_shard(const std::filesystem::path& path, const Shard& shard, const Json& provenance,
                                 Overwrite overwrite) {
  if (cases_.empty()) throw Error(fmt::format("part {} of {} holds no case", shard.number, shard.count));
  nn::TensorWriter writer;
  auto keys = Json::array(), cases = Json::array();
  for (const auto& [key, rows] : sorted_rows()) {
    write_rows(writer, key, rows);
    writer.add(key + bank_tensor::seen, table_of(sorted_seen(key)));
    keys.push_back(key);
  }
  for (const CollectedCase& item : cases_) {
    cases.push_back({{"id", item.id}, {"patient", item.patient}, {"voxel_edge_mm", item.edge_mm}});
  }
  Json description{{"kind", "bank-shard"}, {"shard", {shard.number, shard.count}}};
  description.update(common_description());
  description["cases"] = cases;
  description["keys"] = keys;
  description["encoder_file"] = encoder_.description;
  description["provenance"] = provenance;
  writer.add(bank_tensor::encoder, nn::named_state(*encoder_.network));
  writer.write(path, description, overwrite);
}

BankCollection BankCollection::from_shard(const std::filesystem::path& path, Shard& shard) {
  const SafetensorsFile file(path);
  file.require_kind("bank-shard");
  const Json& d = file.description();
  nn::FrozenEncoder encoder =
      nn::load_encoder(file, d.value("encoder_file", Json::object()), bank_tensor::encoder, torch::Device(torch::kCPU));
  try {
    BankCollection collection(BankRecipe::from_json(d.at("build")), std::move(encoder));
    shard = {d.at("shard").at(0).get<std::int64_t>(), d.at("shard").at(1).get<std::int64_t>()};
    if (d.at("encoder_digest") != collection.encoder_.digest) {
      throw Error(path.string() + ": the encoder in the shard is not the one that made its features");
    }
    for (const Json& item : d.at("cases")) {
      collection.begin_case({item.at("id").get<std::string>(), item.at("patient").get<std::string>(),
                             item.at("voxel_edge_mm").get<double>()});
    }
    collection.patients_.clear();  // numbers in the file are places in its list
    for (const Json& name : d.at("patients")) {
      collection.patients_.emplace(name.get<std::string>(), static_cast<std::int32_t>(collection.patients_.size()));
    }
    for (const Json& stratum : d.at("strata")) collection.number_of(Stratum::from_json(stratum));
    for (const Json& key : d.at("keys")) {
      const auto name = key.get<std::string>();
      const std::size_t patients = collection.patients_.size(), strata = collection.strata_.size();
      const BankRows rows = load_rows(file, name, patients, strata);
      collection.sketch(name).merge(rows, seen_in(file, name, patients, strata, rows.size()));
    }
    return collection;
  } catch (const JsonError& error) {
    throw Error(path.string() + ": incomplete shard description: " + error.what());
  }
}

void BankCollection::write_bank(const std::filesystem::path& path, const Json& provenance, Overwrite overwrite) {
  const OneThread one_thread;
  auto rows = sorted_rows();
  if (rows.empty()) throw Error(path.string() + ": no patch gave a feature, so there is nothing to write");
  for (auto& [key, of_key] : rows) of_key.weight = row_weights(of_key, sorted_seen(key));
  if (recipe_.sampling == "k-centre") choose_centres(rows);
  nn::TensorWriter writer;
  Json description{{"kind", "bank"}};
  description.update(common_description());
  auto keys = Json::object();
  std::map<std::string, Tensor> upright;
  for (const auto& [key, of_key] : rows) {
    write_rows(writer, key, of_key);
    writer.add(key + bank_tensor::weight, of_key.weight);
    const ChannelStatistics statistics = channel_statistics(of_key.vectors);
    writer.add(key + bank_tensor::mean, statistics.mean);
    writer.add(key + bank_tensor::deviation, statistics.deviation);
    keys[key] = describe_rows(of_key, strata_.size());
    if (level_of(key) == "upright") upright[key] = of_key.vectors;
  }
  description["keys"] = keys;
  if (!upright.empty()) {
    const Tensor& patients = rows.at(upright.begin()->first).patient;
    description["left_out_scores"] = left_out_scores(PatchSpace(upright).project(upright), patients);
  }
  description["encoder_file"] = encoder_.description;
  description["provenance"] = provenance;
  writer.add(bank_tensor::encoder, nn::named_state(*encoder_.network));
  writer.write(path, description, overwrite);
}

}  // namespace gdm::bank
