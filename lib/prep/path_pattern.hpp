// Patterns of file names with {keys}: 'data/{id}/mr.nii.gz', '{patient}_{session}_*.nii'.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace gdm::prep {

/// Values of keys; what a file's place tells of its case.
using Keys = std::map<std::string, std::string>;

/// {key} stands for one or more characters of one folder or file name, as many as can be; a key that comes twice has
/// the same value in both places. * and ? stand for any characters of one name. Nothing matches a leading dot.
class PathPattern {
 public:
  struct Match {
    std::filesystem::path path;
    Keys keys;
  };

  /// Throws Error (Exit::usage) for braces that do not close, a key next to another or to * or ?, a key that is not
  /// made of letters, digits and _, or a name that does not end in .nii or .nii.gz. `option` names it in messages.
  PathPattern(std::string text, std::string option);

  const std::string& text() const { return text_; }
  const std::string& option() const { return option_; }
  /// In the order of their first place.
  const std::vector<std::string>& keys() const { return keys_; }
  /// Files that match, in the order of their paths.
  std::vector<Match> matches() const;

 private:
  std::string text_, option_;
  std::vector<std::string> keys_;
};

}  // namespace gdm::prep
