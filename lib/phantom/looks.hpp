// What the tissues of one subject look like in one CT and one MR scan.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "phantom/tissue.hpp"
#include "sys/random.hpp"

namespace gdm::phantom {

struct MrScan {
  Timing timing;
  FieldStrength field = FieldStrength::tesla_1_5;
  std::optional<double> snr;  ///< brightest tissue to the noise of one channel; none: 45 to 100, drawn for each case
  double thickness_mm = 0;    ///< of slices along k; 0: those of the grid
  bool susceptibility = false;
};

struct CtScan {
  std::int64_t metal = 0;  ///< number of implants
  bool beam_hardening = false;
};

struct Protocol {
  MrScan mr;
  CtScan ct;
  double misregistration_mm = 0;  ///< root mean square of the displacement between MR and CT
};

/// Throws Error (Exit::usage) for a protocol that cannot be: check(Timing), no signal to noise, a susceptibility void
/// of a spin echo, whose refocusing takes it back.
void check(const Protocol& protocol);

struct Look {
  float ct_hu = 0;           ///< mean in this subject
  float ct_texture_hu = 0;   ///< standard deviation of fine structure that the MR does not show
  float expected_hu = 0;     ///< mean over all subjects: all that a label tells of the CT
  float mr = 0;              ///< mean, in the units of brightest_signal
  float mr_texture = 0;      ///< standard deviation
  float susceptibility = 0;  ///< ppm
  float bone = 0, air = 0;   ///< 1 for a tissue of that kind
};

/// What the brightest tissue of a table gives on average: MR intensities are scaled to it, so that every sequence uses
/// the same range of whole numbers. (A scanner's own gain varies from scan to scan; so does this, by up to 10 %.)
constexpr double brightest_signal = 1000;

/// One Look for each tissue of the table, in its order. Values of a subject are normal around the table's, cut at two
/// standard deviations; the density of bone has a part that all bones of a subject share.
std::vector<Look> subject_looks(Random& random, const TissueTable& table, const MrScan& scan);

}  // namespace gdm::phantom
