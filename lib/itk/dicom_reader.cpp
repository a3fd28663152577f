#include "itk/dicom_reader.hpp"

#include <gdcmImageReader.h>
#include <gdcmReader.h>
#include <gdcmTransferSyntax.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>

#include "dicom/wholeness.hpp"
#include "itk/dataset.hpp"
#include "itk/quiet.hpp"
#include "sys/error.hpp"

namespace gdm::itk_part {
namespace {

using dicom::Frame;
using gdcm::DataSet;
using gdcm::Tag;

const Tag pixel_data(0x7fe0, 0x0010);

/// GDCM writes to stderr what it finds in files.
struct Kind {
  const char* uid;
  const char* modality;
};

/// The modality of an image class that is read; "" for every other.
std::string modality_of(const std::string& uid) {
  static const Kind kinds[] = {{"1.2.840.10008.5.1.4.1.1.2", "CT"},   {"1.2.840.10008.5.1.4.1.1.2.1", "CT"},
                               {"1.2.840.10008.5.1.4.1.1.2.2", "CT"}, {"1.2.840.10008.5.1.4.1.1.4", "MR"},
                               {"1.2.840.10008.5.1.4.1.1.4.1", "MR"}, {"1.2.840.10008.5.1.4.1.1.4.4", "MR"}};
  for (const Kind& kind : kinds) {
    if (uid == kind.uid) return kind.modality;
  }
  return "";
}

std::string lower(std::string words) {
  std::transform(words.begin(), words.end(), words.begin(), [](unsigned char c) { return std::tolower(c); });
  return words;
}

/// Name, birth date and sex in a form in which the same person is the same text.
std::string person_of(const DataSet& set) {
  std::string name = lower(text(set, Tag(0x0010, 0x0010)));
  std::replace(name.begin(), name.end(), '^', ' ');
  name.erase(name.find_last_not_of(' ') + 1);
  return name + "|" + text(set, Tag(0x0010, 0x0030)) + "|" + text(set, Tag(0x0010, 0x0040));
}

void take_identity(const DataSet& set, Frame& frame) {
  frame.study_uid = text(set, Tag(0x0020, 0x000d));
  frame.series_uid = text(set, Tag(0x0020, 0x000e));
  frame.frame_of_reference_uid = text(set, Tag(0x0020, 0x0052));
  const std::string id = text(set, Tag(0x0010, 0x0020));
  const std::string issuer = text(set, Tag(0x0010, 0x0021));
  frame.patient = id.empty() ? "study " + frame.study_uid : id + (issuer.empty() ? "" : " of " + issuer);
  frame.person = person_of(set);
  frame.series_number = static_cast<std::int64_t>(decimal(set, Tag(0x0020, 0x0011)).value_or(0));
}

void mark(Frame& frame, const char* name, const std::string& value) {
  if (!value.empty()) frame.marks[name] = value;
}
void mark(Frame& frame, const char* name, const std::optional<double>& value) {
  if (!value) return;
  std::string digits = std::to_string(*value);
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.back() == '.') digits.pop_back();
  frame.marks[name] = digits;
}

void take_marks(const DataSet& set, Frame& frame) {
  mark(frame, "acquisition", text(set, Tag(0x0020, 0x0012)));
  mark(frame, "echo", text(set, Tag(0x0018, 0x0086)));
  mark(frame, "echo time", text(set, Tag(0x0018, 0x0081)));
  mark(frame, "time point", text(set, Tag(0x0020, 0x0100)));
  mark(frame, "image type", text(set, Tag(0x0008, 0x0008)));
  mark(frame, "complex part", text(set, Tag(0x0008, 0x9208)));
  mark(frame, "diffusion b", binary(set, Tag(0x0018, 0x9087)));
  mark(frame, "inversion time", text(set, Tag(0x0018, 0x0082)));
  mark(frame, "flip angle", text(set, Tag(0x0018, 0x1314)));
  mark(frame, "trigger time", text(set, Tag(0x0018, 0x1060)));
  mark(frame, "acquisition time", text(set, Tag(0x0008, 0x0032)));
  mark(frame, "content time", text(set, Tag(0x0008, 0x0033)));
}

void take_parameter(Frame& frame, const char* name, const std::optional<double>& value, double scale) {
  if (value) frame.parameters[name] = *value * scale;
}

void take_parameters(const DataSet& set, Frame& frame) {
  constexpr double s_per_ms = 1e-3;
  take_parameter(frame, "RepetitionTime", decimal(set, Tag(0x0018, 0x0080)), s_per_ms);
  take_parameter(frame, "EchoTime", decimal(set, Tag(0x0018, 0x0081)), s_per_ms);
  take_parameter(frame, "InversionTime", decimal(set, Tag(0x0018, 0x0082)), s_per_ms);
  take_parameter(frame, "MagneticFieldStrength", decimal(set, Tag(0x0018, 0x0087)), 1);
  take_parameter(frame, "FlipAngle", decimal(set, Tag(0x0018, 0x1314)), 1);
  take_parameter(frame, "SliceThickness", decimal(set, Tag(0x0018, 0x0050)), 1);
  take_parameter(frame, "KVP", decimal(set, Tag(0x0018, 0x0060)), 1);
}

/// "ORIGINAL\PRIMARY\LOCALIZER"
bool is_localiser(const std::string& image_type) {
  return image_type.find("LOCALIZER") != std::string::npos;
}

Point3 unit(double x, double y, double z) {
  const double length = std::sqrt(x * x + y * y + z * z);
  return {x / length, y / length, z / length};
}

/// Where a plane lies; says in `damage` what is missing.
void take_plane(const DataSet* position, const DataSet* orientation, const DataSet* spacing, Frame& frame) {
  const auto at = position ? decimals(*position, Tag(0x0020, 0x0032)) : std::vector<double>();
  const auto along = orientation ? decimals(*orientation, Tag(0x0020, 0x0037)) : std::vector<double>();
  const auto apart = spacing ? decimals(*spacing, Tag(0x0028, 0x0030)) : std::vector<double>();
  if (at.size() != 3 || along.size() != 6 || apart.size() != 2) {
    frame.damage = "it does not state position, orientation and pixel spacing";
    return;
  }
  std::copy(at.begin(), at.end(), frame.position_lps_mm.begin());
  frame.i_lps = unit(along[0], along[1], along[2]);
  frame.j_lps = unit(along[3], along[4], along[5]);
  frame.spacing_mm = {apart[1], apart[0], 0};  // the file states the distance of rows first
  double cosine = 0;
  for (std::size_t r = 0; r < 3; ++r) cosine += frame.i_lps[r] * frame.j_lps[r];
  constexpr double right_angle = 1e-3;
  if (!(std::abs(cosine) < right_angle) || !(apart[0] > 0) || !(apart[1] > 0)) {
    frame.damage = "its rows and columns are not at right angles, or have no size";
  }
}

void take_rescale(const DataSet* set, Frame& frame) {
  const auto slope = set ? decimal(*set, Tag(0x0028, 0x1053)) : std::nullopt;
  const auto intercept = set ? decimal(*set, Tag(0x0028, 0x1052)) : std::nullopt;
  frame.has_rescale = slope && intercept && *slope != 0;
  if (frame.has_rescale) {
    frame.slope = *slope;
    frame.intercept = *intercept;
  }
}

/// What all frames of a file have in common.
Frame common_frame(const DataSet& set, const std::filesystem::path& file, const std::string& modality) {
  Frame frame;
  frame.file = file;
  frame.modality = modality;
  take_identity(set, frame);
  take_marks(set, frame);
  take_parameters(set, frame);
  frame.localiser = is_localiser(text(set, Tag(0x0008, 0x0008)));
  frame.shape_ijk = {static_cast<std::int64_t>(binary(set, Tag(0x0028, 0x0011)).value_or(0)),
                     static_cast<std::int64_t>(binary(set, Tag(0x0028, 0x0010)).value_or(0)), 1};
  if (frame.shape_ijk[0] < 1 || frame.shape_ijk[1] < 1) frame.damage = "it has no rows or columns";
  const bool is_signed = binary(set, Tag(0x0028, 0x0103)).value_or(0) != 0;
  frame.padding = binary(set, Tag(0x0028, 0x0120), is_signed);
  if (frame.padding) frame.padding_limit = binary(set, Tag(0x0028, 0x0121), is_signed);
  return frame;
}

/// The first item of a macro's sequence, of the frame's own functional groups or of those that all share.
const DataSet* macro(const DataSet* own, const DataSet* shared, const Tag& tag) {
  const DataSet* found = own != nullptr ? item(*own, tag) : nullptr;
  return found == nullptr && shared != nullptr ? item(*shared, tag) : found;
}

Frame enhanced_frame(const Frame& common, std::int64_t number, const DataSet* own, const DataSet* shared) {
  Frame frame = common;
  frame.number = number;
  const auto at = [&](std::uint16_t group, std::uint16_t element) { return macro(own, shared, Tag(group, element)); };
  take_plane(at(0x0020, 0x9113), at(0x0020, 0x9116), at(0x0028, 0x9110), frame);
  take_rescale(at(0x0028, 0x9145), frame);
  if (const DataSet* content = at(0x0020, 0x9111)) {
    mark(frame, "acquisition", binary(*content, Tag(0x0020, 0x9156)));
    mark(frame, "time point", binary(*content, Tag(0x0020, 0x9128)));
    mark(frame, "stack id", text(*content, Tag(0x0020, 0x9056)));
  }
  if (const DataSet* echo = at(0x0018, 0x9114)) {
    const auto echo_time = binary(*echo, Tag(0x0018, 0x9082));
    mark(frame, "echo time", echo_time);
    take_parameter(frame, "EchoTime", echo_time, 1e-3);
  }
  if (const DataSet* diffusion = at(0x0018, 0x9117))
    mark(frame, "diffusion b", binary(*diffusion, Tag(0x0018, 0x9087)));
  if (const DataSet* timing = at(0x0018, 0x9112)) {
    take_parameter(frame, "RepetitionTime", decimal(*timing, Tag(0x0018, 0x0080)), 1e-3);
    take_parameter(frame, "FlipAngle", decimal(*timing, Tag(0x0018, 0x1314)), 1);
  }
  for (const Tag& types : {Tag(0x0018, 0x9329), Tag(0x0018, 0x9226)}) {
    const DataSet* type = macro(own, shared, types);
    if (type == nullptr) continue;
    const std::string words = text(*type, Tag(0x0008, 0x9007));
    mark(frame, "image type", words);
    mark(frame, "complex part", text(*type, Tag(0x0008, 0x9208)));
    frame.localiser = frame.localiser || is_localiser(words);
  }
  return frame;
}

/// All frames of an image file.
std::vector<Frame> frames_of(const DataSet& set, const Frame& common) {
  const auto own = items(set, Tag(0x5200, 0x9230));
  const DataSet* shared = item(set, Tag(0x5200, 0x9229));
  const auto count = static_cast<std::int64_t>(decimal(set, Tag(0x0028, 0x0008)).value_or(1));
  std::vector<Frame> frames;
  if (own.empty() && shared == nullptr) {
    Frame frame = common;
    take_plane(&set, &set, &set, frame);
    take_rescale(&set, frame);
    if (count > 1) frame.damage = "it has several frames and does not say where each lies";
    frames.push_back(frame);
    return frames;
  }
  if (count != static_cast<std::int64_t>(own.size())) {
    Frame frame = common;
    frame.damage = "it has not as many descriptions of frames as frames";
    frames.push_back(frame);
    return frames;
  }
  for (std::int64_t n = 0; n < count; ++n) {
    frames.push_back(enhanced_frame(common, n, own[static_cast<std::size_t>(n)], shared));
  }
  return frames;
}

/// Whether the fragments of compressed pixels, which begin at `position`, end before the item that closes them: some
/// decoders make up what lacks.
bool lacks_fragments(const std::filesystem::path& file, std::size_t position) {
  std::ifstream stream(file, std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(position));
  constexpr std::uint32_t closing = 0xe0ddfffe;
  struct {
    std::uint32_t tag, bytes;
  } item;
  while (stream.read(reinterpret_cast<char*>(&item), sizeof item)) {
    if (item.tag == closing) return false;
    stream.seekg(item.bytes, std::ios::cur);
  }
  return true;
}

/// Whether the file ends before its pixels do, which begin at `position`. Native pixels have a size that must be there:
/// GDCM fills up what lacks with zeros and reports success.
bool is_cut(const gdcm::Reader& reader, const std::filesystem::path& file, std::size_t position) {
  const DataSet& set = reader.GetFile().GetDataSet();
  const gdcm::TransferSyntax& syntax = reader.GetFile().GetHeader().GetDataSetTransferSyntax();
  if (syntax == gdcm::TransferSyntax::DeflatedExplicitVRLittleEndian) return false;  // zlib would not end
  if (syntax.IsEncapsulated()) return lacks_fragments(file, position);
  const double bits = binary(set, Tag(0x0028, 0x0100)).value_or(16) * binary(set, Tag(0x0028, 0x0010)).value_or(0) *
                      binary(set, Tag(0x0028, 0x0011)).value_or(0) * decimal(set, Tag(0x0028, 0x0008)).value_or(1);
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  return error || static_cast<double>(size) < static_cast<double>(position) + bits / 8;
}

dicom::FileHeader look_into(const std::filesystem::path& file) {
  dicom::FileHeader header;
  gdcm::Reader reader;
  reader.SetFileName(file.c_str());
  if (!reader.ReadUpToTag(pixel_data, {pixel_data})) {
    header.damage = "a DICOM file that is cut or damaged";
    return header;
  }
  const DataSet& set = reader.GetFile().GetDataSet();
  std::string kind = text(set, Tag(0x0008, 0x0016));
  if (kind.empty()) kind = text(reader.GetFile().GetHeader(), Tag(0x0002, 0x0002));
  const std::string modality = modality_of(kind);
  if (kind == "1.2.840.10008.1.3.10") {
    header.left_out = "DICOM directories";
  } else if (kind.rfind("1.2.840.10008.5.1.4.1.1.7", 0) == 0) {
    header.left_out = "secondary captures";
  } else if (modality.empty()) {
    header.left_out = "DICOM objects that are no CT or MR images";
  } else if (binary(set, Tag(0x0028, 0x0002)).value_or(1) != 1) {
    header.left_out = "colour images";
  } else {
    header.frames = frames_of(set, common_frame(set, file, modality));
    if (is_cut(reader, file, reader.GetStreamCurrentPosition())) {
      header.damage = "a DICOM file that is cut";  // its frames tell which series lacks them
    }
  }
  return header;
}

/// Values of `bits` bits up to `high_bit` of each stored word: what lies above are overlays of old files, or the sign.
template <class Word>
void widen(const std::vector<char>& bytes, unsigned bits, unsigned high_bit, bool is_signed, dicom::Stored& to) {
  const std::size_t count = bytes.size() / sizeof(Word);
  const std::uint64_t mask = (std::uint64_t{1} << bits) - 1, sign = std::uint64_t{1} << (bits - 1);
  const unsigned shift = high_bit + 1 - bits;
  to.resize(count);
  for (std::size_t n = 0; n < count; ++n) {
    Word word;
    std::memcpy(&word, bytes.data() + n * sizeof word, sizeof word);
    const std::uint64_t value = (static_cast<std::uint64_t>(word) >> shift) & mask;
    const bool negative = is_signed && (value & sign) != 0;
    to[n] = static_cast<std::int32_t>(negative ? static_cast<std::int64_t>(value) - static_cast<std::int64_t>(mask) - 1
                                               : static_cast<std::int64_t>(value));
  }
}

dicom::Stored stored_of(const gdcm::Image& image) {
  const gdcm::PixelFormat format = image.GetPixelFormat();
  const bool is_signed = format.GetPixelRepresentation() != 0;
  const unsigned bits = format.GetBitsStored(), high = format.GetHighBit();
  if (format.GetSamplesPerPixel() != 1 || bits < 1 || bits > 32 || high + 1 < bits ||
      high >= format.GetBitsAllocated() || (bits == 32 && !is_signed)) {
    throw Error("the pixels of an image are stored in a way that is not read");
  }
  std::vector<char> bytes(image.GetBufferLength());
  if (!image.GetBuffer(bytes.data())) throw Error("the pixels of an image cannot be decoded");
  dicom::Stored stored;
  switch (format.GetBitsAllocated()) {
    case 8:
      widen<std::uint8_t>(bytes, bits, high, is_signed, stored);
      break;
    case 16:
      widen<std::uint16_t>(bytes, bits, high, is_signed, stored);
      break;
    case 32:
      widen<std::uint32_t>(bytes, bits, high, is_signed, stored);
      break;
    default:
      throw Error("the pixels of an image have neither 8, 16 nor 32 bits");
  }
  return stored;
}

}  // namespace

