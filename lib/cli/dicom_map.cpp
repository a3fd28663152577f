#include "cli/dicom_map.hpp"

#include <sys/stat.h>

namespace gdm::cli {
namespace {

constexpr const char* unfinished = "unfinished";

bool is_of_no_volume(const std::filesystem::path& map) {
  constexpr std::size_t longest = std::size_t{1} << 30;
  if (!std::filesystem::exists(map)) return false;
  try {
    return parse_json(read_file(map, longest)).value(unfinished, false);
  } catch (const std::exception&) {  // another file
    return false;
  }
}

/// For its life, files that are made can be read by their owner alone.
class OwnerAlone {
 public:
  OwnerAlone() : before_(::umask(S_IRWXG | S_IRWXO)) {}
  ~OwnerAlone() { ::umask(before_); }
  OwnerAlone(const OwnerAlone&) = delete;
  OwnerAlone& operator=(const OwnerAlone&) = delete;

 private:
  mode_t before_;
};

}  // namespace

DicomMap::DicomMap(std::filesystem::path path, Overwrite overwrite, bool dry_run)
    : path_(std::move(path)), overwrite_(is_of_no_volume(path_) ? Overwrite::replace : overwrite), dry_run_(dry_run) {
  if (!path_.empty()) check_writable(path_, overwrite_);
}

void DicomMap::write(const dicom::Survey& found, Volumes volumes) {
  if (path_.empty() || dry_run_) return;
  Json map = found.map;
  if (volumes == Volumes::none) map[unfinished] = true;
  for (const std::filesystem::path& file : found.damaged) map["damaged"].push_back(file.string());
  const OwnerAlone guard;
  write_file(path_, json_text(map) + "\n", overwrite_);
  overwrite_ = Overwrite::replace;
}

}  // namespace gdm::cli
