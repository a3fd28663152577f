// What a tree of files holds: the volumes that its DICOM series make, whose they are, and what is left out and why.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "dicom/assemble.hpp"
#include "dicom/split.hpp"
#include "io/json.hpp"
#include "io/manifest.hpp"

namespace gdm::dicom {

/// Reads a file up to its pixels. Called from several threads; throws nothing for what a file may hold.
using ReadHeader = std::function<FileHeader(const std::filesystem::path&)>;

/// What is done about patient IDs under which files state different names, birth dates or sexes.
enum class SharedId { refuse, one, several };

struct SurveyOptions {
  std::string salt;  ///< of the pseudonyms
  SharedId shared_id = SharedId::refuse;
  AssembleOptions assemble;
};

/// A volume to be made, DIR/PATIENT/NAME.nii.gz.
struct Planned {
  std::string patient, series;  ///< pseudonyms; the patient's begins with "p"
  std::string name;             ///< "ct", "mr", or "ct1", "ct2", "mr1", ... if the patient has several
  Part part;
  std::string what;              ///< "series 0123456789ab (CT, 24 images)" for messages
  std::int64_t lost_images = 0;  ///< files of the series that are cut, so that the volume may be short

  const Frame& first() const { return part.stack.slices.front().front(); }
  std::size_t images() const;
};

struct Survey {
  std::int64_t files = 0;
  std::map<std::string, std::vector<std::filesystem::path>> left_out;  ///< files by the reason, which is no failure
  std::vector<std::filesystem::path> damaged;                          ///< files that should have been images
  std::map<std::string, std::int64_t> lost_images;                     ///< of those, by the series that they belong to
  std::vector<Planned> volumes;                                        ///< in the order of patients and names
  std::vector<std::string> refused;                                    ///< "series ...: reason", one line each
  Json map;  ///< what the pseudonyms stand for and which files were left out, without the damaged ones
};

/// Looks into all files. Links are followed, and a file that several paths lead to is read once.
Survey survey(const std::vector<std::filesystem::path>& files, const SurveyOptions& options, const ReadHeader& read);

/// Cases of the volumes in `folder`, without those whose error is not empty: one for each patient, MR as inputs, CT as
/// the target. A patient with several CTs has a case for each, PATIENT-ct1 and so on, with all of its MR.
std::vector<Case> cases_of(const std::vector<Planned>& volumes, const std::filesystem::path& folder);

/// Where a volume lies.
std::filesystem::path volume_path(const Planned& volume, const std::filesystem::path& folder);

}  // namespace gdm::dicom
