#include "dicom/wholeness.hpp"

#include <cstdint>
#include <cstring>
#include <fstream>
#include <set>
#include <string>

namespace gdm::dicom {
namespace {

constexpr std::uint32_t undefined = 0xffffffff;
constexpr std::uint32_t item = 0xfffee000, item_end = 0xfffee00d, sequence_end = 0xfffee0dd;
constexpr std::uint32_t pixels = 0x7fe00010, transfer_syntax = 0x00020010;
constexpr int deepest = 32;

/// What a walk ends with: the end of what it was to walk over, the pixels, a file that is too short, or a structure
/// that is not understood.
enum class End { good, pixels, cut, unknown };

class Walk {
 public:
  explicit Walk(const std::filesystem::path& file) : stream_(file, std::ios::binary) {
    std::error_code error;
    size_ = static_cast<std::uint64_t>(std::filesystem::file_size(file, error));
    if (error) size_ = 0;
  }

  End all() {
    char start[132] = {};
    if (!read(start, sizeof start)) return End::unknown;
    const bool preamble = std::memcmp(start + 128, "DICM", 4) == 0;
    if (!preamble) at_ = 0;
    if (preamble) {
      const End meta = elements(size_, 0, true);
      if (meta != End::good) return End::cut;  // GDCM does not survive what is no element of group 2 there
    }
    if (syntax_ == "1.2.840.10008.1.2.2" || syntax_ == "1.2.840.10008.1.2.1.99") return End::unknown;
    explicit_ = preamble && syntax_ != "1.2.840.10008.1.2";
    return elements(size_, 0, false);
  }

 private:
  struct Element {
    std::uint32_t tag = 0, bytes = 0;
    bool sequence = false;
  };

  bool read(void* to, std::size_t bytes) {
    stream_.clear();
    stream_.seekg(static_cast<std::streamoff>(at_));
    if (!stream_.read(static_cast<char*>(to), static_cast<std::streamsize>(bytes))) return false;
    at_ += bytes;
    return true;
  }

  /// The head of an element or item.
  End head(Element& element) {
    std::uint16_t word[4];
    if (!read(word, sizeof word)) return End::cut;
    element.tag = static_cast<std::uint32_t>(word[0]) << 16 | word[1];
    std::memcpy(&element.bytes, word + 2, sizeof element.bytes);
    element.sequence = element.bytes == undefined;
    if (!explicit_ || word[0] == 0xfffe) return End::good;
    const char vr[3] = {static_cast<char>(word[2] & 0xff), static_cast<char>(word[2] >> 8), 0};
    static const std::set<std::string> narrow = {"AE", "AS", "AT", "CS", "DA", "DS", "DT", "FL", "FD", "IS", "LO",
                                                 "LT", "PN", "SH", "SL", "SS", "ST", "TM", "UI", "UL", "US"};
    static const std::set<std::string> wide = {"OB", "OW", "OF", "OD", "OL", "OV", "SQ",
                                               "UN", "UC", "UR", "UT", "SV", "UV"};
    if (wide.count(vr) == 0 && narrow.count(vr) == 0) return End::unknown;
    element.bytes = word[3];
    element.sequence = false;
    if (wide.count(vr) != 0) {
      if (!read(&element.bytes, sizeof element.bytes)) return End::cut;
      element.sequence = element.bytes == undefined;
    }
    return End::good;
  }

  /// Elements up to the byte `end`, or, in an item of undefined length, up to its delimiter.
  End elements(std::uint64_t end, int depth, bool meta) {
    while (at_ < end) {
      Element element;
      const std::uint64_t begin = at_;
      if (meta) {  // the data set behind it may be stored in another way
        std::uint16_t group = 0;
        if (!read(&group, sizeof group)) return End::cut;
        at_ = begin;
        if (group != 2) return End::good;
      }
      const End found = head(element);
      if (found != End::good) return found;
      if (element.tag == pixels && depth == 0) return End::pixels;
      if (element.tag == item_end) return End::good;
      const End value = element.sequence ? items(depth + 1) : skip(element);
      if (value != End::good) return value;
    }
    return End::good;
  }

  End items(int depth) {
    if (depth > deepest) return End::unknown;
    for (;;) {
      Element element;
      const End found = head(element);
      if (found != End::good) return found;
      if (element.tag == sequence_end) return End::good;
      if (element.tag != item) return End::unknown;
      const End value = element.bytes == undefined ? elements(size_, depth, false) : skip(element);
      if (value != End::good) return value;
    }
  }

  End skip(const Element& element) {
    if (element.bytes > size_ - at_) return End::cut;
    if (element.tag == transfer_syntax) {
      syntax_.resize(element.bytes);
      if (!read(syntax_.data(), syntax_.size())) return End::cut;
      syntax_.erase(syntax_.find_last_not_of(std::string(" \0", 2)) + 1);
      return End::good;
    }
    at_ += element.bytes;
    return End::good;
  }

  std::ifstream stream_;
  std::uint64_t size_ = 0, at_ = 0;
  bool explicit_ = true;
  std::string syntax_;
};

}  // namespace

bool header_is_cut(const std::filesystem::path& file) {
  return Walk(file).all() == End::cut;
}

}  // namespace gdm::dicom
