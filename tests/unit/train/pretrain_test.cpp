// Pretraining of encoders: augmentation, label maps, tasks, probe, and whole tiny trainings.
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

#include "bank/levels.hpp"
#include "engine/encoder.hpp"
#include "io/nifti/nifti.hpp"
#include "io_fixture.hpp"
#include "nn/residual_encoder.hpp"
#include "nn/step_generator.hpp"
#include "nn/tensor_io.hpp"
#include "phantom/phantom.hpp"
#include "sys/error.hpp"
#include "train/pretrain.hpp"
#include "train/probe.hpp"
#include "train/tasks.hpp"

using namespace gdm;
using namespace gdm::train;
using namespace gdm::data;
using gdm_test::contains;
using gdm_test::error_of;
using torch::Tensor;

namespace {

Tensor some_patches() {
  torch::manual_seed(5);
  return torch::rand({3, 1, 16, 16, 16}) * 2 - 1;
}

/// The task of one (seed, step) for patches.
Task task_at(const TaskMaker& tasks, const Tensor& patches, std::int64_t step) {
  at::Generator generator = nn::step_generator(4, step);
  Batch batch;
  batch.target = patches;
  batch.mask = torch::ones_like(patches, torch::kUInt8);
  return tasks.make(batch, generator);
}

TaskMaker maker(const std::string& task, const std::string& strength, std::optional<LabelClasses> labels = {}) {
  engine::PretrainOptions options;
  options.task = task;
  return {options, strength_from_name(strength), std::move(labels), ValueClasses(Source{}, nn::HuMap{})};
}

/// Phantom heads with target, MR and labels (HU classes as a label map) in a folder.
struct Cases {
  gdm_test::TemporaryFolder folder;
  Manifest manifest;
  explicit Cases(std::int64_t count, std::int64_t validation) {
    manifest.task = "mr2ct";
    for (std::int64_t n = 0; n < count; ++n) {
      const auto pair = phantom::make_case(phantom::Kind::head, 32, 7.0, 1, static_cast<std::uint64_t>(n));
      Case item;
      item.id = "p" + std::to_string(n);
      item.split = n < count - validation ? "train" : "val";
      item.target = folder / (item.id + "_ct.nii");
      item.inputs["mr"] = folder / (item.id + "_mr.nii");
      item.mask = folder / (item.id + "_mask.nii");
      Volume labels = pair.ct_hu;
      for (float& voxel : labels.voxels)
        voxel = voxel > 300 ? 515.0F : voxel > -20 ? 507.0F : voxel > -300 ? 3.0F : 0.0F;
      write_volume(*item.target, pair.ct_hu, VoxelType::int16_hu, Overwrite::refuse);
      write_volume(item.inputs["mr"], pair.mr, VoxelType::int16_hu, Overwrite::refuse);
      write_volume(folder / (item.id + "_labels.nii"), labels, VoxelType::int16_hu, Overwrite::refuse);
      write_mask(*item.mask, pair.body, Overwrite::refuse);
      manifest.cases.push_back(item);
    }
  }
  void use_labels() {
    for (Case& item : manifest.cases) item.inputs["labels"] = folder / (item.id + "_labels.nii");
  }
};

engine::PretrainOptions tiny(const Cases& cases, const std::string& task, const std::string& name = "e") {
  engine::PretrainOptions options;
  options.task = task;
  options.output = cases.folder / (name + ".safetensors");
  options.log = cases.folder / (name + ".jsonl");
  options.widths = {8, 8, 16};
  options.patch = 16;
  options.batch = 2;
  options.steps = 4;
  options.validate_every = 2;
  return options;
}

Provenance plain_provenance() {
  Provenance provenance("test", {});
  provenance.reproducible = true;
  return provenance;
}

bool train_tiny(const Cases& cases, const engine::PretrainOptions& options) {
  Provenance provenance = plain_provenance();
  return pretrain_encoder(cases.manifest, options, {"cpu", 1, 3}, provenance);
}

}  // namespace

