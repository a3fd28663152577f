// Every message names the case and its line, because a manifest has hundreds of them.
#include "io/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "io/content_kind.hpp"
#include "io/json.hpp"
#include "io/manifest_lines.hpp"
#include "io/paths.hpp"
#include "sys/descriptor.hpp"
#include "sys/error.hpp"
#include "sys/resolved_path.hpp"

namespace gdm {
namespace {

constexpr std::size_t largest_manifest_bytes = std::size_t{256} << 20;

std::string string_of(const Json& value, const std::string& key) {
  if (!value.is_string()) throw Error(fmt::format("'{}' is {}, expected a string", key, json_kind(value)));
  return value.get<std::string>();
}

const Json& object_of(const Json& value, const std::string& key) {
  if (!value.is_object()) throw Error(fmt::format("'{}' is {}, expected an object", key, json_kind(value)));
  return value;
}

/// What paths are relative to.
struct Base {
  fs::path named;  ///< the manifest's folder as it was given
  fs::path real;   ///< where it leads if links are on the way, else the same

  explicit Base(const fs::path& folder) : named(folder), real(folder) {
    const fs::path written = fs::absolute(folder.empty() ? fs::path(".") : folder).lexically_normal();
    const fs::path leads = resolved_path(folder);
    if (leads != (written.has_filename() ? written : written.parent_path())) real = leads;
  }
};

fs::path path_of(const Json& value, const std::string& key, const Base& base) {
  const std::string text = string_of(value, key);
  if (text.empty() || text.find('\0') != std::string::npos) {
    throw Error(fmt::format("'{}' is empty or contains a NUL, expected a path", key));
  }
  const fs::path path(text);
  // ".." of a link's target is another folder than the link's own, and paths are written from the former (path_from).
  const bool leaves = path.begin() != path.end() && *path.begin() == "..";
  return ((leaves ? base.real : base.named) / path).lexically_normal();
}

/// Ids become file names.
void check_id(const std::string& id) {
  if (id.empty()) throw Error("'id' is empty");
  if (id == "." || id == ".." || id.size() > 200) throw Error("'id' cannot be a file name");
  for (const char c : id) {
    if (c == '/' || static_cast<unsigned char>(c) < ' ') throw Error("'id' contains '/' or a control character");
  }
}

void read_key(const std::string& key, const Json& value, const Base& folder, Case& result) {
  if (key == "id") {
    return;
  } else if (key == "split") {
    result.split = string_of(value, key);
    if (result.split != "train" && result.split != "val" && result.split != "test") {
      throw Error(fmt::format("'split' is '{}', expected train, val or test", result.split));
    }
  } else if (key == "inputs") {
    for (const auto& [name, path] : object_of(value, key).items()) {
      if (name.empty()) throw Error("'inputs' has an empty name");
      result.inputs[name] = path_of(path, "inputs." + name, folder);
    }
  } else if (key == "target") {
    result.target = path_of(value, key, folder);
  } else if (key == "mask") {
    result.mask = path_of(value, key, folder);
  } else if (key == "prediction") {
    result.prediction = path_of(value, key, folder);
  } else if (key == "error") {
    result.error = string_of(value, key);
  } else if (key == "meta") {
    result.meta = object_of(value, key);
    if (value.contains("patient")) string_of(value["patient"], "meta.patient");
  } else {
    result.extra[key] = value;
  }
}

/// The text that is read, for messages.
struct Source {
  const std::string& name;
  Base folder;
};

Case read_case(const Json& json, std::size_t number, std::size_t line, const Source& source) {
  Case result;
  result.number = number;
  result.line = line;
  try {
    if (!json.is_object()) throw Error(fmt::format("is {}, expected an object", json_kind(json)));
    if (!json.contains("id")) throw Error("has no 'id'");
    const std::string id = string_of(json["id"], "id");
    check_id(id);
    result.id = id;
    for (const auto& [key, value] : json.items()) read_key(key, value, source.folder, result);
    return result;
  } catch (Error& error) {
    error.add_context(result.place(source.name));
    throw;
  }
}

void check_version(const Json& json) {
  if (!json.contains("gdm_manifest")) throw Error("has no 'gdm_manifest': 1, so it is not a manifest of gdm");
  const Json& version = json["gdm_manifest"];
  if (!version.is_number_integer() || version != 1) {
    throw Error(fmt::format("'gdm_manifest' is {}, expected 1", json_text(version, -1)));
  }
}

/// Ids must be unique, and all cases of a patient in one split, or a test would see its training data.
void check_cases(const std::vector<Case>& cases, const std::string& name) {
  std::map<std::string, const Case*> ids, patients;
  for (const Case& item : cases) {
    const auto [first, fresh_id] = ids.emplace(item.id, &item);
    if (!fresh_id) {
      throw Error(fmt::format("{}: the id is given twice, first in line {}", item.place(name), first->second->line));
    }
    if (item.split.empty()) continue;
    const auto [place, fresh] = patients.emplace(item.patient(), &item);
    if (!fresh && place->second->split != item.split) {
      throw Error(fmt::format("{}: patient '{}' is in split {} here and in {} as '{}' in line {}", item.place(name),
                              item.patient(), item.split, place->second->split, place->second->id,
                              place->second->line));
    }
  }
}

/// Everything but the cases. `task_needed`: a lone header line of a JSON-lines file may leave it out.
Manifest read_header(const Json& json, bool task_needed) {
  check_version(json);
  Manifest manifest;
  if (task_needed && !json.contains("task")) throw Error("has no 'task'");
  for (const auto& [key, value] : json.items()) {
    if (key == "gdm_manifest" || key == "cases") continue;
    if (key == "task") {
      manifest.task = string_of(value, key);
    } else if (key == "provenance") {
      manifest.provenance = object_of(value, key);
    } else {
      manifest.extra[key] = value;
    }
  }
  return manifest;
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

/// The first line is a whole object that is not itself a manifest, or more follows it.
bool is_json_lines(const std::string& text) {
  const auto end = text.find('\n');
  const std::string_view first(text.data(), std::min(end, text.size()));
  if (is_blank(first) || !Json::accept(first.begin(), first.end())) return false;
  if (end != std::string::npos && !is_blank(std::string_view(text).substr(end))) return true;
  const Json json = parse_json(first);
  if (!json.is_object()) return false;
  return json.contains("cases") ? json["cases"].is_number() : json.contains("id");
}

/// The number of cases that the first line of JSON lines states, if it does.
std::optional<std::size_t> stated_count(const Json& header) {
  if (!header.contains("cases")) return std::nullopt;
  const Json& cases = header["cases"];
  if (!cases.is_number_unsigned()) {
    throw Error("'cases' is not a number, expected how many lines with cases follow");
  }
  return cases.get<std::size_t>();
}

Manifest parse_lines(const std::string& text, const Source& source) {
  Manifest manifest;
  std::optional<std::size_t> stated;
  std::size_t line = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view content(text.data() + begin, end - begin);
    begin = end + 1;
    ++line;
    if (is_blank(content)) continue;
    const auto place = [&] { return fmt::format("{}:{}", source.name, line); };
    const Json json = with_context(place(), [&] { return parse_json(content); });
    if (line == 1 && json.is_object() && json.contains("gdm_manifest")) {
      with_context(place(), [&] {
        stated = stated_count(json);
        manifest = read_header(json, false);
      });
    } else {
      manifest.cases.push_back(read_case(json, manifest.cases.size() + 1, line, source));
    }
  }
  if (stated && *stated != manifest.cases.size()) {
    throw Error(fmt::format("{}: is cut or incomplete: {} cases, expected the {} that its first line states",
                            source.name, manifest.cases.size(), *stated));
  }
  return manifest;
}

Manifest parse_object(const std::string& text, const Source& source) {
  Manifest manifest;
  const Json json = with_context(source.name, [&] {
    Json parsed = parse_json(text);
    if (!parsed.is_object()) throw Error(fmt::format("is {}, expected a manifest object", json_kind(parsed)));
    manifest = read_header(parsed, true);
    if (!parsed.contains("cases")) throw Error("has no 'cases'");
    if (!parsed["cases"].is_array()) {
      throw Error(fmt::format("'cases' is {}, expected an array", json_kind(parsed["cases"])));
    }
    return parsed;
  });
  const Json& cases = json["cases"];
  std::vector<std::size_t> lines = case_lines(text);
  lines.resize(cases.size(), 0);
  for (std::size_t n = 0; n < cases.size(); ++n) {
    manifest.cases.push_back(read_case(cases[n], n + 1, lines[n], source));
  }
  return manifest;
}

/// path_from() with what each folder of a file resolves to remembered: thousands of files share a few folders, and each
/// resolution asks the system several times.
class PathsFrom {
 public:
  explicit PathsFrom(const fs::path& folder) : folder_(folder) {}

