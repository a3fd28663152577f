// What a file holds and what is wrong with it: the work behind `gdm-prep info`. Volumes and sinograms are read whole,
// because the range of their values needs every voxel; models, because their digest does; the files that a manifest
// names only where that is asked for.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "image/volume.hpp"
#include "io/file_kind.hpp"
#include "io/json.hpp"
#include "io/nifti/nifti.hpp"
#include "sys/table.hpp"

namespace gdm::prep {

/// Range and distribution of the finite values of a volume; zeros where there are none.
struct ValueSummary {
  std::int64_t voxels = 0, non_finite = 0;
  std::int64_t zero = 0, lowest = 0;                    ///< voxels that are 0, and that have the minimum
  double min = 0, p01 = 0, mean = 0, p99 = 0, max = 0;  ///< p01, p99: nearest ranks of 1 and 99 %
};

/// Reorders the voxels.
ValueSummary summarize_values(Voxels<float>& voxels);

struct InspectOptions {
  bool check = false;         ///< read everything that a manifest names; voxels that are not finite are a problem
  fs::path mask;              ///< for volumes; "" for none
  std::string split = "all";  ///< of manifests
};

/// One line for stderr. Problems make the exit status 1; warnings do not.
struct Notice {
  bool problem = true;
  std::string text;
};
using Notify = std::function<void(const Notice&)>;

struct Inspection {
  std::string name;  ///< the path, or "standard input"
  std::string kind;  ///< "volume", "sinogram", "manifest", "sidecar", "safetensors"; "" if it could not be read
  Json json = Json::object();
  std::vector<Row> facts;  ///< {label, text}
  std::vector<Row> table;  ///< cases of a checked manifest, with a line of titles
  Row volume_row;          ///< of a volume, for a table of many (volume_titles)
  std::vector<Notice> notices;

  bool failed() const;
};

/// Never throws Error: what is wrong becomes a notice. `notify` gets each notice once, in order, as soon as it is
/// known. Cases of a manifest are read in parallel, each thread holding one volume and one mask.
Inspection inspect(const fs::path& path, const InspectOptions& options, const Notify& notify);

/// Blocks for people; two or more volumes in a row become a table. Files that could not be read are left out.
std::string inspections_text(const std::vector<Inspection>& inspections);
Json inspections_json(const std::vector<Inspection>& inspections);

/// Titles and cells of what a volume's line says in every table: shape, spacing, axes, minimum, mean, maximum.
Row volume_titles();
Row volume_cells(const Grid& grid, const ValueSummary& values);
Json values_json(const ValueSummary& values);
/// "31.2 %"
std::string percent(double part, double whole);
/// "3 of 512 voxels are not finite", or "".
std::string non_finite_problem(const ValueSummary& values);

/// The kinds that inspect() tells apart. They pass problems to `add` and throw Error where the file cannot be read.
void inspect_volume(const fs::path& path, const InspectOptions& options, const Notify& add, Inspection& result);
void inspect_safetensors(const fs::path& path, Inspection& result);
/// Manifest or sidecar.
void inspect_json(const fs::path& path, const InspectOptions& options, const Notify& add, Inspection& result);

/// What made a volume by the sidecar's content: "gdm-recon 0.1.0 from a.nii.gz", or "".
std::string made_by(const Json& sidecar);
/// The sidecar is that of a sinogram of gdm-recon.
bool describes_sinogram(const Json& sidecar);

}  // namespace gdm::prep