dicom::FileHeader read_dicom_header(const std::filesystem::path& file) {
  silence_gdcm();
  dicom::FileHeader header;
  const std::ifstream stream(file, std::ios::binary);
  std::error_code error;
  const bool hidden = file.filename().string().front() == '.';
  if (!stream || (!hidden && std::filesystem::file_size(file, error) == 0)) {
    header.damage = "a file that is empty or cannot be opened";  // names mean nothing: it may have been an image
    header.unread = true;
    return header;
  }
  if (!may_be_dicom(file)) {
    header.left_out = dicom::no_dicom;
    return header;
  }
  try {
    if (dicom::header_is_cut(file)) {
      header.damage = "a DICOM file that is cut";
      return header;
    }
    return look_into(file);
  } catch (const std::exception&) {  // GDCM throws several types; none of their texts is for people
    header.damage = "a DICOM file that is cut or damaged";
    return header;
  }
}

dicom::Stored read_dicom_pixels(const std::filesystem::path& file) {
  silence_gdcm();
  try {
    gdcm::ImageReader reader;
    reader.SetFileName(file.c_str());
    if (!reader.Read()) throw Error("an image is cut or damaged, or compressed in a way that is not read");
    return stored_of(reader.GetImage());
  } catch (const Error&) {
    throw;
  } catch (const std::exception&) {
    throw Error("the pixels of an image cannot be read");
  }
}

}  // namespace gdm::itk_part
