// The signal equations against their closed forms and limits.
#include "phantom/signal.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "phantom/looks.hpp"
#include "sys/error.hpp"

using namespace gdm;
using namespace gdm::phantom;

namespace {

constexpr Relaxation tissue{800, 80, 50};

}  // namespace

TEST_CASE("signal: a spin echo has its limits") {
  CHECK(spin_echo(1e6, 30, tissue) == doctest::Approx(std::exp(-30.0 / 80)));
  CHECK(spin_echo(500, 1e-9, tissue) == doctest::Approx(1 - std::exp(-500.0 / 800)));
  // By hand: 1 - 2 exp(-490/800) + exp(-500/800) = 0.451273, times exp(-20/80) = 0.778801.
  CHECK(spin_echo(500, 20, tissue) == doctest::Approx(0.351452).epsilon(1e-5));
  // The refocusing pulse costs what recovered between the pulses.
  CHECK(spin_echo(500, 20, tissue) < (1 - std::exp(-500.0 / 800)) * std::exp(-20.0 / 80));
}

TEST_CASE("signal: a spoiled gradient echo has its limits, and its top at the Ernst angle") {
  CHECK(spoiled_gradient_echo(300, 5, 90, tissue) ==
        doctest::Approx((1 - std::exp(-300.0 / 800)) * std::exp(-5.0 / 50)));
  CHECK(spoiled_gradient_echo(1e6, 5, 30, tissue) == doctest::Approx(0.5 * std::exp(-0.1)));  // TR >> T1: sin 30
  const double ernst_deg = ernst_angle_deg(20, 800);
  CHECK(ernst_deg == doctest::Approx(12.758).epsilon(1e-3));  // acos(exp(-1/40))
  const double top = spoiled_gradient_echo(20, 5, ernst_deg, tissue);
  for (const double off : {-3.0, -0.5, 0.5, 3.0}) CHECK(spoiled_gradient_echo(20, 5, ernst_deg + off, tissue) < top);
  // At that angle (1 - E1) / (1 - E1 cos a) sin a = sqrt((1 - E1) / (1 + E1)).
  const double e1 = std::exp(-20.0 / 800);
  CHECK(top == doctest::Approx(std::sqrt((1 - e1) / (1 + e1)) * std::exp(-0.1)));
}

TEST_CASE("signal: times that cannot be are usage errors") {
  CHECK_NOTHROW(check(Timing{}));
  for (const Timing& bad :
       {Timing{Sequence::se, -500, 12, 90}, Timing{Sequence::se, 500, 0, 90}, Timing{Sequence::se, 20, 30, 90},
        Timing{Sequence::spgr, 20, 20, 30}, Timing{Sequence::spgr, 20, 5, 0}, Timing{Sequence::spgr, 20, 5, 91}}) {
    try {
      check(bad);
      FAIL_CHECK("accepted TR ", bad.tr_ms, " TE ", bad.te_ms, " flip ", bad.flip_deg);
    } catch (const Error& error) {
      CHECK(error.exit_class() == Exit::usage);
    }
  }
  Protocol protocol;
  protocol.mr.susceptibility = true;
  CHECK_THROWS_WITH(check(protocol), doctest::Contains("refocuses"));
  protocol.mr.timing.sequence = Sequence::spgr;
  CHECK_NOTHROW(check(protocol));
}

TEST_CASE("looks: T1-weighted order, whole-number range, and contrast that follows the sequence") {
  const TissueTable& table = standard_tissues();
  const auto mean_mr = [&](const MrScan& scan, const std::string& name) {
    double sum = 0;
    for (std::uint64_t n = 0; n < 200; ++n) {
      Random random(3, n);
      sum += subject_looks(random, table, scan)[table.place(name)].mr / 200;
    }
    return sum;
  };
  MrScan t1;
  CHECK(mean_mr(t1, "fat") == doctest::Approx(brightest_signal).epsilon(0.02));
  CHECK(mean_mr(t1, "fat") > 1.5 * mean_mr(t1, "white_matter"));
  CHECK(mean_mr(t1, "white_matter") > 1.1 * mean_mr(t1, "grey_matter"));
  CHECK(mean_mr(t1, "grey_matter") > 1.5 * mean_mr(t1, "csf"));
  CHECK(mean_mr(t1, "csf") > 10 * mean_mr(t1, "compact_bone"));
  CHECK(mean_mr(t1, "air") == 0.0);
  MrScan t2;
  t2.timing = {Sequence::se, 4000, 100, 90};
  CHECK(mean_mr(t2, "csf") > 1.5 * mean_mr(t2, "grey_matter"));
  CHECK(mean_mr(t2, "grey_matter") > mean_mr(t2, "white_matter"));
  MrScan flash;
  flash.timing = {Sequence::spgr, 25, 5, 30};
  flash.field = FieldStrength::tesla_3;
  CHECK(mean_mr(flash, "white_matter") > 1.15 * mean_mr(flash, "grey_matter"));
}

TEST_CASE("looks: bones of a subject share most of their density, and means are the table's") {
  const TissueTable& table = standard_tissues();
  const std::size_t a = table.place("compact_bone"), b = table.place("spongy_bone"), c = table.place("muscle");
  double sums[3] = {}, ab = 0, ac = 0;
  constexpr int subjects = 2000;
  for (std::uint64_t n = 0; n < subjects; ++n) {
    Random random(5, n);
    const auto looks = subject_looks(random, table, MrScan{});
    const auto z = [&](std::size_t t) { return (looks[t].ct_hu - table.tissues[t].hu) / table.tissues[t].hu_between; };
    CHECK(looks[a].expected_hu == static_cast<float>(table.tissues[a].hu));
    sums[0] += z(a) / subjects, sums[1] += z(b) / subjects, sums[2] += z(a) * z(a) / subjects;
    ab += z(a) * z(b) / subjects, ac += z(a) * z(c) / subjects;
  }
  CHECK(std::abs(sums[0]) < 0.1);
  CHECK(std::abs(sums[1]) < 0.1);
  CHECK(sums[2] == doctest::Approx(0.88).epsilon(0.15));  // less than 1: cut at two standard deviations
  CHECK(std::abs(ab / sums[2] - 0.64) < 0.08);
  CHECK(std::abs(ac) < 0.1);
}
