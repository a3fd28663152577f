#include "itk/dicom_writer.hpp"

#include <gdcmReader.h>
#include <gdcmWriter.h>

#include <cmath>
#include <sstream>

#include "image/orientation.hpp"
#include "itk/dataset.hpp"
#include "itk/dicom_reader.hpp"
#include "itk/elements.hpp"
#include "sys/error.hpp"
#include "sys/sha256.hpp"
#include "sys/signals.hpp"
#include "sys/version.hpp"

namespace gdm::itk_part {
namespace {

using gdcm::DataSet;
using gdcm::Tag;
using gdcm::VR;

constexpr int lowest_hu = -1024, highest_hu = 3071;
const char* const ct_image_storage = "1.2.840.10008.5.1.4.1.1.2";

/// Elements of the file that the series joins, which say whose it is and where it lies. `required` ones are written
/// empty where the file has none, as the standard wants it.
struct Kept {
  Tag tag;
  VR::VRType type;
  bool required;
};
const Kept kept[] = {
    {Tag(0x0008, 0x0005), VR::CS, false}, {Tag(0x0008, 0x0020), VR::DA, true},  {Tag(0x0008, 0x0030), VR::TM, true},
    {Tag(0x0008, 0x0050), VR::SH, true},  {Tag(0x0008, 0x0090), VR::PN, true},  {Tag(0x0008, 0x1030), VR::LO, false},
    {Tag(0x0010, 0x0010), VR::PN, true},  {Tag(0x0010, 0x0020), VR::LO, true},  {Tag(0x0010, 0x0021), VR::LO, false},
    {Tag(0x0010, 0x0030), VR::DA, true},  {Tag(0x0010, 0x0040), VR::CS, true},  {Tag(0x0010, 0x1010), VR::AS, false},
    {Tag(0x0012, 0x0062), VR::CS, false}, {Tag(0x0012, 0x0063), VR::LO, false}, {Tag(0x0018, 0x5100), VR::CS, true},
    {Tag(0x0020, 0x000d), VR::UI, true},  {Tag(0x0020, 0x0010), VR::SH, true},  {Tag(0x0020, 0x0052), VR::UI, true},
    {Tag(0x0020, 0x0060), VR::CS, true},  {Tag(0x0020, 0x1040), VR::LO, true}};

/// What all slices share of the file that the series joins.
DataSet shared_elements(const std::filesystem::path& like) {
  read_dicom_header(like);  // silences GDCM
  gdcm::Reader reader;
  reader.SetFileName(like.c_str());
  const Tag pixels(0x7fe0, 0x0010);
  if (!reader.ReadUpToTag(pixels, {pixels})) throw Error("the file that the series is to join cannot be read");
  const DataSet& from = reader.GetFile().GetDataSet();
  DataSet set;
  for (const Kept& element : kept) {
    const std::string value = text(from, element.tag);
    if (element.required || !value.empty()) put(set, element.tag, element.type, value);
  }
  if (text(set, Tag(0x0020, 0x000d)).empty() || text(set, Tag(0x0020, 0x0052)).empty()) {
    throw Error("the file that the series is to join states no study or no frame of reference");
  }
  // Numbers of series have no meaning but to be told apart.
  const auto number = static_cast<int>(decimal(from, Tag(0x0020, 0x0011)).value_or(0));
  put(set, Tag(0x0020, 0x0011), VR::IS, std::to_string(1000 + std::abs(number) % 1000000));
  return set;
}

std::uint16_t stored_of(float hu, dicom::NewSeries& series) {
  const bool finite = std::isfinite(hu);
  const double rounded = finite ? std::round(static_cast<double>(hu)) : lowest_hu;
  const double value = std::min<double>(std::max<double>(rounded, lowest_hu), highest_hu);
  series.clamped += value != rounded ? 1 : 0;
  series.not_finite += finite ? 0 : 1;
  return static_cast<std::uint16_t>(value - lowest_hu);
}

/// Everything that makes this series another one than its neighbours.
std::string digest_of(const dicom::NewSeries& series, const DataSet& shared) {
  const Volume& ct = *series.ct_hu;
  Sha256 sha;
  sha.update(ct.voxels.data(), ct.voxels.size() * sizeof(float));
  sha.update(ct.grid.ijk_to_ras_mm.data(), sizeof ct.grid.ijk_to_ras_mm);
  sha.update(ct.grid.shape_ijk.data(), sizeof ct.grid.shape_ijk);
  const std::string words = text(shared, Tag(0x0020, 0x000d)) + "|" + series.derivation + "|" + series.description;
  sha.update(words.data(), words.size());
  return sha.hex();
}

void put_equipment(DataSet& set, const dicom::NewSeries& series) {
  put(set, Tag(0x0008, 0x0008), VR::CS, "DERIVED\\SECONDARY\\AXIAL");
  put(set, Tag(0x0008, 0x0016), VR::UI, ct_image_storage);
  put(set, Tag(0x0008, 0x0060), VR::CS, "CT");
  put(set, Tag(0x0008, 0x0070), VR::LO, "gdm");
  put(set, Tag(0x0008, 0x103e), VR::LO, series.description);
  put(set, Tag(0x0008, 0x1090), VR::LO, "gdm-prep");
  put(set, Tag(0x0008, 0x2111), VR::ST, series.derivation);
  put(set, Tag(0x0018, 0x0060), VR::DS, "");
  put(set, Tag(0x0018, 0x1020), VR::LO, "gdm " GDM_VERSION);
  put(set, Tag(0x0020, 0x0012), VR::IS, "");
  put(set, Tag(0x0028, 0x0301), VR::CS, "NO");
}

void put_format(DataSet& set, const ItkGeometry& geometry) {
  put_short(set, Tag(0x0028, 0x0002), VR::US, 1);
  put(set, Tag(0x0028, 0x0004), VR::CS, "MONOCHROME2");
  put_short(set, Tag(0x0028, 0x0010), VR::US, static_cast<int>(geometry.size_ijk[1]));
  put_short(set, Tag(0x0028, 0x0011), VR::US, static_cast<int>(geometry.size_ijk[0]));
  put_short(set, Tag(0x0028, 0x0100), VR::US, 16);
  put_short(set, Tag(0x0028, 0x0101), VR::US, 12);
  put_short(set, Tag(0x0028, 0x0102), VR::US, 11);
  put_short(set, Tag(0x0028, 0x0103), VR::US, 0);
  put(set, Tag(0x0028, 0x1050), VR::DS, "40");
  put(set, Tag(0x0028, 0x1051), VR::DS, "400");
  put(set, Tag(0x0028, 0x1052), VR::DS, std::to_string(lowest_hu));
  put(set, Tag(0x0028, 0x1053), VR::DS, "1");
  put(set, Tag(0x0028, 0x1054), VR::LO, "HU");
}

/// Where the slice lies; the standard's order of spacings is rows first.
void put_plane(DataSet& set, const Grid& grid, const ItkGeometry& geometry, std::int64_t k) {
  const Point3 at = lps_of_ras(grid.ras_of_index({0, 0, static_cast<double>(k)}));
  std::vector<double> directions;
  for (std::size_t axis = 0; axis < 2; ++axis) {
    for (std::size_t r = 0; r < 3; ++r) directions.push_back(geometry.direction_lps[r][axis]);
  }
  put(set, Tag(0x0018, 0x0050), VR::DS, decimal_text(geometry.spacing_mm[2]));
  put(set, Tag(0x0020, 0x0032), VR::DS, decimal_text({at[0], at[1], at[2]}));
  put(set, Tag(0x0020, 0x0037), VR::DS, decimal_text(directions));
  put(set, Tag(0x0028, 0x0030), VR::DS, decimal_text({geometry.spacing_mm[1], geometry.spacing_mm[0]}));
}

/// What belongs to slice k alone.
void put_slice(DataSet& set, dicom::NewSeries& series, const ItkGeometry& geometry, std::int64_t k,
               const std::string& digest) {
  const auto pixels = static_cast<std::size_t>(geometry.size_ijk[0] * geometry.size_ijk[1]);
  std::vector<std::uint16_t> stored(pixels);
  const float* slice = series.ct_hu->voxels.data() + static_cast<std::size_t>(k) * pixels;
  for (std::size_t n = 0; n < pixels; ++n) stored[n] = stored_of(slice[n], series);
  put(set, Tag(0x0008, 0x0018), VR::UI, dicom::uid_of("instance " + std::to_string(k) + " " + digest));
  put(set, Tag(0x0020, 0x0013), VR::IS, std::to_string(k + 1));
  put_plane(set, series.ct_hu->grid, geometry, k);
  put_pixels(set, stored);
}

/// The bytes of a file; gdm writes them in its own way.
std::string encoded(const DataSet& set) {
  std::ostringstream stream;
  gdcm::Writer writer;
  writer.SetStream(stream);
  writer.GetFile().SetDataSet(set);
  writer.GetFile().GetHeader().SetDataSetTransferSyntax(gdcm::TransferSyntax::ExplicitVRLittleEndian);
  if (!writer.Write()) throw Error("a slice cannot be encoded");
  return stream.str();
}

}  // namespace

void write_dicom_series(dicom::NewSeries& series) {
  const Volume& ct = *series.ct_hu;
  if (!ct.grid.is_orthogonal()) throw Error("the axes of the CT are not at right angles; resample it first");
  const ItkGeometry geometry = itk_geometry(ct.grid);
  DataSet set = shared_elements(series.like);
  const std::string digest = digest_of(series, set);
  put_equipment(set, series);
  put_format(set, geometry);
  make_folder(series.folder);
  put(set, Tag(0x0020, 0x000e), VR::UI, dicom::uid_of("series " + digest));
  std::vector<std::filesystem::path> written;
  try {
    for (std::int64_t k = 0; k < geometry.size_ijk[2]; ++k) {
      throw_if_stop_requested();
      put_slice(set, series, geometry, k, digest);
      written.push_back(series.folder / dicom::slice_name(k));
      write_file(written.back(), encoded(set), series.overwrite);
    }
  } catch (...) {  // a part of a series looks like a whole one
    std::error_code ignored;
    for (const auto& file : written) std::filesystem::remove(file, ignored);
    throw;
  }
}

}  // namespace gdm::itk_part
