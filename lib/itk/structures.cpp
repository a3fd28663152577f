#include "itk/structures.hpp"

#include <gdcmReader.h>

#include <exception>
#include <map>

#include "dicom/wholeness.hpp"
#include "itk/dataset.hpp"
#include "itk/quiet.hpp"
#include "sys/error.hpp"

namespace gdm::itk_part {
namespace {

using gdcm::DataSet;
using gdcm::Tag;

void add_contour(const DataSet& set, dicom::Structure& structure) {
  const std::string kind = text(set, Tag(0x3006, 0x0042));
  const std::vector<double> numbers = decimals(set, Tag(0x3006, 0x0050));
  if (numbers.size() % 3 != 0 || numbers.empty()) throw Error("a contour of the structure set is damaged");
  if ((kind != "CLOSED_PLANAR" && kind != "CLOSEDPLANAR_XOR") || numbers.size() < 9) {
    ++structure.other_contours;
    return;
  }
  dicom::Contour contour;
  for (std::size_t n = 0; n < numbers.size(); n += 3) contour.push_back({numbers[n], numbers[n + 1], numbers[n + 2]});
  structure.contours.push_back(std::move(contour));
}

std::vector<dicom::Structure> structures_in(const DataSet& set) {
  if (text(set, Tag(0x0008, 0x0016)) != "1.2.840.10008.5.1.4.1.1.481.3") {
    throw Error("is DICOM, but no RT Structure Set");
  }
  std::vector<dicom::Structure> all;
  std::map<std::string, std::size_t> by_number;
  for (const DataSet* roi : items(set, Tag(0x3006, 0x0020))) {
    by_number[text(*roi, Tag(0x3006, 0x0022))] = all.size();
    all.push_back({text(*roi, Tag(0x3006, 0x0026)), text(*roi, Tag(0x3006, 0x0024)), {}, 0});
  }
  for (const DataSet* contours : items(set, Tag(0x3006, 0x0039))) {
    const auto found = by_number.find(text(*contours, Tag(0x3006, 0x0084)));
    if (found == by_number.end()) throw Error("contours of the structure set belong to no structure");
    for (const DataSet* contour : items(*contours, Tag(0x3006, 0x0040))) add_contour(*contour, all[found->second]);
  }
  return all;
}

}  // namespace

std::vector<dicom::Structure> read_structures(const std::filesystem::path& file) {
  silence_gdcm();
  if (!may_be_dicom(file)) throw Error("is not DICOM");
  try {
    if (dicom::header_is_cut(file)) throw Error("is cut");
    gdcm::Reader reader;
    reader.SetFileName(file.c_str());
    if (!reader.Read()) throw Error("is cut or damaged");
    return structures_in(reader.GetFile().GetDataSet());
  } catch (const Error&) {
    throw;
  } catch (const std::exception&) {
    throw Error("is cut or damaged");
  }
}

}  // namespace gdm::itk_part