TEST_CASE("augmentation: shape and range stay, (seed, step) decides alone, and each strength changes more") {
  const Tensor patches = some_patches();
  double before = -1;
  for (const char* name : {"none", "light", "medium", "strong"}) {
    const Strength strength = strength_from_name(name);
    at::Generator one = nn::step_generator(1, 2), same = nn::step_generator(1, 2), other = nn::step_generator(1, 3);
    const auto changed = [&](at::Generator& g) {
      return random_noise(random_appearance(patches, strength, g), strength, g);
    };
    torch::rand({5});  // the default generator's state must not matter
    const Tensor a = changed(one);
    CHECK(a.sizes() == patches.sizes());
    CHECK(a.abs().max().item<double>() <= 1.0);
    CHECK(torch::equal(a, changed(same)));
    const double change = (a - patches).abs().mean().item<double>();
    CHECK(change > before);
    CHECK((changed(other) - a).abs().max().item<double>() >= (change > 1e-6 ? 1e-3 : 0.0));
    before = change;
    if (std::string(name) == "none") CHECK(torch::allclose(a, patches, 0, 1e-6));
  }
  CHECK_THROWS_AS(strength_from_name("some"), Error);
}

TEST_CASE("augmentation: views permute the voxels of each patch for itself, blur keeps means and lowers variance") {
  const Tensor patches = some_patches();
  at::Generator generator = nn::step_generator(1, 2);
  const Tensor turned = random_views(patches, generator);
  CHECK(torch::equal(std::get<0>(turned.flatten(1).sort(1)), std::get<0>(patches.flatten(1).sort(1))));
  CHECK_FALSE(torch::equal(turned, patches));
  const Tensor smooth = blurred(patches, torch::tensor({0.0F, 1.0F, 2.0F}));
  CHECK(torch::allclose(smooth[0], patches[0], 1e-5, 1e-6));
  CHECK(smooth[1].mean().item<double>() == doctest::Approx(patches[1].mean().item<double>()).epsilon(0.2));
  CHECK(smooth[1].var().item<double>() < 0.2 * patches[1].var().item<double>());
  CHECK(smooth[2].var().item<double>() < smooth[1].var().item<double>());
  // Not along one axis alone: an impulse spreads alike in all directions.
  Tensor impulse = torch::zeros({1, 1, 15, 15, 15});
  impulse[0][0][7][7][7] = 1;
  const Tensor ball = blurred(impulse, torch::tensor({1.0F}))[0][0];
  CHECK(ball[6][7][7].item<float>() == doctest::Approx(ball[7][7][8].item<float>()));
  CHECK(ball[7][6][7].item<float>() == doctest::Approx(ball[7][7][7].item<float>() * std::exp(-0.5)).epsilon(1e-3));
}

TEST_CASE("labels: classes follow the groups, what does not fit is refused") {
  const std::set<std::int64_t> values{0, 3, 507, 515};
  const LabelClasses each(values), grouped(values, Json{{"bone", {515, 516}}, {"soft", {3, 507}}});
  CHECK(each.classes() == 4);
  CHECK(grouped.labels() == 4);
  CHECK(grouped.names() == std::vector<std::string>{"background", "soft", "bone"});
  const Tensor places = grouped.places(torch::tensor({515.0F, 0.0F, 3.0F, 507.0F}));
  CHECK(torch::equal(grouped.classes_of(places), torch::tensor({2, 0, 1, 1})));
  CHECK(grouped.classes_of(torch::tensor({-1.0F})).item<std::int64_t>() == 0);  // beyond the volume
  CHECK_THROWS_AS(grouped.places(torch::tensor({4.0F})), Error);
  CHECK(contains(error_of([&] { LabelClasses(values, Json{{"bone", {515}}, {"soft", {3}}}); }), "507"));
  CHECK(contains(error_of([&] { LabelClasses(values, Json{{"a", {515}}, {"b", {515}}}); }), "'a' and in 'b'"));
  CHECK(contains(error_of([&] { LabelClasses(values, Json{{"a", 515}}); }), "expected an array"));
  CHECK(contains(error_of([&] { LabelClasses(values, Json::array()); }), "expected an object"));
  CHECK(contains(error_of([] { label_values(torch::tensor({0.0F, 1.5F})); }), "1.5"));
  CHECK(contains(error_of([] { label_values(torch::tensor({-1024.0F, 3.0F})); }), "-1024"));
  CHECK(contains(error_of([] { label_values(torch::zeros({8})); }), "one value"));
}

