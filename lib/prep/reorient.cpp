#include "prep/reorient.hpp"

#include "image/orientation.hpp"
#include "io/nifti/stored.hpp"
#include "prep/case_volumes.hpp"
#include "sys/error.hpp"

namespace gdm::prep {

void reorient_volume(const fs::path& source, const fs::path& output, const std::string& letters,
                     const Provenance& provenance, Overwrite overwrite) {
  NiftiInfo info;
  const Volume volume = read_volume(source, info);
  const WriteReport report = write_as_stored(output, reoriented(volume, letters), info, overwrite);
  Provenance own = provenance;
  if (source != "-") own.add_source(source);
  const Json details = {{"reoriented", {{"from", volume.grid.orientation()}, {"to", letters}}}};
  write_sidecar(output, own, {source}, report, details, overwrite);
}

void reorient_case(const Case& item, const fs::path& folder, const std::string& letters, const Provenance& provenance,
                   Overwrite overwrite) {
  const std::vector<CaseVolume> volumes = case_volumes(item, {}, folder);
  make_folder(folder / item.id);
  for (const CaseVolume& volume : volumes) {
    with_context(volume.role, [&] { reorient_volume(volume.source, volume.output, letters, provenance, overwrite); });
  }
}

void require_orientation(const std::string& letters) {
  axis_map(Grid::centred({1, 1, 1}, {1, 1, 1}), letters);
}

}  // namespace gdm::prep
