// The tissue table in JSON.
#include "phantom/tissue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "io/json_fields.hpp"
#include "sys/atomic_file.hpp"
#include "sys/error.hpp"
#include "sys/share.hpp"

namespace gdm::phantom {
namespace {

constexpr std::size_t most_tissues = 64, largest_file = std::size_t{1} << 20;

/// Every value comes with its source, which is for people and is only held to be there.
void ask_source(JsonFields& fields) {
  if (fields.text("source").empty()) throw Error("a source is empty, expected author and year or 'chosen by hand'");
}

double from_to(JsonFields& fields, const std::string& key, double low, double high) {
  const double value = fields.number(key);
  if (value < low || value > high) throw Error(fmt::format("{} is {}, expected {} to {}", key, value, low, high));
  return value;
}

void read_hu(const Json& json, TissueEntry& tissue) {
  JsonFields fields(json, "hu");
  tissue.hu = from_to(fields, "mean", -1024, 3071);
  tissue.hu_between = from_to(fields, "between", 0, 1000);
  tissue.hu_within = from_to(fields, "within", 0, 1000);
  ask_source(fields);
  fields.refuse_others();
}

void read_proton_density(const Json& json, TissueEntry& tissue) {
  JsonFields fields(json, "proton_density");
  tissue.proton_density = from_to(fields, "mean", 0, 2);
  tissue.proton_density_between = from_to(fields, "between", 0, 0.4);
  tissue.mr_within = from_to(fields, "within", 0, 1);
  ask_source(fields);
  fields.refuse_others();
}

void read_relaxation(const Json& json, const std::string& key, double Relaxation::*time_ms, TissueEntry& tissue) {
  JsonFields fields(json, key);
  for (const auto& [field, name] : Names<FieldStrength>::list) {
    tissue.relaxation[static_cast<std::size_t>(field)].*time_ms = from_to(fields, name, 1e-3, 1e5);
  }
  tissue.relaxation_between.*time_ms = from_to(fields, "between", 0, 0.4);
  ask_source(fields);
  fields.refuse_others();
}

std::vector<std::int64_t> labels_of(const Json& array, const std::string& key) {
  if (!array.is_array()) throw Error(fmt::format("{} is {}, expected an array of labels", key, json_kind(array)));
  std::vector<std::int64_t> labels;
  for (const Json& label : array) {
    const bool whole = label.is_number_integer();
    if (!whole || label.get<std::int64_t>() < 0 || label.get<std::int64_t>() > largest_label) {
      throw Error(fmt::format("{} holds {}, expected whole numbers from 0 to {}", key, label.dump(), largest_label));
    }
    labels.push_back(label.get<std::int64_t>());
  }
  return labels;
}

void read_place(JsonFields& fields, TissuePart& part) {
  const Json& of = fields.at("of");
  if (of == "body") {
    part.of = TissuePart::Of::body_surface;
  } else if (of == "bone") {
    part.of = TissuePart::Of::bone_surface;
  } else if (of.is_array()) {
    part.of = TissuePart::Of::labels;
    part.labels = labels_of(of, "of");
  } else {
    throw Error("'of' is neither \"body\" nor \"bone\" nor an array of labels");
  }
  part.beyond = fields.has("beyond_mm");
  if (part.beyond == fields.has("within_mm")) throw Error("'of' takes either 'within_mm' or 'beyond_mm'");
  part.distance_mm = from_to(fields, part.beyond ? "beyond_mm" : "within_mm", 0, 1000);
}

std::vector<TissuePart> parts_of(const Json& array, const TissueTable& table) {
  if (!array.is_array()) throw Error(fmt::format("parts is {}, expected an array", json_kind(array)));
  std::vector<TissuePart> parts;
  for (const Json& json : array) {
    JsonFields fields(json, fmt::format("parts[{}]", parts.size()));
    TissuePart part;
    part.tissue = table.place(fields.text("tissue"));
    if (fields.has("of")) read_place(fields, part);
    if (fields.has("share")) {
      part.share = from_to(fields, "share", 0, 1);
      part.scale_mm = from_to(fields, "scale_mm", 0.5, 1000);
    }
    if (fields.has("source")) ask_source(fields);
    fields.refuse_others();
    parts.push_back(std::move(part));
  }
  return parts;
}

TissueEntry entry_of(const Json& json, const std::string& where) {
  JsonFields fields(json, where);
  TissueEntry tissue;
  tissue.name = fields.text("name");
  if (tissue.name.empty()) throw Error("a name is empty");
  try {
    tissue.kind = value_named<TissueKind>(fields.text("kind"));
    tissue.labels = labels_of(fields.at("labels"), "labels");
    read_hu(fields.at("hu"), tissue);
    read_proton_density(fields.at("proton_density"), tissue);
    read_relaxation(fields.at("t1_ms"), "t1_ms", &Relaxation::t1_ms, tissue);
    read_relaxation(fields.at("t2_ms"), "t2_ms", &Relaxation::t2_ms, tissue);
    read_relaxation(fields.at("t2star_ms"), "t2star_ms", &Relaxation::t2star_ms, tissue);
    tissue.susceptibility_ppm = from_to(fields, "susceptibility_ppm", -1000, 1000);
    if (fields.has("parts")) fields.at("parts");  // read once all names are known
    fields.refuse_others();
  } catch (Error& error) {
    throw Error(fmt::format("tissue '{}': {}", tissue.name, error.what()));
  }
  return tissue;
}

void refuse_twice(const TissueTable& table) {
  std::map<std::int64_t, std::string> owner;
  for (const TissueEntry& tissue : table.tissues) {
    const auto same_name = [&](const TissueEntry& other) { return other.name == tissue.name; };
    if (std::count_if(table.tissues.begin(), table.tissues.end(), same_name) > 1) {
      throw Error(fmt::format("tissue '{}' is given twice", tissue.name));
    }
    for (const std::int64_t label : tissue.labels) {
      const auto [place, fresh] = owner.emplace(label, tissue.name);
      if (!fresh) throw Error(fmt::format("label {} is given twice: '{}' and '{}'", label, place->second, tissue.name));
    }
  }
}

}  // namespace

double tesla(FieldStrength field) {
  return field == FieldStrength::tesla_3 ? 3.0 : 1.5;
}

std::size_t TissueTable::place(const std::string& tissue) const {
  for (std::size_t n = 0; n < tissues.size(); ++n) {
    if (tissues[n].name == tissue) return n;
  }
  throw Error(fmt::format("{}: there is no tissue '{}'", name, tissue));
}

std::array<std::size_t, static_cast<std::size_t>(Tissue::count)> TissueTable::procedural_places() const {
  std::array<std::size_t, static_cast<std::size_t>(Tissue::count)> places{};
  for (const auto& [tissue, tissue_name] : Names<Tissue>::list) {
    places[static_cast<std::size_t>(tissue)] = place(tissue_name);
  }
  return places;
}

TissueTable tissues_from_json(const Json& json, const std::string& name) {
  JsonFields fields(json, "a tissue table");
  for (const char* key : {"$schema", "description"}) {  // for people and editors
    if (fields.has(key)) fields.at(key);
  }
  if (fields.at("gdm_tissues") != 1) throw Error("gdm_tissues is not 1, the only version");
  const Json& array = fields.at("tissues");
  fields.refuse_others();
  if (!array.is_array() || array.empty()) throw Error("tissues is " + json_kind(array) + ", expected an array of some");
  if (array.size() > most_tissues) throw Error(fmt::format("{} tissues, at most {}", array.size(), most_tissues));
  TissueTable table{name, {}};
  for (const Json& item : array)
    table.tissues.push_back(entry_of(item, fmt::format("tissues[{}]", table.tissues.size())));
  refuse_twice(table);
  if (table.tissues.front().kind != TissueKind::air) {
    throw Error("the first tissue is what lies outside, so of kind 'air', and not '" + table.tissues.front().name +
                "'");
  }
  for (std::size_t n = 0; n < array.size(); ++n) {
    if (!array[n].contains("parts")) continue;
    with_context("tissue '" + table.tissues[n].name + "'",
                 [&] { table.tissues[n].parts = parts_of(array[n].at("parts"), table); });
  }
  return table;
}

TissueTable read_tissues(const fs::path& path) {
  return with_context(path.string(),
                      [&] { return tissues_from_json(parse_json(read_file(path, largest_file)), path.string()); });
}

fs::path standard_tissues_path() {
  return share_folder() / "tissues.json";
}

const TissueTable& standard_tissues() {
  static const TissueTable table = read_tissues(standard_tissues_path());
  return table;
}

}  // namespace gdm::phantom
