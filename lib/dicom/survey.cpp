#include "dicom/survey.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "dicom/pseudonym.hpp"
#include "sys/in_order.hpp"
#include "sys/signals.hpp"

namespace gdm::dicom {
namespace {

std::vector<Frame> frames_of(const std::vector<fs::path>& files, const ReadHeader& read, Survey& found) {
  std::vector<Frame> frames;
  std::set<fs::path> seen;
  const auto look = [&](std::int64_t n) {
    throw_if_stop_requested();
    return read(files[static_cast<std::size_t>(n)]);
  };
  parallel_in_order(static_cast<std::int64_t>(files.size()), look, [&](std::int64_t n, FileHeader header) {
    const fs::path& file = files[static_cast<std::size_t>(n)];
    std::error_code error;
    const fs::path known = fs::canonical(file, error);
    if (!seen.insert(error ? file : known).second) return;  // one that has gone meanwhile is damage
    ++found.files;
    if (!header.damage.empty()) {
      found.damaged.push_back(file);
      if (!header.frames.empty()) ++found.lost_images[header.frames.front().series_uid];
    } else if (header.frames.empty()) {
      found.left_out[header.left_out].push_back(file);
    } else if (header.frames.front().localiser) {
      found.left_out["localisers"].push_back(file);
    } else {
      for (Frame& frame : header.frames) frames.push_back(std::move(frame));
    }
  });
  return frames;
}

/// Patients under whose ID there are several persons.
std::set<std::string> shared_ids(const std::vector<Frame>& frames) {
  std::map<std::string, std::set<std::string>> persons;
  for (const Frame& frame : frames) persons[frame.patient].insert(frame.person);
  std::set<std::string> shared;
  for (const auto& [patient, names] : persons) {
    if (names.size() > 1) shared.insert(patient);
  }
  return shared;
}

std::string words(const Frame& first, const std::string& series, std::size_t images) {
  return fmt::format("series {} ({}, {} image{})", series, first.modality, images, images == 1 ? "" : "s");
}

void plan_series(const std::vector<Frame>& series, const SurveyOptions& options, const std::set<std::string>& shared,
                 Survey& found) {
  const Frame& first = series.front();
  const std::string patient = "p" + pseudonym(options.salt, "patient", first.patient);
  const std::string name = pseudonym(options.salt, "series", first.series_uid);
  found.map["patients"][patient] = first.patient;
  found.map["series"][name] = first.series_uid;
  if (shared.count(first.patient) != 0 && options.shared_id == SharedId::refuse) {
    found.refused.push_back(
        fmt::format("{} of patient {}: files with this patient's ID state several names, birth dates or sexes, so that "
                    "there may be "
                    "several patients; --shared-id one or several says which",
                    words(first, name, series.size()), patient));
    return;
  }
  const auto lost = found.lost_images.find(first.series_uid);
  for (Part& part : volumes_of(series)) {
    Planned volume{patient, name, "", std::move(part), "", 0};
    volume.what = words(first, name, volume.images());
    volume.lost_images = lost == found.lost_images.end() ? 0 : lost->second;
    for (const auto& [mark, value] : volume.part.marks) volume.what += fmt::format(", {} {}", mark, value);
    const std::string reason = refusal(volume.part.stack, options.assemble);
    if (reason.empty()) {
      found.volumes.push_back(std::move(volume));
    } else {
      found.refused.push_back(fmt::format("{} of patient {}: {}", volume.what, patient, reason));
    }
  }
}

/// "ct" or "ct1", "ct2", ... within each patient.
void name_volumes(std::vector<Planned>& volumes) {
  std::stable_sort(volumes.begin(), volumes.end(),
                   [](const Planned& a, const Planned& b) { return a.patient < b.patient; });
  std::map<std::pair<std::string, std::string>, int> count, next;
  const auto key = [](const Planned& volume) { return std::make_pair(volume.patient, volume.first().modality); };
  for (const Planned& volume : volumes) ++count[key(volume)];
  for (Planned& volume : volumes) {
    volume.name = volume.first().modality == "CT" ? "ct" : "mr";
    if (count[key(volume)] > 1) volume.name += std::to_string(++next[key(volume)]);
  }
}

}  // namespace

std::size_t Planned::images() const {
  std::size_t images = 0;
  for (const auto& slice : part.stack.slices) images += slice.size();
  return images;
}

Survey survey(const std::vector<fs::path>& files, const SurveyOptions& options, const ReadHeader& read) {
  Survey found;
  found.map = {{"patients", Json::object()}, {"series", Json::object()}};
  std::vector<Frame> frames = frames_of(files, read, found);
  const std::set<std::string> shared = shared_ids(frames);
  if (options.shared_id == SharedId::several) {
    for (Frame& frame : frames) {
      if (shared.count(frame.patient) != 0) frame.patient += " (" + frame.person + ")";
    }
  }
  for (const std::vector<Frame>& series : series_of(frames)) plan_series(series, options, shared, found);
  name_volumes(found.volumes);
  for (const auto& [reason, left] : found.left_out) {
    for (const fs::path& file : left) found.map["left_out"][reason].push_back(file.string());
  }
  return found;
}

std::vector<Case> cases_of(const std::vector<Planned>& volumes, const fs::path& folder) {
  std::vector<Case> cases;
  for (auto first = volumes.begin(); first != volumes.end();) {
    const auto last =
        std::find_if(first, volumes.end(), [&](const Planned& volume) { return volume.patient != first->patient; });
    Case item;
    item.id = first->patient;
    item.meta["patient"] = first->patient;
    std::vector<const Planned*> targets;
    for (; first != last; ++first) {
      if (first->first().modality == "CT") {
        targets.push_back(&*first);
      } else {
        item.inputs[first->name] = volume_path(*first, folder);
      }
    }
    if (targets.empty()) cases.push_back(item);
    for (const Planned* target : targets) {
      Case with_target = item;
      with_target.target = volume_path(*target, folder);
      if (targets.size() > 1) with_target.id += "-" + target->name;
      cases.push_back(with_target);
    }
  }
  return cases;
}

fs::path volume_path(const Planned& volume, const fs::path& folder) {
  return folder / volume.patient / (volume.name + ".nii.gz");
}

}  // namespace gdm::dicom