TEST_CASE("painter: every label of every patch has its own mean and texture") {
  const Tensor places =
      (torch::arange(2 * 4096) / 1024).floor().remainder(4).view({2, 1, 16, 16, 16}).to(torch::kFloat32);
  at::Generator generator = nn::step_generator(7, 0);
  const Tensor image = paint_labels(places, 4, generator);
  CHECK(image.sizes() == places.sizes());
  CHECK(image.abs().max().item<double>() <= 1.0);
  for (std::int64_t patch = 0; patch < 2; ++patch) {
    std::vector<double> means;
    for (int label = 0; label < 4; ++label) {
      const Tensor voxels = image[patch].masked_select(places[patch] == label);
      means.push_back(voxels.mean().item<double>());
      CHECK(voxels.std().item<double>() < 0.2);
      if (label > 0) CHECK(voxels.std().item<double>() > 1e-4);
    }
    std::sort(means.begin(), means.end());
    for (std::size_t n = 1; n < means.size(); ++n) CHECK(means[n] - means[n - 1] > 0.02);
  }
}

TEST_CASE("tasks: the hidden part has the ratio and is zero, classes go with what is painted") {
  const Tensor patches = some_patches();
  const TaskMaker masked = maker("masked", "light");
  CHECK(masked.outputs() == 1);
  double hidden = 0;
  for (int step = 0; step < 20; ++step) hidden += task_at(masked, patches, step).hidden.mean().item<double>() / 20;
  CHECK(hidden == doctest::Approx(0.5).epsilon(0.1));
  const Task task = task_at(masked, patches, 0);
  CHECK((task.input * task.hidden).abs().max().item<double>() == 0);
  CHECK(torch::equal(task_at(masked, patches, 0).input, task.input));
  CHECK(TaskMaker::loss(task.loss_target, task).item<double>() == 0);

  const LabelClasses classes({0, 3, 515});
  const TaskMaker paint = maker("segment", "none", classes);
  CHECK(paint.outputs() == 3);
  Tensor places = torch::zeros({1, 1, 16, 16, 16});
  places.slice(2, 0, 5).fill_(2);
  const Task painted = task_at(paint, places, 1);
  CHECK(torch::equal(painted.loss_target, places.squeeze(1).to(torch::kInt64)));
  CHECK(painted.input.masked_select(places == 2).std().item<double>() < 0.2);

  const TaskMaker hu = maker("segment", "none");
  CHECK(hu.outputs() == 5);
  const nn::HuMap map;
  const Tensor image = map.to_unit(torch::tensor({-1000.0F, -100.0F, 50.0F, 200.0F, 900.0F})).view({1, 1, 1, 1, 5});
  CHECK(torch::equal(task_at(hu, image, 0).loss_target.flatten(), torch::arange(5)));
}

TEST_CASE("volumes: what auto means, and what is missing") {
  Cases cases(2, 0);
  const auto& all = cases.manifest.cases;
  CHECK(choose_source(all, "auto", "auto", true).scaling == "hu");
  CHECK(choose_source(all, "mr", "auto", false).scaling == "percentile");
  CHECK(choose_source(all, "mr", "hu", false).scaling == "hu");
  CHECK(contains(error_of([&] { choose_source(all, "labels", "auto", true); }), "no input 'labels'"));
  cases.use_labels();
  CHECK(choose_source(all, "auto", "auto", true).name == "labels");
  CHECK(choose_source(all, "auto", "auto", false).name == "target");
  for (Case& item : cases.manifest.cases) item.target.reset();
  CHECK(choose_source(all, "auto", "auto", false).name == "labels");
  cases.manifest.cases[1].inputs.erase("labels");
  CHECK(contains(error_of([&] { choose_source(all, "target", "auto", false); }), "p0"));
}

