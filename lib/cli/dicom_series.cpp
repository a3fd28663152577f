#include "cli/dicom_series.hpp"

#include <fmt/format.h>

#include <set>

#include "engine/itk.hpp"
#include "prep/layout.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::cli {

std::vector<dicom::Frame> frames_of_one_series(const std::string& option, const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) {
    throw Error(option + ": " + path.string() + ": no such file or folder", Exit::usage);
  }
  std::vector<std::filesystem::path> files{path};
  if (std::filesystem::is_directory(path)) {
    const prep::Files below = prep::files_below(path, prep::Names::kept_back);
    files.assign(below.begin(), below.end());
  }
  std::vector<dicom::Frame> frames;
  std::set<std::string> series, persons;
  std::size_t unread = 0;
  for (const std::filesystem::path& file : files) {
    dicom::FileHeader header = engine::itk_services().read_dicom_header(file);
    unread += header.unread ? 1 : 0;
    if (!header.damage.empty() && (!header.unread || files.size() == 1)) {
      throw Error(option + (files.size() == 1 ? ": is " : ": there is ") + header.damage);
    }
    for (dicom::Frame& frame : header.frames) {
      series.insert(frame.series_uid);
      persons.insert(frame.person);
      frames.push_back(std::move(frame));
    }
  }
  if (unread > 0) {
    log_warning(fmt::format("{}: {} files are empty or cannot be opened, and are left out", option, unread));
  }
  if (frames.empty()) throw Error(option + ": there are no CT or MR images in DICOM");
  if (series.size() > 1) {
    throw Error(fmt::format("{}: there are {} series; expected one, or a file of it", option, series.size()));
  }
  if (persons.size() > 1) {
    throw Error(option +
                ": files of the series state several names, birth dates or sexes, so that there may be several "
                "patients; leave those of one alone in it");
  }
  return frames;
}

}  // namespace gdm::cli
