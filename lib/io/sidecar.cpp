// Names and digests identify the inputs; host names, users and absolute paths stay out, because sidecars travel with
// the data.
#include "io/sidecar.hpp"

#include <fmt/format.h>
#include <libdeflate.h>
#include <openssl/crypto.h>
#include <png.h>
#include <sys/resource.h>
#include <zlib.h>
#include <Eigen/Core>

#include <CLI/Version.hpp>
#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <mutex>

#include "io/json.hpp"
#include "io/paths.hpp"
#include "sys/descriptor.hpp"
#include "sys/error.hpp"
#include "sys/git_id.hpp"
#include "sys/sha256.hpp"
#include "sys/stopwatch.hpp"
#include "sys/version.hpp"

namespace gdm {
namespace {

constexpr std::size_t largest_sidecar_bytes = std::size_t{64} << 20;

/// Guards the sources of all Provenance objects: they are copied by value, so none can own a mutex, and digests are
/// computed outside the lock.
std::mutex& sources_mutex() {
  static std::mutex mutex;
  return mutex;
}

/// "/data/a.nii" -> "a.nii", "--mask=/data/m.nii" -> "--mask=m.nii".
std::string without_folder(const std::string& argument) {
  if (argument.empty()) return argument;
  const auto start = argument.front() == '/' ? 0 : argument.find("=/");
  if (start == std::string::npos) return argument;
  const std::size_t path = start == 0 ? 0 : start + 1;
  const std::string name = fs::path(argument.substr(path)).lexically_normal().filename().string();
  return argument.substr(0, path) + name;
}

Json library_versions() {
  return {{"cli11", CLI11_VERSION},
          {"eigen", fmt::format("{}.{}.{}", EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION)},
          {"fmt", fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100)},
          {"libdeflate", LIBDEFLATE_VERSION_STRING},
          {"libpng", PNG_LIBPNG_VER_STRING},
          {"nlohmann_json", fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                                        NLOHMANN_JSON_VERSION_PATCH)},
          {"openssl", OpenSSL_version(OPENSSL_VERSION_STRING)},
          {"zlib", zlibVersion()}};
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts = {};
  gmtime_r(&now, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace

double peak_rss_mib() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;  // Linux counts KiB
}

Provenance::Provenance(std::string tool, std::vector<std::string> argv)
    : tool_(std::move(tool)), argv_(std::move(argv)) {
  for (std::string& argument : argv_) {
    argument = without_folder(argument);
  }
  const char* epoch = std::getenv("SOURCE_DATE_EPOCH");
  reproducible = epoch != nullptr && *epoch != '\0';
}

void Provenance::hide_argument(const std::string& argument, const std::string& word) {
  std::replace(argv_.begin(), argv_.end(), without_folder(argument), word);
}

void Provenance::add_source(const fs::path& path, const std::string& use) {
  const std::string key = path.string();
  {
    const std::lock_guard<std::mutex> lock(sources_mutex());
    if (sources_.count(key) != 0) return;
  }
  Json source = {{"name", path == "-" ? input_name(path) : path.filename().string()}};
  std::error_code error;
  if (path != "-" && fs::is_regular_file(path, error)) {  // a pipe has been read by now and cannot be read again
    source["bytes"] = fs::file_size(path, error);
    source["sha256"] = sha256_of_file(path);
  }
  if (!use.empty()) source["use"] = use;
  const std::lock_guard<std::mutex> lock(sources_mutex());
  sources_.emplace(key, std::move(source));
}

Json Provenance::json() const {
  Json json = {{"tool", tool_}, {"version", GDM_VERSION}, {"git", git_id()},    {"libraries", library_versions()},
               {"argv", argv_}, {"seed", seed},           {"threads", threads}, {"device", device}};
  json["libraries"].update(network_libraries);
  json["sources"] = Json::array();
  {
    const std::lock_guard<std::mutex> lock(sources_mutex());
    for (const auto& entry : sources_) json["sources"].push_back(entry.second);
  }
  if (reproducible) return json;
  json["date"] = utc_now();
  json["wall_s"] = watch_.seconds();
  json["peak_rss_mib"] = peak_rss_mib();
  return json;
}

fs::path sidecar_path(const fs::path& volume_path) {
  return without_nifti_suffix(volume_path).string() + ".json";
}

void write_sidecar(const fs::path& volume_path, const Provenance& provenance, const std::vector<fs::path>& sources,
                   const WriteReport& report, const Json& details, Overwrite overwrite) {
  if (volume_path == "-") return;  // a stream has no place beside it
  const Json run = provenance.json();
  const auto relative = [&](const fs::path& path) {
    return path == "-" ? input_name(path) : path_from(volume_path.parent_path(), path);
  };
  Json json = Json::object();
  json["GeneratedBy"] = Json::array({{{"Name", run["tool"]}, {"Version", run["version"]}}});
  json["Sources"] = Json::array();
  for (const fs::path& source : sources) json["Sources"].push_back(relative(source));
  if (!sources.empty()) json["SpatialReference"] = relative(sources.front());
  json["gdm"] = {{"provenance", run},
                 {"clamped_voxels", report.clamped},
                 {"non_finite_voxels", report.non_finite},
                 {"details", details}};
  std::error_code error;
  if (fs::is_regular_file(volume_path, error)) json["gdm"]["sha256"] = sha256_of_file(volume_path);
  write_file(sidecar_path(volume_path), json_text(json) + "\n", overwrite);
}

void add_effort(Json& details, const Provenance& provenance, double seconds, std::int64_t evaluations) {
  details["network_evaluations"] = evaluations;
  if (!provenance.reproducible) details["inference_s"] = seconds;
}

std::optional<Effort> read_effort(const fs::path& volume_path) {
  const Json sidecar = read_sidecar(volume_path);
  const auto at = [&sidecar](const char* place) -> Json {
    const Json::json_pointer pointer(place);
    return sidecar.is_object() && sidecar.contains(pointer) ? sidecar.at(pointer) : Json(nullptr);
  };
  const auto text = [&at](const char* place) {
    const Json value = at(place);
    return value.is_string() ? value.get<std::string>() : std::string();
  };
  Effort effort;
  const Json seconds = at("/gdm/details/inference_s"), evaluations = at("/gdm/details/network_evaluations"),
             memory = at("/gdm/provenance/peak_rss_mib");
  if (seconds.is_number()) effort.seconds = seconds.get<double>();
  if (evaluations.is_number_integer()) effort.evaluations = evaluations.get<std::int64_t>();
  if (memory.is_number()) effort.peak_memory_mb = memory.get<double>() * 1.048576;
  effort.tool = text("/gdm/provenance/tool");
  effort.device = text("/gdm/provenance/device");
  const std::string precision = text("/gdm/details/recipe/options/precision");
  if (!precision.empty()) effort.device += ", " + precision;
  effort.model_sha256 = text("/gdm/details/model_sha256");
  if (!effort.seconds && !effort.evaluations && !effort.peak_memory_mb) return std::nullopt;
  return effort;
}

Json read_sidecar(const fs::path& volume_path) {
  const fs::path path = sidecar_path(volume_path);
  std::error_code error;
  if (volume_path == "-" || !fs::exists(path, error)) return nullptr;
  const std::string text = read_file(path, largest_sidecar_bytes);
  return with_context(path.string(), [&] { return parse_json(text); });
}

}  // namespace gdm
