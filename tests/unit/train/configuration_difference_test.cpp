// What makes a checkpoint that of another run is told by the options' names.
#include <doctest/doctest.h>

#include "engine/pretrain_options.hpp"
#include "engine/training_options.hpp"
#include "train/configuration_difference.hpp"

using namespace gdm;
using train::configuration_difference;

namespace {

/// Of trainings with these options and one seed.
std::string difference(const engine::TrainOptions& there, const engine::TrainOptions& here) {
  return configuration_difference({{"training", engine::training_settings(there, 0)}},
                                  {{"training", engine::training_settings(here, 0)}});
}

}  // namespace

TEST_CASE("configuration: numbers are named after their options, whatever their keys are") {
  engine::TrainOptions there, here;
  here.drift = 0.3;
  CHECK(difference(there, here) == "--drift 0.15 there, 0.3 here");
  here.drift_start = 0.5;
  here.coordination = engine::Coordination::mgda;
  here.fresh_noise_hu = 5;
  CHECK(difference(there, here) ==
        "--coordination norm+pcgrad there, mgda here; --drift-start 0.6 there, 0.5 here; --drift 0.15 there, 0.3 here; "
        "--fresh-noise not given there, 5.0 here");
}

TEST_CASE("configuration: numbers of a network have the names that its options have") {
  CHECK(configuration_difference({{"generator", {{"patch_voxels", 48}, {"noise_channels", 0}}}},
                                 {{"generator", {{"patch_voxels", 64}, {"noise_channels", 2}}}}) ==
        "--patch 48 there, 64 here; --noise-channels 0 there, 2 here");
}

TEST_CASE("configuration: a process is told by the options that made it, not by what its network keeps of it") {
  const auto of = [](const char* kind, double beta) {
    return Json{{"generator", {{"process", {{"kind", "bridge"}, {"beta", beta}, {"spread", beta}}}}},
                {"training", {{"objective", kind}, {"process", {{"bridge_beta", beta}}}}}};
  };
  CHECK(configuration_difference(of("bridge", 1), of("bridge", 2)) == "--bridge-beta 1.0 there, 2.0 here");
  CHECK(configuration_difference(of("flow", 1), of("bridge", 1)) == "--objective flow there, bridge here");
  const Json none{{"generator", Json::object()}, {"training", {{"objective", "regression"}}}};
  CHECK(configuration_difference(of("flow", 1), none) == "--objective flow there, regression here");
  CHECK(configuration_difference({{"generator", {{"process", {{"kind", "flow"}}}}}},
                                 {{"generator", {{"process", {{"kind", "bridge"}}}}}}) == "the process");
}

TEST_CASE("configuration: strengths that one option stands for are told by its name") {
  const engine::PretrainOptions options;
  const auto of = [&](double gain) {
    return Json{{"training", engine::pretrain_settings(options, {{"augment", {{"gain", gain}, {"shift", 0.1}}}})}};
  };
  CHECK(configuration_difference(of(0.1), of(0.3)) == "--augment");
}
