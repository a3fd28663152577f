// What a file is by its first bytes, in the words of messages, for readers that expected something else.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gdm {

inline constexpr const char* nifti_content = "a NIfTI volume";
inline constexpr const char* safetensors_content = "a safetensors file";
inline constexpr const char* dicom_content = "a DICOM file";
inline constexpr const char* gzip_content = "gzip data";
inline constexpr const char* json_content = "JSON";
inline constexpr const char* plain_text_content = "text";

/// As many of the first bytes as all kinds need.
constexpr std::size_t content_kind_bytes = 540;

/// One of those above, or a format that is none of gdm's and that people try or servers hand out instead of a file:
/// "an HTML page", "a git-lfs pointer ...", "a DICOM file", ...; "" for what is not known.
std::string content_kind(std::string_view start);

/// content_kind() of what gzip data hold, as far as the start tells it; "" for other data and where it is damaged.
std::string packed_content_kind(std::string_view start);

}  // namespace gdm
