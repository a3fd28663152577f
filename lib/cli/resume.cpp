#include "cli/resume.hpp"

#include <algorithm>

#include "io/sidecar.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/sha256.hpp"
#include "sys/version.hpp"

namespace gdm::cli {
namespace {

/// What the sidecar says at a place, or null.
Json at(const Json& sidecar, const char* place) {
  const Json::json_pointer pointer(place);
  return sidecar.is_object() && sidecar.contains(pointer) ? sidecar.at(pointer) : Json(nullptr);
}

std::string difference(const Json& there, const Json& here) {
  if (!there.is_object()) return "its sidecar does not say how it was made";
  if (there.value("sources", Json()) != here.at("sources")) return "it was made from other files";
  const std::vector<std::string> others = keys_that_differ(there.value("options", Json::object()), here.at("options"));
  if (!others.empty()) return "it was made with another " + others.front();
  return there == here ? "" : "it was made by another program or version";
}

}  // namespace

Json recipe_json(const std::string& work, const Json& options, const std::vector<fs::path>& sources) {
  Json json = {{"work", work}, {"version", GDM_VERSION}, {"options", options}, {"sources", Json::array()}};
  for (const fs::path& source : sources) {
    json["sources"].push_back(source == "-" ? Json(nullptr) : Json(sha256_of_file(source)));
  }
  return json;
}

std::string why_not_made(const fs::path& output, const Json& recipe) {
  std::error_code ignored;
  if (!fs::is_regular_file(output, ignored)) return "it is not there";
  const Json& sources = recipe.at("sources");
  if (std::any_of(sources.begin(), sources.end(), [](const Json& source) { return source.is_null(); })) {
    return "it comes from standard input, which cannot be compared";
  }
  try {
    const Json sidecar = read_sidecar(output);
    if (sidecar.is_null()) return "it has no sidecar";
    const std::string other = difference(at(sidecar, "/gdm/details/recipe"), recipe);
    if (!other.empty()) return other;
    return at(sidecar, "/gdm/sha256") == sha256_of_file(output) ? "" : "its bytes are not those that were written";
  } catch (const Error& error) {
    return error.what();
  } catch (const Json::exception&) {
    return "its sidecar is not one of gdm";
  }
}

bool are_made(const std::vector<fs::path>& outputs, const std::function<Json()>& recipe) {
  const auto is_there = [](const fs::path& output) {
    std::error_code ignored;
    return fs::exists(output, ignored);
  };
  if (std::none_of(outputs.begin(), outputs.end(), is_there)) return false;
  const Json wanted = recipe();
  return std::all_of(outputs.begin(), outputs.end(), [&wanted](const fs::path& output) {
    const std::string reason = why_not_made(output, wanted);
    if (!reason.empty()) log_info(output.string() + ": is made again: " + reason);
    return reason.empty();
  });
}

void add_recipe(const std::vector<fs::path>& outputs, const Json& recipe) {
  for (const fs::path& output : outputs) {
    Json sidecar = read_sidecar(output);
    sidecar["gdm"]["details"]["recipe"] = recipe;
    write_file(sidecar_path(output), json_text(sidecar) + "\n", Overwrite::replace);
  }
}

}  // namespace gdm::cli
