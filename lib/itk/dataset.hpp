// Values of DICOM data sets as plain types. Files state all kinds of things where the standard wants others: what
// cannot be read as asked for counts as absent.
#pragma once

#include <gdcmDataSet.h>
#include <gdcmTag.h>

#include <optional>
#include <string>
#include <vector>

namespace gdm::itk_part {

/// Text without the blanks and zeros that pad it; "" if the element is absent or empty.
std::string text(const gdcm::DataSet& set, const gdcm::Tag& tag);
/// Decimal strings ("1.5\-2"), as far as all of them are finite numbers; else none.
std::vector<double> decimals(const gdcm::DataSet& set, const gdcm::Tag& tag);
std::optional<double> decimal(const gdcm::DataSet& set, const gdcm::Tag& tag);
/// Binary numbers: US and SS by the size of 2, UL and SL of 4, FD of 8 bytes.
std::optional<double> binary(const gdcm::DataSet& set, const gdcm::Tag& tag, bool is_signed = false);
/// The items of a sequence; none if it is absent or no sequence. They point into `set`.
std::vector<const gdcm::DataSet*> items(const gdcm::DataSet& set, const gdcm::Tag& tag);
/// The first item of a sequence, or null.
const gdcm::DataSet* item(const gdcm::DataSet& set, const gdcm::Tag& tag);

}  // namespace gdm::itk_part
