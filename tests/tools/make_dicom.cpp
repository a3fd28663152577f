// For tests of `gdm-prep dicom`: writes a volume as a DICOM series, whole or with one of the defects that real series
// have.
//   make-dicom VOLUME DIR [KEY=VALUE...]
// Files get names that tell nothing of their order. Values are rounded; stored are value - intercept over slope.
//   modality=CT|MR  patient=ID  person=NAME  series=N  first=0 (of the names of files, to add to a folder)
//   signed=1  bits=16  intercept=0  slope=1  no-rescale=1  slope-step=S (slice k has slope + k * S)
//   padding=VALUE (stored; the first voxel of each slice)  syntax=jpeg-ls|jpeg-2000|rle|jpeg  implicit=1
//   drop=K  move=K:MM  slide=K:MM  noise=MM  tilt=DEGREES  double=K  differ=1 (the doubled slice has other values)
//   echoes=N  times=N  acquisitions=N (with values 100 higher each; acquisitions are one behind the other)
//   structures=1 (an RT Structure Set for the series instead of it; frame=other: in another frame of reference)
//   frames=1 (one enhanced file)  localiser=1  capture=1  cut=K (the file of slice K ends in the middle)
#include <fmt/format.h>
#include <gdcmImageChangeTransferSyntax.h>
#include <gdcmImageReader.h>
#include <gdcmImageWriter.h>
#include <gdcmWriter.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include "image/orientation.hpp"
#include "io/nifti/nifti.hpp"
#include "itk/elements.hpp"
#include "sys/error.hpp"
#include "sys/sha256.hpp"

using namespace gdm;
using gdcm::DataSet;
using gdcm::Tag;
using gdcm::VR;
using itk_part::decimal_text;
using itk_part::put;
using itk_part::put_items;
using itk_part::put_short;

namespace {

class Options {
 public:
  Options(int argc, char** argv) {
    for (int n = 3; n < argc; ++n) {
      const std::string text = argv[n];
      const auto equals = text.find('=');
      if (equals == std::string::npos) throw Error("not KEY=VALUE: " + text);
      values_[text.substr(0, equals)] = text.substr(equals + 1);
    }
  }
  std::string text(const std::string& key, const std::string& otherwise) const {
    const auto found = values_.find(key);
    return found == values_.end() ? otherwise : found->second;
  }
  double number(const std::string& key, double otherwise) const {
    return std::strtod(text(key, decimal_text(otherwise)).c_str(), nullptr);
  }
  bool has(const std::string& key) const { return values_.count(key) != 0; }
  /// "K:MM": the amount for slice k.
  double for_slice(const std::string& key, std::int64_t k) const {
    const std::string value = text(key, "-1:0");
    return std::strtol(value.c_str(), nullptr, 10) == k ? std::strtod(value.c_str() + value.find(':') + 1, nullptr) : 0;
  }

