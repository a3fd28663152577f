#include "data/held_out.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/sha256.hpp"
#include "sys/signals.hpp"

namespace gdm::data {
namespace {

bool held_out(const Case& item) {
  return item.split == "val" || item.split == "test";
}

void add_sources(const Json& description, std::set<std::string>& digests) {
  const Json provenance = description.value("provenance", Json::object());
  for (const Json& source : provenance.value("sources", Json::array())) {
    if (source.value("use", "") != Provenance::validation) digests.insert(source.value("sha256", ""));
  }
  for (const Json& digest : description.value(inherited_key, Json::array())) digests.insert(digest.get<std::string>());
}

}  // namespace

std::set<std::string> learnt_from(const Json& description) {
  std::set<std::string> digests;
  try {
    add_sources(description, digests);
    if (description.contains("encoder_file")) add_sources(description.at("encoder_file"), digests);
  } catch (const JsonError& error) {
    throw Error(std::string("a description of its sources that cannot be read: ") + error.what());
  }
  digests.erase("");
  return digests;
}

void HeldOut::complain(const fs::path& path, const std::string& what) const {
  const std::string message = path.string() + ": " + what;
  if (!allowed_) throw Error(message + "; --allow-leak trains with it all the same");
  log_warning(message);
}

void HeldOut::read_digests() {
  digests_.emplace();
  std::size_t unread = 0;
  const auto add = [&](const Case& item, const fs::path& path, const std::string& what) {
    std::error_code error;
    if (!fs::is_regular_file(path, error)) {
      ++unread;
      return;
    }
    throw_if_stop_requested();
    digests_->emplace(sha256_of_file(path),
                      fmt::format("{} of case '{}', which is in the {} split", what, item.id, item.split));
  };
  for (const Case& item : manifest_.cases) {
    if (!held_out(item)) continue;
    if (item.target) add(item, *item.target, "the target");
    for (const auto& [name, path] : item.inputs) add(item, path, "the input " + name);
  }
  if (unread > 0) {
    log_warning(
        fmt::format("{} files of the val and test splits are not there, so nothing tells whether a bank, encoder "
                    "or model has seen them",
                    unread));
  }
}

void HeldOut::check_files(const fs::path& path, const Json& description) {
  const std::set<std::string> learnt = with_context(path.string(), [&] { return learnt_from(description); });
  inherited_.insert(learnt.begin(), learnt.end());
  if (learnt.empty() || std::none_of(manifest_.cases.begin(), manifest_.cases.end(), held_out)) return;
  if (!digests_) read_digests();
  std::size_t seen = 0;
  std::string first;
  for (const auto& [digest, what] : *digests_) {
    if (learnt.count(digest) == 0) continue;
    if (seen++ == 0 || what < first) first = what;
  }
  if (seen == 0) return;
  complain(path,
           fmt::format("was made from {}{}", first, seen > 1 ? fmt::format(", and {} more such files", seen - 1) : ""));
}

void HeldOut::check_patients(const fs::path& path, const std::vector<std::string>& patients) const {
  for (const Case& item : manifest_.cases) {
    if (!held_out(item) || std::find(patients.begin(), patients.end(), item.patient()) == patients.end()) continue;
    return complain(path,
                    fmt::format("holds features of patient '{}', who is in the {} split", item.patient(), item.split));
  }
}

}  // namespace gdm::data