TEST_CASE("volumes: outside a mask of the manifest HU are air, without one they stay") {
  Cases cases(1, 0);
  Case& item = cases.manifest.cases.front();
  Volume ct = read_volume(*item.target);
  for (float& voxel : ct.voxels) voxel = std::max(voxel, -50.0F);  // the table of all tables
  write_volume(*item.target, ct, VoxelType::int16_hu, Overwrite::replace);
  Provenance provenance = plain_provenance();
  const auto outside = [&] {
    const Sample sample = load_images({item}, Source{}, nn::HuMap{}, provenance).front();
    return sample.target.masked_select(sample.mask == 0);
  };
  CHECK((outside() == -1.0F).all().item<bool>());
  item.mask.reset();
  const Tensor kept = outside();
  CHECK((kept.numel() == 0 || kept.max().item<float>() > -0.9F));
}

TEST_CASE("pretraining: loss and validation loss fall, on CT, MR and label maps") {
  Cases cases(4, 1);
  cases.use_labels();
  for (const std::string source : {"target", "mr", "labels"}) {
    CAPTURE(source);
    engine::PretrainOptions options = tiny(cases, source == "labels" ? "segment" : "masked", source);
    options.volumes = source;
    options.steps = 45;
    options.validate_every = 15;
    options.learning_rate = 3e-3;
    REQUIRE(train_tiny(cases, options));
    const SafetensorsFile file(options.output);
    const Json& training = file.description().at("training");
    const Json& curve = training.at("validation").at("curve");
    REQUIRE(curve.size() == 3);
    // With four labels of any contrast so short a training learns little more than how frequent they are.
    const double before = source == "labels" ? std::log(4.0) : curve[0].at("loss").get<double>();
    CHECK(curve[2].at("loss").get<double>() < 0.95 * before);
    CHECK(training.at("data").at("volumes") == source);
    std::ifstream log(options.log);
    std::string first, line;
    std::getline(log, first);
    CHECK(training.at("final_loss").get<double>() < Json::parse(first).at("loss").get<double>());
    CHECK(file.tensors().begin()->second.dtype == "F16");
    const Json& input = file.description().at("encoder").at("input");
    CHECK(input.at("scaling") == (source == "mr" ? "percentile" : "hu"));
    CHECK(input.at("spacing_mm")[0].get<double>() == doctest::Approx(7.0));
    CHECK(input.at("spacing_mm")[1].get<double>() > 7.5);
    const auto encoder = nn::load_encoder(options.output, torch::Device(torch::kCPU));
    CHECK(encoder.digest.size() == 64);
  }
}

TEST_CASE("pretraining: a stopped and continued run equals a straight one byte for byte, curve and log included") {
  const Cases whole(4, 1), cut(4, 1);
  for (const std::string task : {"masked", "segment", "segment+contrast"}) {
    CAPTURE(task);
    engine::PretrainOptions straight = tiny(whole, task, task), stopped = tiny(cut, task, task);
    straight.checkpoint_every = stopped.checkpoint_every = 3;
    straight.steps = stopped.steps = 5;
    REQUIRE(train_tiny(whole, straight));
    stopped.max_time_s = 1e-9;  // after each step
    for (int n = 0; n < 4; ++n) REQUIRE_FALSE(train_tiny(cut, stopped));
    engine::PretrainOptions other = stopped;
    other.augment = "none";
    CHECK(contains(error_of([&] { train_tiny(cut, other); }), "other options"));
    REQUIRE(train_tiny(cut, stopped));
    CHECK(gdm_test::get_file(straight.log) == gdm_test::get_file(stopped.log));
    CHECK(gdm_test::get_file(straight.output) == gdm_test::get_file(stopped.output));
  }
}

