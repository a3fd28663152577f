// Elements of DICOM data sets that are written.
#pragma once

#include <gdcmDataSet.h>
#include <gdcmTag.h>
#include <gdcmVR.h>

#include <cstdint>
#include <string>
#include <vector>

namespace gdm::itk_part {

/// Text of any text type, padded to an even length as the standard has it (UI by a zero, others by a blank).
void put(gdcm::DataSet& set, const gdcm::Tag& tag, gdcm::VR::VRType type, const std::string& value);
/// US or SS, by `type`.
void put_short(gdcm::DataSet& set, const gdcm::Tag& tag, gdcm::VR::VRType type, int value);
/// UL.
void put_long(gdcm::DataSet& set, const gdcm::Tag& tag, std::uint32_t value);
/// FD.
void put_double(gdcm::DataSet& set, const gdcm::Tag& tag, double value);
/// A sequence of these items.
void put_items(gdcm::DataSet& set, const gdcm::Tag& tag, const std::vector<gdcm::DataSet>& items);
/// Pixels of 16 bits, as OW.
void put_pixels(gdcm::DataSet& set, const std::vector<std::uint16_t>& pixels);

/// The number as a decimal string, which has at most 16 characters: as many digits as fit.
std::string decimal_text(double value);
/// Several, with backslashes between them.
std::string decimal_text(const std::vector<double>& values);

}  // namespace gdm::itk_part
