// The picture of a bank: where its windows lie, and how far apart.
#pragma once

#include "io/png.hpp"
#include "net/network.hpp"

namespace gdm::metrics {

/// Left: the upright windows on their first two principal axes, coloured by stratum. Right: for each level a histogram
/// of the distances between entries of different patients and to the nearest entry of another patient, in units of the
/// mean distance; the last bin holds all beyond.
Picture bank_plot(const net::BankPicture& bank);

}  // namespace gdm::metrics
