// Files are told apart by what they are, not by their names. Only outputs that exist can be lost, so a manifest's files
// are looked at where there is one: mostly there is none, and manifests have hundreds of thousands of files.
#include "cli/outputs.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <set>
#include <utility>

#include "io/nifti/nifti.hpp"
#include "io/paths.hpp"
#include "io/sidecar.hpp"
#include "sys/error.hpp"

namespace gdm::cli {
namespace {

using Identity = std::pair<dev_t, ino_t>;
using Outputs = std::map<Identity, fs::path>;

bool is_none(const fs::path& path) {
  return path.empty() || path == "-";
}

/// Two names of one file that does not exist yet are found by this. Many files share a few folders, and to resolve one
/// the system is asked several times.
class FullNames {
 public:
  std::string operator()(const fs::path& path) {
    const auto [folder, fresh] = folders_.emplace(path.parent_path().string(), "");
    if (fresh) folder->second = path_from("/", path.parent_path() / "x");
    return folder->second + "/" + path.filename().string();
  }

 private:
  std::map<std::string, std::string> folders_;
};

/// Streams and terminals may well be read and written.
bool identify(const fs::path& path, Identity& identity) {
  struct stat status = {};
  const bool found = path == "-" ? ::fstat(STDIN_FILENO, &status) == 0 : ::stat(path.c_str(), &status) == 0;
  if (!found || !S_ISREG(status.st_mode)) return false;
  identity = {status.st_dev, status.st_ino};
  return true;
}

Outputs existing(const std::vector<fs::path>& outputs) {
  Outputs found;
  std::set<std::string> names;
  FullNames full_name;
  for (const fs::path& output : outputs) {
    if (is_none(output)) continue;
    Identity identity;
    const bool exists = identify(output, identity);
    std::error_code ignored;
    const bool stream = !exists && fs::exists(output, ignored);
    if (!stream && (!names.insert(full_name(output)).second || (exists && !found.emplace(identity, output).second))) {
      throw Error(output.string() + ": two outputs are this one file", Exit::usage);
    }
  }
  return found;
}

/// Throws Error if `input` is one of the outputs.
void check(const Outputs& outputs, const fs::path& input, const std::function<std::string()>& what) {
  Identity identity;
  if (input.empty() || !identify(input, identity)) return;  // "-" may be a file that was redirected
  const auto found = outputs.find(identity);
  if (found == outputs.end()) return;
  throw Error(fmt::format("{}: is read by this run ({}) and cannot be its output, even with --force; give another name",
                          found->second.string(), what()),
              Exit::usage);
}

/// The volume, its sidecar, and the other of .hdr and .img.
void check_volume(const Outputs& outputs, const fs::path& volume, const std::function<std::string()>& what) {
  check(outputs, volume, what);
  check(outputs, sidecar_path(volume),
        [&] { return fmt::format("the sidecar of {}, {}", volume.filename().string(), what()); });
  for (const auto& [one, other] : {std::pair(".hdr", ".img"), std::pair(".img", ".hdr")}) {
    if (volume.extension() == one) check(outputs, fs::path(volume).replace_extension(other), what);
  }
}

void check_case(const Outputs& outputs, const Case& item) {
  const auto volume = [&](const fs::path& path, const std::string& role) {
    check_volume(outputs, path, [&] { return fmt::format("the {} of case '{}'", role, item.id); });
  };
  for (const auto& [name, path] : item.inputs) volume(path, "'" + name + "'");
  if (item.target) volume(*item.target, "target");
  if (item.mask) volume(*item.mask, "mask");
  if (item.prediction) volume(*item.prediction, "prediction");
}

}  // namespace

void refuse_outputs_that_are_read(const RunInputs& inputs, const std::vector<fs::path>& outputs) {
  const Outputs there = existing(outputs);
  if (there.empty()) return;
  for (const fs::path& file : inputs.files) {
    check(there, file, [] { return std::string("an input"); });
    if (without_nifti_suffix(file) != file) check_volume(there, file, [] { return std::string("an input"); });
  }
  for (const Manifest* manifest : inputs.manifests) {
    for (const Case& item : manifest->cases) check_case(there, item);
  }
}

void add_volume(std::vector<fs::path>& outputs, const fs::path& volume) {
  if (is_none(volume)) return;
  outputs.push_back(volume);
  outputs.push_back(sidecar_path(volume));
}

void refuse_folder_inside(const fs::path& folder, const std::vector<fs::path>& inputs) {
  if (folder == "-") throw Error("-o: what is made are files in a folder, so it cannot go to stdout", Exit::usage);
  const fs::path inner = fs::weakly_canonical(folder);
  for (const fs::path& input : inputs) {
    const fs::path relative = inner.lexically_relative(fs::weakly_canonical(input));
    if (!relative.empty() && *relative.begin() != "..") {
      throw Error(
          fmt::format("-o {}: lies in {}, where it would be read the next time", folder.string(), input.string()),
          Exit::usage);
    }
  }
}

}  // namespace gdm::cli
