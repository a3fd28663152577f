// Splits drawn by patient.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "io/manifest.hpp"

namespace gdm::prep {

/// How much of the patients goes to train, val and test.
struct SplitShares {
  std::array<double, 3> share{};  ///< percent, or numbers of patients
  bool percent = true;
  int rest = -1;  ///< which of the three numbers of patients is "rest"
};

/// "70,15,15" (percent if the sum is 100), "40,8,12" or "rest,8,12" (patients). Throws Error (Exit::usage).
SplitShares parse_split(const std::string& text);

/// Sets the split of every case, all of a patient's cases to the same. Each patient has a number between 0 and 1 by
/// seed and name alone (SHA-256). Percent: the number decides, so no patient ever moves when others come or go, and the
/// shares hold on average. Numbers of patients: the lowest go to test, the next to val; sizes are exact, and a patient
/// that comes or goes moves at most one other across each border. Throws Error (Exit::usage) if numbers do not fit.
void split_by_patient(std::vector<Case>& cases, const SplitShares& shares, std::uint64_t seed);

}  // namespace gdm::prep
