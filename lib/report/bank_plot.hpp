// The picture of a bank: where its patches lie, and how far apart.
#pragma once

#include "engine/bank.hpp"
#include "picture/png.hpp"

namespace gdm::report {

/// Left: the upright patches on their first two principal axes, coloured by stratum. Right: for each level a histogram
/// of the distances between entries of different patients and to the nearest entry of another patient, in units of the
/// mean distance; the last bin holds all beyond.
picture::Picture bank_plot(const engine::BankPicture& bank);

}  // namespace gdm::report
