// Which values pass for HU: phantoms and what is made of them by the ways in which CT leave HU.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "image/hu_check.hpp"
#include "io_fixture.hpp"
#include "phantom/phantom.hpp"
#include "sys/random.hpp"

using namespace gdm;
using gdm_test::contains;
using gdm_test::error_of;

namespace {

const Volume& head() {
  static const Volume ct = phantom::make_case(phantom::Kind::head, 48, 4.5, 1, 0).ct_hu;
  return ct;
}

std::string problem(const std::function<double(double)>& changed) {
  Volume volume = head();
  for (float& v : volume.voxels) v = static_cast<float>(changed(v));
  return hu_problem(volume.voxels);
}

}  // namespace

TEST_CASE("HU: phantoms, padding and crops of the window of values pass") {
  for (const auto kind : {phantom::Kind::head, phantom::Kind::pelvis, phantom::Kind::thorax}) {
    CHECK(hu_problem(phantom::make_case(kind, 32, 8, 1, 0).ct_hu.voxels).empty());
  }
  CHECK(problem([](double hu) { return hu < -900 ? -3024 : hu; }).empty());  // padding
  CHECK(problem([](double hu) { return std::max(hu, -200.0); }).empty());    // a soft-tissue window
  CHECK(problem([](double hu) { return hu < -300 ? 0 : hu; }).empty());      // background set to 0
  CHECK(looks_like_hu(head().voxels));
}

TEST_CASE("HU: scaled, shifted, normalised and foreign values are named for what they lack") {
  CHECK(contains(problem([](double hu) { return (hu + 1000) / 4000 + 0.01; }), "none below 0"));
  CHECK(contains(problem([](double hu) { return (hu + 1000) / 4000 + 0.01; }), "0..1"));
  CHECK(contains(problem([](double hu) { return std::clamp((hu + 200) / 2, 0.0, 255.0); }), "8-bit"));
  CHECK(contains(problem([](double hu) { return std::max(hu + 1024, 0.0); }), "HU + 1024"));
  CHECK(contains(problem([](double hu) { return hu / 1000; }), "normalised"));
  CHECK(contains(problem([](double hu) { return (hu + 400) / 500; }), "normalised"));
  CHECK(contains(problem([](double hu) { return hu < -900 ? -2000 : hu + 1024; }), "HU + 1024"));
  CHECK(contains(problem([](double hu) { return std::round(hu) + 1000; }), "HU + 1024"));  // noise of air below 0
  CHECK(contains(problem([](double hu) { return hu - 1024; }), "subtracted twice"));
  CHECK(contains(problem([](double hu) { return std::max(hu, -1000.0) - 1024; }), "subtracted twice"));
  CHECK(contains(problem([](double hu) { return 10 * hu; }), "where"));
  CHECK(contains(problem([](double hu) { return 0.02 * std::max(0.0, 1 + hu / 1000); }), "attenuation"));
  CHECK(contains(problem([](double hu) { return hu > 900 ? 1e30 : hu; }), "nothing has more than 100000 HU"));
  const Volume mr = phantom::make_case(phantom::Kind::head, 32, 7, 1, 0).mr;
  CHECK_FALSE(hu_problem(mr.voxels).empty());
  CHECK_FALSE(looks_like_hu(mr.voxels));
}

TEST_CASE("HU: a CT in an MR's place is refused, an MR and an MR about 0 are not") {
  CHECK(contains(error_of([] { require_no_ct(head(), "ct.nii: input 'mr'"); }), "ct.nii: input 'mr' looks like a CT"));
  Volume mr = phantom::make_case(phantom::Kind::head, 32, 7, 1, 0).mr;
  CHECK(error_of([&] { require_no_ct(mr, "mr"); }) == "no error");
  for (float& v : mr.voxels) v = (v - 500) / 300;
  CHECK(error_of([&] { require_no_ct(mr, "mr"); }) == "no error");
}

TEST_CASE("HU: images of both signs that are no CT do not look like one") {
  Volume phase = head();
  Random random(1, 1);
  for (float& v : phase.voxels) v = static_cast<float>(random.uniform() * 8192 - 4096);
  CHECK_FALSE(looks_like_hu(phase.voxels));
}

TEST_CASE("HU: the error tells the way on, and the way on is one") {
  Volume volume = head();
  for (float& v : volume.voxels) v += 1100;
  const std::string error = error_of([&] { require_hu(volume, "ct.nii: the target"); });
  CHECK(contains(error, "ct.nii: the target is not in HU"));
  CHECK(contains(error, "--assume-hu"));
  set_assume_hu(true);
  CHECK(error_of([&] { require_hu(volume, "ct.nii: the target"); }) == "no error");
  set_assume_hu(false);
}
