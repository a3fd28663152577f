#include "phantom/looks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sys/error.hpp"

namespace gdm::phantom {
namespace {

constexpr double least_gain = 0.9, most_gain = 1.1;
constexpr double shared_density = 0.8;  // of the variance 1 of a bone's density, 0.64 are those of all bones

double nominal_signal(const TissueEntry& tissue, const MrScan& scan) {
  return tissue.proton_density * signal_of(scan.timing, tissue.relaxation[static_cast<std::size_t>(scan.field)]);
}

double gain_of(const TissueTable& table, const MrScan& scan) {
  double brightest = 0;
  for (const TissueEntry& tissue : table.tissues) brightest = std::max(brightest, nominal_signal(tissue, scan));
  if (!(brightest > 1e-9)) {
    throw Error(table.name + ": no tissue gives a signal in this sequence", Exit::usage);
  }
  return brightest_signal / brightest;
}

}  // namespace

void check(const Protocol& protocol) {
  check(protocol.mr.timing);
  if (protocol.mr.snr && !(*protocol.mr.snr > 0)) {
    throw Error(fmt::format("a signal-to-noise ratio of {}: expected more than 0", *protocol.mr.snr), Exit::usage);
  }
  if (protocol.mr.susceptibility && protocol.mr.timing.sequence == Sequence::se) {
    throw Error("a spin echo refocuses what susceptibility dephases: a void needs the sequence spgr", Exit::usage);
  }
}

std::vector<Look> subject_looks(Random& random, const TissueTable& table, const MrScan& scan) {
  const auto bounded_normal = [&] { return std::clamp(random.normal(), -2.0, 2.0); };
  const double gain = gain_of(table, scan) * random.uniform(least_gain, most_gain);
  const double density = bounded_normal(), own_density = std::sqrt(1 - shared_density * shared_density);
  std::vector<Look> looks;
  for (const TissueEntry& tissue : table.tissues) {
    const bool is_bone = tissue.kind == TissueKind::bone;
    double shift = bounded_normal();
    if (is_bone) shift = shared_density * density + own_density * shift;
    Look look;
    look.expected_hu = static_cast<float>(tissue.hu);
    look.ct_hu = static_cast<float>(tissue.hu + tissue.hu_between * shift);
    look.ct_texture_hu = static_cast<float>(tissue.hu_within * random.uniform(0.7, 1.3));
    TissueEntry own = tissue;
    Relaxation& times = own.relaxation[static_cast<std::size_t>(scan.field)];
    times.t1_ms *= 1 + tissue.relaxation_between.t1_ms * bounded_normal();
    times.t2_ms *= 1 + tissue.relaxation_between.t2_ms * bounded_normal();
    times.t2star_ms *= 1 + tissue.relaxation_between.t2star_ms * bounded_normal();
    own.proton_density *= 1 + tissue.proton_density_between * bounded_normal();
    const double signal = gain * nominal_signal(own, scan);
    look.mr = static_cast<float>(signal);
    look.mr_texture = static_cast<float>(signal * tissue.mr_within);
    look.susceptibility = static_cast<float>(tissue.susceptibility_ppm);
    look.bone = is_bone ? 1.0F : 0.0F;
    look.air = tissue.kind == TissueKind::air ? 1.0F : 0.0F;
    looks.push_back(look);
  }
  return looks;
}

}  // namespace gdm::phantom
