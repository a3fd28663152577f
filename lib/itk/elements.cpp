#include "itk/elements.hpp"

#include <fmt/format.h>
#include <gdcmDataElement.h>
#include <gdcmItem.h>
#include <gdcmSequenceOfItems.h>

#include "sys/error.hpp"

namespace gdm::itk_part {
namespace {

void put_bytes(gdcm::DataSet& set, const gdcm::Tag& tag, gdcm::VR::VRType type, const void* bytes, std::size_t size) {
  gdcm::DataElement element(tag);
  element.SetVR(type);
  element.SetByteValue(static_cast<const char*>(bytes), static_cast<std::uint32_t>(size));
  set.Replace(element);
}

}  // namespace

void put(gdcm::DataSet& set, const gdcm::Tag& tag, gdcm::VR::VRType type, const std::string& value) {
  std::string padded = value;
  if (padded.size() % 2 != 0) padded += type == gdcm::VR::UI ? '\0' : ' ';
  put_bytes(set, tag, type, padded.data(), padded.size());
}

void put_short(gdcm::DataSet& set, const gdcm::Tag& tag, gdcm::VR::VRType type, int value) {
  const auto stored = static_cast<std::uint16_t>(value);
  put_bytes(set, tag, type, &stored, sizeof stored);
}

void put_long(gdcm::DataSet& set, const gdcm::Tag& tag, std::uint32_t value) {
  put_bytes(set, tag, gdcm::VR::UL, &value, sizeof value);
}

void put_double(gdcm::DataSet& set, const gdcm::Tag& tag, double value) {
  put_bytes(set, tag, gdcm::VR::FD, &value, sizeof value);
}

void put_items(gdcm::DataSet& set, const gdcm::Tag& tag, const std::vector<gdcm::DataSet>& items) {
  const gdcm::SmartPointer<gdcm::SequenceOfItems> sequence = new gdcm::SequenceOfItems;
  sequence->SetLengthToUndefined();
  for (const gdcm::DataSet& nested : items) {
    gdcm::Item item;
    item.SetVLToUndefined();
    item.SetNestedDataSet(nested);
    sequence->AddItem(item);
  }
  gdcm::DataElement element(tag);
  element.SetVR(gdcm::VR::SQ);
  element.SetValue(*sequence);
  element.SetVLToUndefined();
  set.Replace(element);
}

void put_pixels(gdcm::DataSet& set, const std::vector<std::uint16_t>& pixels) {
  put_bytes(set, gdcm::Tag(0x7fe0, 0x0010), gdcm::VR::OW, pixels.data(), pixels.size() * sizeof(std::uint16_t));
}

std::string decimal_text(double value) {
  constexpr std::size_t longest = 16;
  if (value == 0) value = 0;  // not "-0"
  for (int digits = 16; digits > 0; --digits) {
    std::string text = fmt::format("{:.{}g}", value, digits);
    if (text.size() <= longest) return text;
  }
  throw Error("a number does not fit into a decimal string of DICOM");
}

std::string decimal_text(const std::vector<double>& values) {
  std::string text;
  for (const double value : values) text += (text.empty() ? "" : "\\") + decimal_text(value);
  return text;
}

}  // namespace gdm::itk_part
