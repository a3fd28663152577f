// The one way gdm writes a file: a temporary file in the target's own folder, every write checked, fsync of file and
// folder, rename. A reader sees the old file or the whole new one, never a part.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace gdm {

enum class Overwrite { refuse, replace };

/// Throws Error if `path` exists and may not be replaced, if its folder does not exist, or if it is not writable.
/// Tools call it before they compute anything; AtomicFile checks again at the commit.
void check_writable(const std::filesystem::path& path, Overwrite overwrite);

/// Throws Error unless `folder` is one that can be written, or make_folder() would find nothing in its way.
void check_folder(const std::filesystem::path& folder);

/// Creates `folder` and its parents. Throws Error naming the path.
void make_folder(const std::filesystem::path& folder);

class AtomicFile {
 public:
  /// Opens a temporary file beside `path`; removes stray temporaries that a killed run left for the same target.
  AtomicFile(std::filesystem::path path, Overwrite overwrite);
  /// Without commit() the temporary file is removed and the target is untouched.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Writes all bytes or throws Error naming the target and the system's reason.
  void write(const void* data, std::size_t bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }
  /// Flushes to disk and renames onto the target (without replacing an existing file under Overwrite::refuse).
  void commit();

 private:
  std::filesystem::path path_, temporary_;
  Overwrite overwrite_;
  int descriptor_ = -1;
};

/// AtomicFile around one string.
void write_file(const std::filesystem::path& path, std::string_view content, Overwrite overwrite);

/// Writes all bytes to standard output or throws Error ("standard output: No space left on device").
void write_stdout(std::string_view content);

/// A whole file, or standard input for "-". Throws Error if it cannot be read or is larger than `limit_bytes`.
std::string read_file(const std::filesystem::path& path, std::size_t limit_bytes);

}  // namespace gdm
