// Tables of options: every record is whole, and what files say of the options follows from it.
#include "engine/option_table.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/bank_options.hpp"
#include "engine/pretrain_options.hpp"
#include "engine/training_options.hpp"
#include "io_fixture.hpp"

using namespace gdm;
using namespace gdm::engine;
using gdm_test::contains;
using gdm_test::error_of;

namespace {

/// Whether a number, or each of a list, lies within the limits.
bool within(const Json& value, double low, double high) {
  if (!value.is_array()) return value.get<double>() >= low && value.get<double>() <= high;
  for (const Json& entry : value) {
    if (!within(entry, low, high)) return false;
  }
  return true;
}

/// What is wrong with a default; a derived one is not read before it is replaced.
struct Outside {
  Json value;

  bool operator()(const WholeRange& limits) const {
    return !within(value, static_cast<double>(limits.low), static_cast<double>(limits.high));
  }
  bool operator()(const RealRange& limits) const { return !within(value, limits.low, limits.high); }
  bool operator()(const Words& words) const {
    return std::find(words.begin(), words.end(), value.get<std::string>()) == words.end();
  }
  bool operator()(const ByteSize&) const { return value.get<std::int64_t>() < -1; }
  template <class Other>
  bool operator()(const Other&) const {
    return false;
  }
};

template <class Options>
void check_table(const OptionTable<Options>& table) {
  std::set<std::string> names, letters, keys;
  std::set<const void*> fields;
  Options options;
  for (const Option<Options>& option : table) {
    CAPTURE(option.name);
    CHECK(names.insert(option.name).second);
    CHECK_FALSE(option.name.empty());
    CHECK(option.help.size() > 3);
    CHECK(option.help.back() != '.');  // manual pages add it
    if (!option.letter.empty()) CHECK(letters.insert(option.letter).second);
    const std::string last = option.key.substr(option.key.rfind('.') + 1);
    if (!option.key.empty()) CHECK(keys.insert(last).second);
    CHECK((option.setting == nullptr || !option.key.empty()));
    if (option.shows_default) CHECK_FALSE(std::visit(Outside{option.value({})}, option.limits));
    const Field field = option.field(options);
    const void* place = std::visit(
        [](const auto& value) -> const void* {
          if constexpr (std::is_pointer_v<std::decay_t<decltype(value)>>) return value;
          return nullptr;
        },
        field);
    if (place != nullptr) CHECK(fields.insert(place).second);
  }
}

template <class Enum>
void check_names() {
  const auto names = names_of<Enum>();
  CHECK(std::set<std::string>(names.begin(), names.end()).size() == names.size());
  for (const std::string& name : names) CHECK(name_of(value_named<Enum>(name)) == name);
  CHECK(contains(error_of([] { value_named<Enum>("another"); }), "'another' is none of " + names.front()));
}

/// A table of its own, in which a test may see what the others do not need yet.
struct Tiny {
  std::int64_t steps = 4;
  double share = 0.5, weight = 0;
  Precision precision = Precision::fp32;
};

const OptionTable<Tiny>& tiny_options() {
  static const OptionTable<Tiny> table{
      number("weight", &Tiny::weight, 0.0, 1.0, "Weight").recorded_if_changed("drift.weight"),
      number("steps", &Tiny::steps, 1, 9, "Steps").recorded("steps"),
      number("share", &Tiny::share, 0.0, 1.0, "Share")
          .used_if([](const Tiny& o) { return o.steps > 2; })
          .recorded("drift.share"),
      choice("precision", &Tiny::precision, "Arithmetic").of_this_run()};
  return table;
}

Json tiny_settings(const Tiny& options) {
  return settings_object(settings(tiny_options(), options), {"steps", "drift.share"});
}

}  // namespace

TEST_CASE("options: names, letters, keys and fields of a table are its own, and defaults lie within the limits") {
  check_table(training_options());
  check_table(pretrain_options());
  check_table(bank_options());
}

TEST_CASE("options: one key means one option in all trainings") {
  std::map<std::string, std::string> option_of_key;
  const auto add = [&](const auto& table) {
    for (const auto& option : table) {
      if (option.key.empty()) continue;
      const auto at = option_of_key.emplace(option.key.substr(option.key.rfind('.') + 1), option.name).first;
      CHECK(at->second == option.name);
    }
  };
  add(training_options());
  add(pretrain_options());
}

TEST_CASE("options: names of choices") {
  check_names<Objective>();
  check_names<AdversarialLoss>();
  check_names<model::NoiseSchedule>();
  check_names<model::Solver>();
  check_names<Coordination>();
  check_names<Precision>();
  check_names<Keep>();
  check_names<Score>();
}

TEST_CASE("options: what is recorded is what is used, in the order that files have had") {
  Tiny options;
  CHECK(tiny_settings(options).dump() == R"({"steps":4,"drift":{"share":0.5}})");
  options.weight = 1;
  CHECK(tiny_settings(options).dump() == R"({"steps":4,"drift":{"share":0.5,"weight":1.0}})");
  CHECK(unused(tiny_options(), options).empty());
  options.steps = 2;
  CHECK(tiny_settings(options).dump() == R"({"steps":2,"drift":{"weight":1.0}})");
  CHECK(unused(tiny_options(), options) == Words{"share"});
}

