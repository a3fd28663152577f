#include "itk/dataset.hpp"

#include <gdcmByteValue.h>
#include <gdcmSequenceOfItems.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace gdm::itk_part {
namespace {

const gdcm::ByteValue* bytes_of(const gdcm::DataSet& set, const gdcm::Tag& tag) {
  return set.FindDataElement(tag) ? set.GetDataElement(tag).GetByteValue() : nullptr;
}

std::string trimmed(const std::string& raw) {
  const char* const padding = " \t\r\n\0";
  const std::string blanks(padding, 5);
  const auto first = raw.find_first_not_of(blanks);
  if (first == std::string::npos) return "";
  return raw.substr(first, raw.find_last_not_of(blanks) - first + 1);
}

template <class T>
double number_in(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return static_cast<double>(value);
}

}  // namespace

std::string text(const gdcm::DataSet& set, const gdcm::Tag& tag) {
  const gdcm::ByteValue* value = bytes_of(set, tag);
  return value == nullptr ? "" : trimmed(std::string(value->GetPointer(), value->GetLength()));
}

std::vector<double> decimals(const gdcm::DataSet& set, const gdcm::Tag& tag) {
  const std::string all = text(set, tag);
  std::vector<double> numbers;
  for (std::size_t begin = 0; begin <= all.size() && !all.empty();) {
    const std::size_t end = std::min(all.find('\\', begin), all.size());
    std::string part = trimmed(all.substr(begin, end - begin));
    if (!part.empty() && part.front() == '+') part.erase(0, 1);
    double number = 0;
    const auto parsed = std::from_chars(part.data(), part.data() + part.size(), number);
    if (parsed.ec != std::errc() || parsed.ptr != part.data() + part.size() || !std::isfinite(number)) return {};
    numbers.push_back(number);
    begin = end + 1;
  }
  return numbers;
}

std::optional<double> decimal(const gdcm::DataSet& set, const gdcm::Tag& tag) {
  const std::vector<double> numbers = decimals(set, tag);
  return numbers.empty() ? std::nullopt : std::optional<double>(numbers.front());
}

std::optional<double> binary(const gdcm::DataSet& set, const gdcm::Tag& tag, bool is_signed) {
  const gdcm::ByteValue* value = bytes_of(set, tag);
  if (value == nullptr) return std::nullopt;
  const char* bytes = value->GetPointer();
  switch (value->GetLength()) {
    case 2:
      return is_signed ? number_in<std::int16_t>(bytes) : number_in<std::uint16_t>(bytes);
    case 4:
      return is_signed ? number_in<std::int32_t>(bytes) : number_in<std::uint32_t>(bytes);
    case 8: {
      const double number = number_in<double>(bytes);
      return std::isfinite(number) ? std::optional<double>(number) : std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

std::vector<const gdcm::DataSet*> items(const gdcm::DataSet& set, const gdcm::Tag& tag) {
  std::vector<const gdcm::DataSet*> all;
  if (!set.FindDataElement(tag)) return all;
  // The smart pointer may own a sequence that was parsed just now; the element keeps it as its value from then on.
  const gdcm::DataElement& element = set.GetDataElement(tag);
  const gdcm::SmartPointer<gdcm::SequenceOfItems> sequence = element.GetValueAsSQ();
  if (!sequence) return all;
  if (&element.GetValue() != sequence.GetPointer()) {
    const_cast<gdcm::DataElement&>(element).SetValue(*sequence);
  }
  for (gdcm::SequenceOfItems::SizeType n = 1; n <= sequence->GetNumberOfItems(); ++n) {
    all.push_back(&sequence->GetItem(n).GetNestedDataSet());
  }
  return all;
}

const gdcm::DataSet* item(const gdcm::DataSet& set, const gdcm::Tag& tag) {
  const auto all = items(set, tag);
  return all.empty() ? nullptr : all.front();
}

}  // namespace gdm::itk_part
