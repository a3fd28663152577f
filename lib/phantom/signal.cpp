#include "phantom/signal.hpp"

#include <fmt/format.h>

#include <cmath>

#include "sys/angle.hpp"
#include "sys/error.hpp"

namespace gdm::phantom {
namespace {

constexpr double degree = radians_per_degree;

}  // namespace

void check(const Timing& timing) {
  if (!(timing.tr_ms > 0)) throw Error(fmt::format("TR is {} ms, expected more than 0", timing.tr_ms), Exit::usage);
  if (!(timing.te_ms > 0)) throw Error(fmt::format("TE is {} ms, expected more than 0", timing.te_ms), Exit::usage);
  if (timing.te_ms >= timing.tr_ms) {
    throw Error(fmt::format("TE ({} ms) does not fit into TR ({} ms)", timing.te_ms, timing.tr_ms), Exit::usage);
  }
  if (!(timing.flip_deg > 0 && timing.flip_deg <= 90)) {
    throw Error(fmt::format("a flip angle of {} degrees: expected more than 0 and at most 90", timing.flip_deg),
                Exit::usage);
  }
}

double spin_echo(double tr_ms, double te_ms, const Relaxation& tissue) {
  const double longitudinal = 1 - 2 * std::exp(-(tr_ms - te_ms / 2) / tissue.t1_ms) + std::exp(-tr_ms / tissue.t1_ms);
  return longitudinal * std::exp(-te_ms / tissue.t2_ms);
}

double spoiled_gradient_echo(double tr_ms, double te_ms, double flip_deg, const Relaxation& tissue) {
  const double e1 = std::exp(-tr_ms / tissue.t1_ms), angle = flip_deg * degree;
  return std::sin(angle) * (1 - e1) / (1 - e1 * std::cos(angle)) * std::exp(-te_ms / tissue.t2star_ms);
}

double ernst_angle_deg(double tr_ms, double t1_ms) {
  return std::acos(std::exp(-tr_ms / t1_ms)) / degree;
}

double signal_of(const Timing& timing, const Relaxation& tissue) {
  return timing.sequence == Sequence::se ? std::abs(spin_echo(timing.tr_ms, timing.te_ms, tissue))
                                         : spoiled_gradient_echo(timing.tr_ms, timing.te_ms, timing.flip_deg, tissue);
}

}  // namespace gdm::phantom