TEST_CASE("options: settings of a training, byte for byte as checkpoints have had them") {
  TrainOptions options;
  options.objective = Objective::regression;
  CHECK(training_settings(options, 3).dump() ==
        R"({"objective":"regression","steps":4000,"batch":2,"accumulate":1,"learning_rate":0.001,"ema":0.999,)"
        R"("precision":"fp32","seed":3,"keep":"last"})");
  options.objective = Objective::gdm;
  options.init = "/somewhere/first.safetensors";
  options.keep = Keep::best;
  options.augment = "light";
  options.fresh_noise_hu = 5;
  options.gradient_l1 = 0.1;
  CHECK(training_settings(options, 3).dump() ==
        R"({"objective":"gdm","steps":4000,"batch":2,"accumulate":1,"learning_rate":0.001,"ema":0.999,)"
        R"("precision":"fp32","seed":3,"init":"first.safetensors","keep":"best mae","augment":"light",)"
        R"("fresh_noise_hu":5.0,"coordination":{"mode":"norm+pcgrad","conflict":1.0,"conflict_edge":0},)"
        R"("start":0.6,"share_end":1.0,"ssim":0.0,"gradient_l1":0.1,"perceptual":0.0,"taps":0,)"
        R"("drift":{"share":0.15,"weight_global":0.25,"weight_local":0.5,"weight_spatial":1.0,"pair_weight":0.0,)"
        R"("temperatures":[0.05,0.2,0.5],"set_global":64,"set_local":256,"ring_batches":64}})");
}

TEST_CASE("options: what an objective does not use") {
  TrainOptions options;
  // Those of a discriminator, of the Frechet distance and of processes speak to their objectives alone, draws to noise.
  const std::set<std::string> others{"frechet", "adversarial",  "adversarial-loss", "r1",         "discriminator-rate",
                                     "source",  "source-noise", "bridge-beta",      "bridge-ode", "noise-schedule",
                                     "nfe",     "draws"};
  const auto of_shares = [&] {
    Words names = unused(training_options(), options);
    const auto of_others = [&](const std::string& name) { return others.count(name) != 0; };
    CHECK(std::count_if(names.begin(), names.end(), of_others) == static_cast<std::ptrdiff_t>(others.size()));
    names.erase(std::remove_if(names.begin(), names.end(), of_others), names.end());
    return names;
  };
  CHECK(of_shares() == Words{"consistency-pull"});
  options.consistency = 3;
  CHECK(of_shares().empty());
  options.objective = Objective::perceptual;
  CHECK(of_shares() == Words{"drift", "weight-global", "weight-local", "weight-spatial", "pair-weight", "set-global",
                             "set-local", "ring-batches", "temperatures"});
  options.objective = Objective::regression;
  const Words alone = of_shares();
  for (const char* name : {"bank", "encoder", "perceptual", "taps", "share-end", "drift-start", "coordination",
                           "conflict", "conflict-edge", "drift"}) {
    CHECK(std::find(alone.begin(), alone.end(), name) != alone.end());
  }
  CHECK(alone.size() == 18);
  options.ssim = 0.1;
  CHECK(of_shares().size() == 13);
  const auto unused_by = [&](Objective objective, const char* name) {
    options.objective = objective;
    const Words names = unused(training_options(), options);
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  CHECK(unused_by(Objective::frechet, "draws"));
  options.noise_channels = 1;
  CHECK_FALSE(unused_by(Objective::frechet, "draws"));
  CHECK_FALSE(unused_by(Objective::frechet, "frechet"));
  CHECK_FALSE(unused_by(Objective::frechet, "ring-batches"));
  CHECK(unused_by(Objective::frechet, "temperatures"));
  CHECK_FALSE(unused_by(Objective::gan, "r1"));
  CHECK(unused_by(Objective::gan, "bank"));
  CHECK_FALSE(unused_by(Objective::flow, "nfe"));
  CHECK(unused_by(Objective::flow, "source-noise"));  // it begins with noise
  CHECK(unused_by(Objective::flow, "ssim"));
  CHECK(unused_by(Objective::bridge, "noise-schedule"));
  CHECK_FALSE(unused_by(Objective::bridge, "bridge-beta"));
  CHECK_FALSE(unused_by(Objective::diffusion, "noise-schedule"));
}

TEST_CASE("options: settings of an encoder's training, byte for byte as checkpoints have had them") {
  const Settings others{{"ema", 0.99}, {"seed", 3}, {"augment", {{"gain", 0.1}}}, {"data", {{"volumes", "target"}}}};
  PretrainOptions options;
  CHECK(pretrain_settings(options, others).dump() ==
        R"({"task":"masked","steps":3000,"batch":4,"patch_voxels":48,"learning_rate":0.001,"ema":0.99,"seed":3,)"
        R"("augment":{"gain":0.1},"validate_every":250,"data":{"volumes":"target"},"mask_ratio":0.5,)"
        R"("mask_cube_voxels":4})");
  options.task = "segment";
  CHECK_FALSE(pretrain_settings(options, others).contains("mask_ratio"));
}
