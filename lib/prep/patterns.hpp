// Cases by patterns of file names (path_pattern.hpp): one for each file of a case, joined by the values of their keys.
#pragma once

#include <string>
#include <vector>

#include "prep/layout.hpp"
#include "prep/path_pattern.hpp"

namespace gdm::prep {

struct CasePatterns {
  std::vector<std::pair<std::string, PathPattern>> inputs;  ///< by the name of the input
  std::vector<PathPattern> target, mask;                    ///< one or none
};

/// Files whose patterns have the same values for the keys that they share are one case. At least one pattern has all
/// keys; the others may have fewer (one mask for all sessions of a patient). The id is {id}, else the values of all
/// keys joined by "_"; {split} is the split, and all others go to meta. Throws Error if nothing matches, if two files
/// match for one place, or if no pattern has all keys (Exit::usage).
Found find_by_patterns(const CasePatterns& patterns);

}  // namespace gdm::prep