TEST_CASE("pretraining: where places are told apart, neither blur nor larger voxels are simulated or claimed") {
  const Cases cases(2, 0);
  const engine::PretrainOptions options = tiny(cases, "segment+contrast");
  REQUIRE(train_tiny(cases, options));
  const SafetensorsFile file(options.output);
  const Json& augment = file.description().at("training").at("augment");
  CHECK(augment.at("gain").get<double>() == doctest::Approx(0.10));
  CHECK(augment.at("blur").get<double>() == 0);
  CHECK(augment.at("resolution").get<double>() == 1);
  CHECK(file.description().at("encoder").at("input").at("spacing_mm")[1].get<double>() == doctest::Approx(7.0));
}

TEST_CASE("pretraining: what does not fit is refused") {
  Cases cases(2, 0);
  engine::PretrainOptions options = tiny(cases, "segment");
  options.volumes = "mr";
  CHECK(contains(error_of([&] { train_tiny(cases, options); }), "neither"));
  options.task = "segment+contrast";
  CHECK(contains(error_of([&] { train_tiny(cases, options); }), "segment+contrast needs"));
  options.task = "segment";
  options.volumes = "labels";
  CHECK(contains(error_of([&] { train_tiny(cases, options); }), "no input 'labels'"));
  options.volumes = "auto";
  options.classes = Json{{"bone", {515}}};
  CHECK(contains(error_of([&] { train_tiny(cases, options); }), "not label maps"));
  cases.use_labels();
  CHECK(contains(error_of([&] { train_tiny(cases, options); }), "in no class"));
  options.task = "masked";
  options.volumes = "labels";
  CHECK(contains(error_of([&] { train_tiny(cases, options); }), "--task segment"));
  cases.manifest.cases[1].inputs["labels"] = *cases.manifest.cases[1].target;  // HU are no labels
  options = tiny(cases, "segment");
  CHECK(contains(error_of([&] { train_tiny(cases, options); }), "expected labels"));
  Volume broken = read_volume(*cases.manifest.cases[0].target);
  broken.voxels[5] = std::numeric_limits<float>::quiet_NaN();
  write_volume(*cases.manifest.cases[0].target, broken, VoxelType::float32, Overwrite::replace);
  CHECK(contains(error_of([&] { train_tiny(cases, tiny(cases, "masked")); }), "NaN"));
}

TEST_CASE("probe: a trained encoder tells more than an untrained one, and the figures do not depend on earlier draws") {
  Cases cases(6, 3);
  engine::PretrainOptions options = tiny(cases, "masked");
  options.steps = 150;
  options.learning_rate = 3e-3;
  REQUIRE(train_tiny(cases, options));
  engine::ProbeOptions probe;
  probe.encoder = options.output;
  probe.patch = 16;
  Provenance provenance = plain_provenance();
  const Json found = probe_file(cases.manifest, probe, {"cpu", 1, 3}, provenance);
  CAPTURE(found.dump());
  CHECK(found.at("patients") == 3);
  CHECK(found.at("patches").get<int>() > 10);
  CHECK(found.at("linear").at("r2").get<double>() > found.at("linear").at("untrained_r2").get<double>());
  CHECK(found.at("retrieval").at("top1").get<double>() > 5 * found.at("retrieval").at("chance").get<double>());
  CHECK(probe_file(cases.manifest, probe, {"cpu", 1, 3}, provenance) == found);
  // What the training wrote down is what anyone measures with the file.
  const SafetensorsFile file(options.output);
  CHECK(file.description().at("probe").at("linear") == found.at("linear"));
  CHECK(file.description().at("probe").at("retrieval") == found.at("retrieval"));
  probe.patch = 20;
  CHECK(contains(error_of([&] { probe_file(cases.manifest, probe, {"cpu", 1, 3}, provenance); }), "multiple"));
}
