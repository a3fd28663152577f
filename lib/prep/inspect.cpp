#include "prep/inspect.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "io/nifti/unknown_orientation.hpp"
#include "io/safetensors.hpp"
#include "sys/descriptor.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::prep {
namespace {

/// The value of rank ceil(part * n), counted from 1.
float nearest_rank(Voxels<float>& values, double part) {
  const auto rank = static_cast<std::ptrdiff_t>(std::ceil(part * static_cast<double>(values.size())));
  const auto place = values.begin() + std::max<std::ptrdiff_t>(rank - 1, 0);
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

std::string elements(const Json& counts) {
  std::vector<std::string> parts;
  for (const auto& [dtype, count] : counts.items())
    parts.push_back(fmt::format("{} {}", count.get<std::int64_t>(), dtype));
  return fmt::format("{}", fmt::join(parts, ", "));
}

Json tensors_json(const SafetensorsFile& file) {
  Json tensors = Json::object();
  for (const auto& [name, tensor] : file.tensors()) tensors[name] = {{"dtype", tensor.dtype}, {"shape", tensor.shape}};
  return tensors;
}

}  // namespace

ValueSummary summarize_values(Voxels<float>& voxels) {
  ValueSummary summary;
  summary.voxels = static_cast<std::int64_t>(voxels.size());
  voxels.erase(std::remove_if(voxels.begin(), voxels.end(), [](float v) { return !std::isfinite(v); }), voxels.end());
  summary.non_finite = summary.voxels - static_cast<std::int64_t>(voxels.size());
  if (voxels.empty()) return summary;
  double sum = 0;
  float min = voxels.front(), max = voxels.front();
  for (const float value : voxels) {
    sum += value;
    min = std::min(min, value);
    max = std::max(max, value);
  }
  summary.min = min;
  summary.max = max;
  summary.mean = sum / static_cast<double>(voxels.size());
  summary.zero = std::count(voxels.begin(), voxels.end(), 0.0F);
  summary.lowest = std::count(voxels.begin(), voxels.end(), min);
  summary.p01 = nearest_rank(voxels, 0.01);
  summary.p99 = nearest_rank(voxels, 0.99);
  return summary;
}

void inspect_safetensors(const fs::path& path, Inspection& result) {
  result.kind = "safetensors";
  const SafetensorsFile file(path);
  const Json& description = file.description();
  const bool ours = description.is_object() && description.contains("kind") && description["kind"].is_string();
  const std::string holds = ours ? description["kind"].get<std::string>() : "tensors, not made by gdm";
  Json counts = Json::object();
  std::size_t bytes = 0;
  for (const auto& entry : file.tensors()) {
    std::int64_t count = 1;
    for (const std::int64_t extent : entry.second.shape) count *= extent;
    counts[entry.second.dtype] = counts.value(entry.second.dtype, std::int64_t{0}) + count;
    bytes += entry.second.bytes;
  }
  result.json["holds"] = ours ? Json(holds) : Json(nullptr);
  result.json["payload_sha256"] = file.payload_sha256();
  result.json["digest_verified"] = ours;
  result.json["description"] = description;
  result.json["tensors"] = tensors_json(file);
  result.facts = {{"holds", holds},
                  {"tensors", fmt::format("{} with {} elements, {:.1f} MB", file.tensors().size(), elements(counts),
                                          static_cast<double>(bytes) / 1e6)},
                  {"SHA-256", file.payload_sha256() + (ours ? " (as stated)" : "")}};
  if (!ours || !description.contains("provenance")) return;
  const Json& run = description["provenance"];
  if (!run.is_object() || !run.contains("tool")) return;
  result.facts.push_back({"made by", run.value("tool", "") + " " + run.value("version", "")});
}

namespace {

/// A volume or a safetensors file; notices come when all is read, those of what reading logged last. Throws Error after
/// them.
void inspect_whole(FileKind kind, const fs::path& path, const InspectOptions& options, const Notify& add,
                   Inspection& result) {
  std::vector<Notice> notices;
  std::optional<Error> failure;
  {
    const WarningCapture capture;  // ends before anybody is told: telling may be logging
    try {
      if (kind == FileKind::volume) {
        inspect_volume(
            path, options, [&](const Notice& notice) { notices.push_back(notice); }, result);
      } else {
        inspect_safetensors(path, result);
      }
    } catch (const Error& error) {
      failure = error;
    }
    for (const std::string& warning : capture.warnings()) {
      if (!tells_unknown_orientation(warning))
        notices.push_back({false, warning});  // inspect_volume() says it each time
    }
  }
  for (const Notice& notice : notices) add(notice);
  if (failure) throw *failure;
}

}  // namespace

Inspection inspect(const fs::path& path, const InspectOptions& options, const Notify& notify) {
  Inspection result;
  result.name = input_name(path);
  const Notify add = [&](const Notice& notice) {
    result.notices.push_back(notice);
    notify(notice);
  };
  try {
    const FileKind kind = file_kind(path);
    if (kind == FileKind::json) {
      inspect_json(path, options, add, result);
    } else {
      inspect_whole(kind, path, options, add, result);
    }
  } catch (const Error& failure) {
    result.kind.clear();
    add({true, failure.what()});
  }
  return result;
}

bool Inspection::failed() const {
  return std::any_of(notices.begin(), notices.end(), [](const Notice& notice) { return notice.problem; });
}

}  // namespace gdm::prep
