// Case c of a batch is in part c % N + 1 (cli/batch.cpp), which says how long each part is and where its cases go.
#include "io/manifest_parts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <glob.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <set>

#include "io/paths.hpp"
#include "sys/error.hpp"

namespace gdm {
namespace {

/// "manifest-2-of-4.json": number 2 of 4; "*" is number 0.
struct Part {
  std::size_t number = 0, count = 0;
};

bool take_number(std::string_view& text, std::size_t& number) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || text.front() == '0') return false;
  text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
  return true;
}

bool take(std::string_view& text, std::string_view word) {
  if (text.substr(0, word.size()) != word) return false;
  text.remove_prefix(word.size());
  return true;
}

std::optional<Part> part_of(const fs::path& path) {
  const std::string name = path.filename().string();
  std::string_view text = name;
  Part part;
  const bool named = take(text, "manifest-") && (take(text, "*") || take_number(text, part.number)) &&
                     take(text, "-of-") && take_number(text, part.count) && text == ".json";
  constexpr std::size_t most_parts = 1000000;  // a name with more is no part, and a table of them no use
  if (!named || part.number > part.count || part.count > most_parts) return {};
  return part;
}

fs::path whole_name(const fs::path& part_path, std::size_t count) {
  return part_path.parent_path() / fmt::format("manifest-*-of-{}.json", count);
}

std::vector<fs::path> matches(const fs::path& path) {
  std::error_code ignored;
  if (path.filename().string().find('*') == std::string::npos || fs::exists(path, ignored)) return {path};
  glob_t found = {};
  const std::unique_ptr<glob_t, void (*)(glob_t*)> guard(&found, ::globfree);
  if (::glob(path.c_str(), 0, nullptr, &found) != 0) return {path};
  return {found.gl_pathv, found.gl_pathv + found.gl_pathc};
}

/// The parts of one batch that a command line gives.
struct Given {
  std::string name;
  fs::path whole;
  std::vector<std::size_t> times;  ///< by number - 1
};

void check_complete(const Given& given) {
  std::vector<std::string> missing;
  for (std::size_t n = 0; n < given.times.size(); ++n) {
    const std::string name = manifest_name(n + 1, given.times.size());
    if (given.times[n] > 1) {
      throw Error(fmt::format("{}: part {} ({}) is given twice", given.whole.string(), n + 1, name), Exit::usage);
    }
    if (given.times[n] == 0) missing.push_back(name);
  }
  if (missing.empty()) return;
  const std::size_t count = missing.size();
  if (count > 4) missing.resize(4);
  throw Error(
      fmt::format("{}: {} of {} parts missing: {}{}; give all, or a copy of another name to use a part alone",
                  given.whole.string(), count, given.times.size(), fmt::join(missing, ", "), count > 4 ? ", ..." : ""),
      Exit::usage);
}

/// Name and digest of what a batch was made from, as its manifest tells it.
Json sources_of(const Manifest& manifest) {
  return manifest.provenance.value("sources", Json::array());
}

void check_part(const Manifest& part, const fs::path& path, const Manifest& first, const fs::path& first_path) {
  if (part.task != first.task) {
    throw Error(fmt::format("{}: of task '{}', but {} is of '{}'", path.string(), part.task,
                            first_path.filename().string(), first.task));
  }
  const Json there = first.provenance.value("options", Json::object()),
             here = part.provenance.value("options", Json::object());
  const auto told = [](const Json& options, const std::string& key) {
    return options.contains(key) ? options.at(key).dump() : "none told";
  };
  if (const auto others = keys_that_differ(there, here); !others.empty()) {
    const std::string& key = others.front();
    throw Error(fmt::format("{}: made with {} {}, but {} with {}", path.string(), key, told(here, key),
                            first_path.filename().string(), told(there, key)));
  }
  if (sources_of(part) != sources_of(first)) {
    throw Error(fmt::format("{}: made from another manifest or model than {}; make the older of both parts again",
                            path.string(), first_path.filename().string()));
  }
}

void check_lengths(const std::vector<Manifest>& parts, const std::vector<fs::path>& files) {
  std::size_t all = 0;
  for (const Manifest& part : parts) all += part.cases.size();
  for (std::size_t n = 0; n < parts.size(); ++n) {
    const std::size_t expected = all / parts.size() + (n < all % parts.size() ? 1 : 0);
    if (parts[n].cases.size() == expected) continue;
    throw Error(fmt::format("{}: has {} cases, expected {} of the {} in all parts; they are not of one batch",
                            files[n].string(), parts[n].cases.size(), expected, all));
  }
}

}  // namespace

std::string manifest_name(std::size_t number, std::size_t count) {
  return count == 0 ? "manifest.json" : fmt::format("manifest-{}-of-{}.json", number, count);
}

std::vector<NamedManifest> fold_parts(const std::vector<NamedManifest>& given) {
  std::vector<NamedManifest> folded;
  std::map<std::string, Given> batches;
  for (const NamedManifest& manifest : given) {
    for (const fs::path& path : matches(manifest.path)) {
      const std::optional<Part> part = part_of(path);
      if (!part || part->number == 0) {
        folded.push_back({manifest.name, path});
        continue;
      }
      const auto [place, fresh] = batches.try_emplace(path_from("/", whole_name(path, part->count)));
      Given& batch = place->second;
      if (fresh) {
        batch = {manifest.name, whole_name(path, part->count), std::vector<std::size_t>(part->count)};
        folded.push_back({manifest.name, batch.whole});
      } else if (!manifest.name.empty() && manifest.name != batch.name) {
        throw Error(fmt::format("{}: the parts of one batch are one method and have one name, which stands before the "
                                "first of them; '{}' stands before {}",
                                batch.whole.string(), manifest.name, path.filename().string()),
                    Exit::usage);
      }
      ++batch.times[part->number - 1];
    }
  }
  for (const auto& [unused, batch] : batches) check_complete(batch);
  return folded;
}

std::vector<fs::path> part_files(const fs::path& path) {
  const std::optional<Part> part = part_of(path);
  if (!part || part->number != 0) return {path};
  std::vector<fs::path> files;
  for (std::size_t n = 1; n <= part->count; ++n) files.push_back(path.parent_path() / manifest_name(n, part->count));
  return files;
}

Manifest read_whole_manifest(const fs::path& path) {
  const std::vector<fs::path> files = part_files(path);
  if (files.size() == 1) return read_manifest(files.front());
  std::vector<Manifest> parts;
  std::map<std::string, fs::path> place_of;
  for (const fs::path& file : files) {
    const Manifest& part = parts.emplace_back(read_manifest(file));
    check_part(part, file, parts.front(), files.front());
    for (const Case& item : part.cases) {
      const auto [place, fresh] = place_of.emplace(item.id, file);
      if (fresh) continue;
      throw Error(
          fmt::format("{}: case '{}' is in {}, too", file.string(), item.id, place->second.filename().string()));
    }
  }
  check_lengths(parts, files);
  Manifest whole = parts.front();
  whole.cases.clear();
  for (std::size_t n = 0; n < parts.front().cases.size(); ++n) {
    for (Manifest& part : parts) {
      if (n < part.cases.size()) whole.cases.push_back(std::move(part.cases[n]));
    }
  }
  return whole;
}

}  // namespace gdm
