// What a tissue gives in an MR image: the steady-state signal of two sequences.
#pragma once

#include <array>
#include <utility>

#include "sys/names.hpp"

namespace gdm::phantom {

enum class Sequence { se, spgr };

struct Relaxation {
  double t1_ms = 0, t2_ms = 0, t2star_ms = 0;
};

struct Timing {
  Sequence sequence = Sequence::se;
  double tr_ms = 500, te_ms = 12;
  double flip_deg = 30;  ///< of spgr; a spin echo has 90 and 180 degrees
};

/// Throws Error (Exit::usage) unless 0 < TE < TR and 0 < flip angle <= 90 degrees.
void check(const Timing& timing);

/// Spin echo, 90 and 180 degrees, as a share of the equilibrium magnetisation:
/// (1 - 2 exp(-(TR - TE/2) / T1) + exp(-TR / T1)) exp(-TE / T2) (Bernstein, King & Zhou 2004, "Handbook of MRI Pulse
/// Sequences", section 14.3). The refocusing pulse is why it is a little less than 1 - exp(-TR / T1).
double spin_echo(double tr_ms, double te_ms, const Relaxation& tissue);

/// Spoiled gradient echo (FLASH), the same share: sin a (1 - E1) / (1 - E1 cos a) exp(-TE / T2*), E1 = exp(-TR / T1)
/// (Haase et al. 1986, J. Magn. Reson. 67:258-266).
double spoiled_gradient_echo(double tr_ms, double te_ms, double flip_deg, const Relaxation& tissue);

/// The flip angle of the largest spoiled signal, acos(exp(-TR / T1)) (Ernst & Anderson 1966, Rev. Sci. Instrum.
/// 37:93-102).
double ernst_angle_deg(double tr_ms, double t1_ms);

/// Whichever the timing names.
double signal_of(const Timing& timing, const Relaxation& tissue);

}  // namespace gdm::phantom

template <>
struct gdm::Names<gdm::phantom::Sequence> {
  static constexpr std::array list{std::pair{phantom::Sequence::se, "se"}, std::pair{phantom::Sequence::spgr, "spgr"}};
};