 private:
  std::map<std::string, std::string> values_;
};

/// One slice that is to be written: where its voxels come from, and what tells it from others.
struct Slice {
  std::int64_t k = 0, echo = 1, time = 1, acquisition = 1, copy = 0;
};

std::string uid(const std::string& what) {
  return "1.2.826.0.1.3680043.2.1125.9." +
         std::to_string(std::stoull(sha256_hex(what.data(), what.size()).substr(0, 15), nullptr, 16));
}

double wobble(std::int64_t k) {
  return (k * 37 % 11 - 5) / 5.0;
}

struct Place {
  std::vector<double> position, directions, spacing;
};

Place place_of(const Volume& volume, const Slice& slice, const Options& options) {
  const ItkGeometry g = itk_geometry(volume.grid);
  const double pi = 3.14159265358979323846;
  const double tilt = std::tan(options.number("tilt", 0) * pi / 180);
  const double along = static_cast<double>(slice.k) * g.spacing_mm[2] + options.for_slice("move", slice.k) +
                       options.number("noise", 0) * wobble(slice.k);
  const double sideways = options.for_slice("slide", slice.k) + tilt * along;
  Place place;
  for (std::size_t r = 0; r < 3; ++r) {
    place.position.push_back(g.origin_lps_mm[r] + along * g.direction_lps[r][2] + sideways * g.direction_lps[r][1]);
  }
  for (std::size_t a = 0; a < 2; ++a) {
    for (std::size_t r = 0; r < 3; ++r) place.directions.push_back(g.direction_lps[r][a]);
  }
  place.spacing = {g.spacing_mm[1], g.spacing_mm[0]};
  return place;
}

std::vector<std::uint16_t> pixels_of(const Volume& volume, const Slice& slice, const Options& options) {
  const Index3& shape = volume.grid.shape_ijk;
  const auto count = static_cast<std::size_t>(shape[0] * shape[1]);
  const double slope = options.number("slope", 1) + static_cast<double>(slice.k) * options.number("slope-step", 0);
  const double more =
      100.0 * static_cast<double>(slice.echo + slice.time - 2) + (slice.copy > 0 && options.has("differ") ? 7 : 0);
  const std::uint16_t mask = static_cast<std::uint16_t>((1U << static_cast<unsigned>(options.number("bits", 16))) - 1);
  std::vector<std::uint16_t> pixels(count);
  for (std::size_t n = 0; n < count; ++n) {
    const double value = volume.voxels[static_cast<std::size_t>(slice.k) * count + n] + more;
    const auto stored = static_cast<std::int64_t>(std::llround((value - options.number("intercept", 0)) / slope));
    pixels[n] = static_cast<std::uint16_t>(stored) & mask;
  }
  if (options.has("padding"))
    pixels[0] = static_cast<std::uint16_t>(static_cast<int>(options.number("padding", 0))) & mask;
  return pixels;
}

void put_patient(DataSet& set, const Options& options) {
  put(set, Tag(0x0010, 0x0010), VR::PN, options.text("person", "Secret^Name"));
  put(set, Tag(0x0010, 0x0020), VR::LO, options.text("patient", "hospital-4711"));
  put(set, Tag(0x0010, 0x0030), VR::DA, "19480229");
  put(set, Tag(0x0010, 0x0040), VR::CS, "O");
  put(set, Tag(0x0008, 0x0020), VR::DA, "20010203");
  put(set, Tag(0x0008, 0x0030), VR::TM, "040506");
  const std::string owner = options.text("patient", "hospital-4711") + options.text("modality", "CT");
  put(set, Tag(0x0020, 0x000d), VR::UI, uid("study " + owner));
  put(set, Tag(0x0020, 0x000e), VR::UI, uid("series " + owner + options.text("series", "1")));
  put(set, Tag(0x0020, 0x0011), VR::IS, options.text("series", "1"));
  put(set, Tag(0x0020, 0x0052), VR::UI, uid("frame " + owner));
}

void put_format(DataSet& set, const Volume& volume, const Options& options) {
  const auto bits = static_cast<int>(options.number("bits", 16));
  const bool is_signed = options.number("signed", 1) != 0;
  put_short(set, Tag(0x0028, 0x0002), VR::US, 1);
  put(set, Tag(0x0028, 0x0004), VR::CS, "MONOCHROME2");
  put_short(set, Tag(0x0028, 0x0010), VR::US, static_cast<int>(volume.grid.shape_ijk[1]));
  put_short(set, Tag(0x0028, 0x0011), VR::US, static_cast<int>(volume.grid.shape_ijk[0]));
  put_short(set, Tag(0x0028, 0x0100), VR::US, 16);
  put_short(set, Tag(0x0028, 0x0101), VR::US, bits);
  put_short(set, Tag(0x0028, 0x0102), VR::US, bits - 1);
  put_short(set, Tag(0x0028, 0x0103), VR::US, is_signed ? 1 : 0);
  if (options.has("padding")) {
    put_short(set, Tag(0x0028, 0x0120), is_signed ? VR::SS : VR::US, static_cast<int>(options.number("padding", 0)));
  }
}

void put_rescale(DataSet& set, std::int64_t k, const Options& options) {
  if (options.has("no-rescale")) return;
  const double slope = options.number("slope", 1) + static_cast<double>(k) * options.number("slope-step", 0);
  put(set, Tag(0x0028, 0x1052), VR::DS, decimal_text(options.number("intercept", 0)));
  put(set, Tag(0x0028, 0x1053), VR::DS, decimal_text(slope));
}

const char* class_of(const Options& options) {
  const bool ct = options.text("modality", "CT") == "CT";
  if (options.has("capture")) return "1.2.840.10008.5.1.4.1.1.7";
  if (options.has("frames")) return ct ? "1.2.840.10008.5.1.4.1.1.2.1" : "1.2.840.10008.5.1.4.1.1.4.1";
  return ct ? "1.2.840.10008.5.1.4.1.1.2" : "1.2.840.10008.5.1.4.1.1.4";
}

void put_class(DataSet& set, const std::string& instance, const Options& options) {
  put(set, Tag(0x0008, 0x0008), VR::CS,
      options.has("localiser") ? "ORIGINAL\\PRIMARY\\LOCALIZER" : "ORIGINAL\\PRIMARY\\AXIAL");
  put(set, Tag(0x0008, 0x0016), VR::UI, class_of(options));
  put(set, Tag(0x0008, 0x0018), VR::UI, uid(instance));
  put(set, Tag(0x0008, 0x0060), VR::CS, options.text("modality", "CT"));
  put(set, Tag(0x0018, 0x0050), VR::DS, "2");
}

std::filesystem::path file_of(const std::filesystem::path& folder, const std::string& instance) {
  return folder / sha256_hex(instance.data(), instance.size()).substr(0, 16);
}

void compress(const std::filesystem::path& file, const std::string& name) {
  gdcm::ImageReader reader;
  reader.SetFileName(file.c_str());
  if (!reader.Read()) throw Error("cannot be read again");
  gdcm::ImageChangeTransferSyntax change;
  change.SetTransferSyntax(name == "jpeg-ls"     ? gdcm::TransferSyntax::JPEGLSLossless
                           : name == "jpeg-2000" ? gdcm::TransferSyntax::JPEG2000Lossless
                           : name == "jpeg"      ? gdcm::TransferSyntax::JPEGLosslessProcess14_1
                                                 : gdcm::TransferSyntax::RLELossless);
  change.SetInput(reader.GetImage());
  if (!change.Change()) throw Error("cannot be compressed: " + name);
  gdcm::ImageWriter writer;
  writer.SetFileName(file.c_str());
  writer.SetFile(reader.GetFile());
  writer.SetImage(change.GetOutput());
  if (!writer.Write()) throw Error("cannot be written");
}

void write(DataSet set, const std::filesystem::path& file, const Options& options) {
  gdcm::Writer writer;
  writer.SetFileName(file.c_str());
  writer.GetFile().SetDataSet(set);
  writer.GetFile().GetHeader().SetDataSetTransferSyntax(options.has("implicit")
                                                            ? gdcm::TransferSyntax::ImplicitVRLittleEndian
                                                            : gdcm::TransferSyntax::ExplicitVRLittleEndian);
  if (!writer.Write()) throw Error("cannot be written");
  if (options.has("syntax")) compress(file, options.text("syntax", ""));
}

std::string name_of(const Slice& s, const Options& options) {
  return fmt::format("{} {} {} {} {} {} {} {} {}", options.text("modality", "CT"), options.text("patient", ""),
                     options.text("series", "1"), options.text("first", "0"), s.k, s.echo, s.time, s.acquisition,
                     s.copy);
}

void write_slice(const Volume& volume, const Slice& slice, const std::filesystem::path& folder,
                 const Options& options) {
  const std::string instance = name_of(slice, options);
  DataSet set;
  put_class(set, instance, options);
  put_patient(set, options);
  put_format(set, volume, options);
  put_rescale(set, slice.k, options);
  put(set, Tag(0x0020, 0x0012), VR::IS, std::to_string(slice.acquisition));
  put(set, Tag(0x0020, 0x0013), VR::IS, std::to_string(1000 - slice.k * 7 % 13));
  if (options.has("echoes")) put(set, Tag(0x0018, 0x0081), VR::DS, std::to_string(20 * slice.echo));
  if (options.has("times")) put(set, Tag(0x0020, 0x0100), VR::IS, std::to_string(slice.time));
  const Place place = place_of(volume, slice, options);
  put(set, Tag(0x0020, 0x0032), VR::DS, decimal_text(place.position));
  put(set, Tag(0x0020, 0x0037), VR::DS, decimal_text(place.directions));
  put(set, Tag(0x0028, 0x0030), VR::DS, decimal_text(place.spacing));
  itk_part::put_pixels(set, pixels_of(volume, slice, options));
  const auto file = file_of(folder, instance);
  write(set, file, options);
  if (options.has("cut") && options.number("cut", 0) == static_cast<double>(slice.k)) {
    std::filesystem::resize_file(file, std::filesystem::file_size(file) -
                                           volume.voxels.size() / static_cast<std::size_t>(volume.grid.shape_ijk[2]));
  }
}

DataSet macro(const Tag& tag, const DataSet& content, DataSet into) {
  put_items(into, tag, {content});
  return into;
}

/// One enhanced file, its frames in an order of their own.
void write_frames(const Volume& volume, const std::vector<Slice>& slices, const std::filesystem::path& folder,
                  const Options& options) {
  DataSet set, shared, measures, orientation;
  put_class(set, "frames", options);
  put_patient(set, options);
  put_format(set, volume, options);
  put(set, Tag(0x0028, 0x0008), VR::IS, std::to_string(slices.size()));
  const Place any = place_of(volume, slices.front(), options);
  put(measures, Tag(0x0028, 0x0030), VR::DS, decimal_text(any.spacing));
  put(orientation, Tag(0x0020, 0x0037), VR::DS, decimal_text(any.directions));
  shared = macro(Tag(0x0020, 0x9116), orientation, macro(Tag(0x0028, 0x9110), measures, shared));
  put_items(set, Tag(0x5200, 0x9229), {shared});
  std::vector<DataSet> own;
  std::vector<std::uint16_t> pixels;
  for (const Slice& slice : slices) {
    DataSet frame, position, rescale, content, echo;
    put(position, Tag(0x0020, 0x0032), VR::DS, decimal_text(place_of(volume, slice, options).position));
    put_rescale(rescale, slice.k, options);
    itk_part::put_long(content, Tag(0x0020, 0x9128), static_cast<std::uint32_t>(slice.time));
    frame = macro(Tag(0x0020, 0x9113), position, frame);
    frame = macro(Tag(0x0028, 0x9145), rescale, frame);
    frame = macro(Tag(0x0020, 0x9111), content, frame);
    if (options.has("echoes")) {
      itk_part::put_double(echo, Tag(0x0018, 0x9082), 20.0 * static_cast<double>(slice.echo));
      frame = macro(Tag(0x0018, 0x9114), echo, frame);
    }
    own.push_back(frame);
    const auto some = pixels_of(volume, slice, options);
    pixels.insert(pixels.end(), some.begin(), some.end());
  }
  put_items(set, Tag(0x5200, 0x9230), own);
  itk_part::put_pixels(set, pixels);
  write(set, file_of(folder, "frames" + options.text("first", "0")), options);
}

/// Corners of a rectangle of voxels on slice k, in LPS+ mm, going round from (i0, j0).
std::string rectangle(const Grid& grid, double i0, double j0, double i1, double j1, double k) {
  std::vector<double> numbers;
  for (const auto& [i, j] : {std::pair{i0, j0}, std::pair{i1, j0}, std::pair{i1, j1}, std::pair{i0, j1}}) {
    const Point3 lps = lps_of_ras(grid.ras_of_index({i, j, k}));
    numbers.insert(numbers.end(), lps.begin(), lps.end());
  }
  return decimal_text(numbers);
}

/// "Ring/a": a square of 10 x 10 voxels with a hole of 4 x 4 on slices 2 to 7; "ring_A": two squares of 3 x 3 on slice
/// 4; "Point": no contour that encloses anything.
void write_structures(const Volume& volume, const std::filesystem::path& folder, const Options& options) {
  DataSet set;
  put_patient(set, options);
  put(set, Tag(0x0008, 0x0016), VR::UI, "1.2.840.10008.5.1.4.1.1.481.3");
  put(set, Tag(0x0008, 0x0018), VR::UI, uid("structures"));
  put(set, Tag(0x0008, 0x0060), VR::CS, "RTSTRUCT");
  const std::string owner = options.text("patient", "hospital-4711") + options.text("modality", "CT");
  const std::string frame = options.has("frame") ? uid("another frame") : uid("frame " + owner);
  std::vector<DataSet> rois, contours;
  const auto add = [&](const std::string& name, const std::vector<std::pair<const char*, std::string>>& drawn) {
    DataSet roi, of_roi;
    const std::string number = std::to_string(rois.size() + 1);
    put(roi, Tag(0x3006, 0x0022), VR::IS, number);
    put(roi, Tag(0x3006, 0x0024), VR::UI, frame);
    put(roi, Tag(0x3006, 0x0026), VR::LO, name);
    std::vector<DataSet> all;
    for (const auto& [kind, corners] : drawn) {
      DataSet contour;
      put(contour, Tag(0x3006, 0x0042), VR::CS, kind);
      put(contour, Tag(0x3006, 0x0050), VR::DS, corners);
      all.push_back(contour);
    }
    put(of_roi, Tag(0x3006, 0x0084), VR::IS, number);
    put_items(of_roi, Tag(0x3006, 0x0040), all);
    rois.push_back(roi);
    contours.push_back(of_roi);
  };
  std::vector<std::pair<const char*, std::string>> ring;
  for (int k = 2; k <= 7; ++k) {
    ring.emplace_back("CLOSED_PLANAR", rectangle(volume.grid, 3.5, 4.5, 13.5, 14.5, k));
    ring.emplace_back("CLOSED_PLANAR", rectangle(volume.grid, 6.5, 7.5, 10.5, 11.5, k));
  }
  add("Ring/a", ring);
  add("ring_A", {{"CLOSED_PLANAR", rectangle(volume.grid, 0.5, 0.5, 3.5, 3.5, 4)},
                 {"CLOSED_PLANAR", rectangle(volume.grid, 8.5, 0.5, 11.5, 3.5, 4)}});
  add("Point", {{"POINT", decimal_text(std::vector<double>{1, 2, 3})}});
  put_items(set, Tag(0x3006, 0x0020), rois);
  put_items(set, Tag(0x3006, 0x0039), contours);
  write(set, folder / "structures", options);
}

std::vector<Slice> slices_of(const Volume& volume, const Options& options) {
  std::vector<Slice> slices;
  const std::int64_t nk = volume.grid.shape_ijk[2];
  const auto acquisitions = static_cast<std::int64_t>(options.number("acquisitions", 1));
  for (std::int64_t time = 1; time <= options.number("times", 1); ++time) {
    for (std::int64_t echo = 1; echo <= options.number("echoes", 1); ++echo) {
      for (std::int64_t n = 0; n < nk; ++n) {
        const std::int64_t k = (n * 5 + 3) % nk;  // in an order of its own; 5 must not divide nk
        if (k == static_cast<std::int64_t>(options.number("drop", -1))) continue;
        slices.push_back({k, echo, time, 1 + k * acquisitions / nk, 0});
        if (k == static_cast<std::int64_t>(options.number("double", -1))) slices.push_back({k, echo, time, 1, 1});
      }
    }
  }
  return slices;
}

int make(int argc, char** argv) {
  const Options options(argc, argv);
  const Volume volume = read_volume(argv[1]);
  const std::filesystem::path folder = argv[2];
  std::filesystem::create_directories(folder);
  if (options.has("structures")) {
    write_structures(volume, folder, options);
    return 0;
  }
  const std::vector<Slice> slices = slices_of(volume, options);
  if (options.has("frames")) {
    write_frames(volume, slices, folder, options);
  } else {
    for (const Slice& slice : slices) write_slice(volume, slice, folder, options);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: make-dicom VOLUME DIR [KEY=VALUE...]\n");
    return 2;
  }
  try {
    return make(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "make-dicom: {}\n", error.what());
    return 1;
  }
}