  std::string operator()(const fs::path& path) {
    const std::string name = path.filename().string();
    if (name.empty() || name == "." || name == "..") return path_from(folder_, path);
    const auto [found, fresh] = prefixes_.emplace(path.parent_path().string(), "");
    if (fresh) {
      found->second = path_from(folder_, path);
      found->second.resize(found->second.size() - name.size());
    }
    return found->second + name;
  }

 private:
  const fs::path& folder_;
  std::map<std::string, std::string> prefixes_;
};

Json case_json(const Case& item, PathsFrom& relative) {
  Json json = Json::object();
  json["id"] = item.id;
  if (!item.split.empty()) json["split"] = item.split;
  for (const auto& [name, path] : item.inputs) json["inputs"][name] = relative(path);
  if (item.target) json["target"] = relative(*item.target);
  if (item.mask) json["mask"] = relative(*item.mask);
  if (item.prediction) json["prediction"] = relative(*item.prediction);
  if (item.error) json["error"] = *item.error;
  if (!item.meta.empty()) json["meta"] = item.meta;
  for (const auto& [key, value] : item.extra.items()) json[key] = value;
  return json;
}

}  // namespace

std::string Case::place(const std::string& file) const {
  const std::string name = id.empty() ? std::string() : fmt::format(" '{}'", id);
  return line == 0 ? fmt::format("{}: case {}{}", file, number, name)
                   : fmt::format("{}:{}: case {}{}", file, line, number, name);
}

std::string Case::meta_text(const std::string& key, const std::string& otherwise) const {
  const auto value = meta.find(key);
  if (value == meta.end()) return otherwise;
  return value->is_string() ? value->get<std::string>() : value->dump();
}

std::string Case::patient() const {
  const auto found = meta.find("patient");
  return found != meta.end() && found->is_string() ? found->get<std::string>() : id;
}

const fs::path& Case::input(const std::string& name) const {
  const auto found = inputs.find(name);
  if (found != inputs.end()) return found->second;
  std::string names;
  for (const auto& entry : inputs) names += (names.empty() ? "" : ", ") + entry.first;
  throw Error(fmt::format("case '{}': no input '{}'; there is {}", id, name, names.empty() ? "none" : names));
}

const std::vector<std::string>& Manifest::split_names() {
  static const std::vector<std::string> names{"train", "val", "test", "all"};
  return names;
}

std::vector<Case> Manifest::split(const std::string& name) const {
  if (name == "all" && !cases.empty()) return cases;
  std::vector<Case> chosen;
  std::copy_if(cases.begin(), cases.end(), std::back_inserter(chosen), [&](const Case& c) { return c.split == name; });
  if (!chosen.empty()) return chosen;
  std::map<std::string, std::size_t> counts;
  for (const Case& item : cases) ++counts[item.split.empty() ? "(none)" : item.split];
  std::string there;
  for (const auto& [split, count] : counts) there += fmt::format("{}{} {}", there.empty() ? "" : ", ", count, split);
  throw Error(fmt::format("no case in split '{}'; there are: {}", name, there.empty() ? "no cases at all" : there));
}

Manifest parse_manifest(const std::string& text, const fs::path& folder, const std::string& name, Splits splits) {
  if (is_blank(text)) throw Error(name + ": is empty, expected a manifest");
  const Source source{name, Base(folder)};
  Manifest manifest = is_json_lines(text) ? parse_lines(text, source) : parse_object(text, source);
  if (splits == Splits::dropped) {
    for (Case& item : manifest.cases) item.split.clear();
  }
  check_cases(manifest.cases, name);
  return manifest;
}

namespace {

/// Names what people give instead of a manifest, volumes above all.
void refuse_foreign(std::string_view start, const std::string& name) {
  std::string kind = content_kind(start);
  if (kind == gzip_content && packed_content_kind(start) == nifti_content) kind = nifti_content;
  if (kind.empty() || kind == json_content || kind == plain_text_content) return;
  throw Error(fmt::format("{}: {}; expected a manifest: see gdm-manifest(5)", name, kind));
}

/// Of a file, so that a volume larger than any manifest is named, too; of a stream nothing, and a named pipe is not
/// opened, as closing it again would end its writer.
std::string first_bytes(const fs::path& path) {
  std::error_code ignored;
  if (path == "-" || !fs::is_regular_file(path, ignored)) return "";
  const Descriptor input = open_for_reading(path);
  const std::string name = input_name(path);
  std::string start(std::size_t{1} << 16, '\0');
  start.resize(read_at(input, 0, start.data(), start.size(), name));
  return start;
}

}  // namespace

Manifest read_manifest(const fs::path& path, Splits splits) {
  refuse_foreign(first_bytes(path), input_name(path));
  const std::string text = read_file(path, largest_manifest_bytes);
  refuse_foreign(text, input_name(path));
  return parse_manifest(text, path == "-" ? fs::path() : path.parent_path(), input_name(path), splits);
}

std::string manifest_text(const Manifest& manifest, const fs::path& folder) {
  Json json = Json::object();
  json["gdm_manifest"] = 1;
  json["task"] = manifest.task;
  for (const auto& [key, value] : manifest.extra.items()) json[key] = value;
  json["cases"] = Json::array();
  PathsFrom relative(folder);
  for (const Case& item : manifest.cases) json["cases"].push_back(case_json(item, relative));
  if (!manifest.provenance.empty()) json["provenance"] = manifest.provenance;
  return json_text(json) + "\n";
}

void write_manifest(const fs::path& path, const Manifest& manifest, Overwrite overwrite) {
  if (path == "-") {
    write_stdout(manifest_text(manifest, fs::path()));
  } else {
    write_file(path, manifest_text(manifest, path.parent_path()), overwrite);
  }
}

}  // namespace gdm
