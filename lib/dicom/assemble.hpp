// Pixels of a stack to a volume: rescaled slice by slice, padding to air, gaps and tilt resampled where that is wanted.
#pragma once

#include <functional>
#include <string>

#include "dicom/stack.hpp"
#include "sys/error.hpp"

namespace gdm::dicom {

/// Reads the stored values of all frames of a file. Called from several threads. Throws Error without the file's name.
using ReadPixels = std::function<Stored(const std::filesystem::path&)>;

struct AssembleOptions {
  bool keep_tilt = false;      ///< a leaning stack stays as it is, on a sheared grid; otherwise it is resampled
  bool resample_gaps = false;  ///< uneven slices become even ones by linear interpolation; otherwise they are refused
};

struct Assembled {
  Volume volume;                    ///< HU for CT; MR in the units of its rescaling
  std::int64_t padding_voxels = 0;  ///< set to air: -1024 HU in CT, 0 in MR
  std::int64_t doubled_slices = 0;  ///< left out, as they were the same as those kept
  std::int64_t made_slices = 0;     ///< interpolated where there was none
  std::int64_t tilt_outside = 0;    ///< voxels that no slice of a resampled tilt reaches; they hold air
};

/// In CT, values below this are padding even where the file does not say so (-2000, -3024, -32768 are common).
constexpr double lowest_measured_hu = -1500;

/// Why the stack cannot become a volume with these options, before any pixel is read; "" if nothing speaks against it.
/// Slices at one place are judged by assemble(), as they may be the same slice twice.
std::string refusal(const Stack& stack, const AssembleOptions& options);

/// Pixels of a file that cannot be decoded, or are fewer than its header says. The message does not name the file, as
/// names of files may tell of patients.
class PixelError : public Error {
 public:
  PixelError(const Error& cause, std::filesystem::path file) : Error(cause), file(std::move(file)) {}
  std::filesystem::path file;
};

/// Throws Error for what refusal() tells and for slices at one place that differ, PixelError for pixels that cannot be
/// read.
Assembled assemble(const Stack& stack, const AssembleOptions& options, const ReadPixels& read);

}  // namespace gdm::dicom
