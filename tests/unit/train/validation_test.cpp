// What generators are trained on and judged by: conditions, figures of whole volumes, the best weights.
#include <doctest/doctest.h>
#include <torch/nn/modules/linear.h>

#include <array>

#include "data/conditions.hpp"
#include "function_sampler.hpp"
#include "generator_fixture.hpp"
#include "image/label_check.hpp"
#include "io/nifti/nifti.hpp"
#include "io/sidecar.hpp"
#include "io_fixture.hpp"
#include "phantom/phantom.hpp"
#include "sys/log.hpp"
#include "sys/signals.hpp"
#include "train/generator_description.hpp"
#include "train/validation.hpp"

using namespace gdm;
using namespace gdm::train;
using namespace gdm::data;
using gdm_test::contains;
using gdm_test::error_of;
namespace {

Volume labels_from(const Volume& ct_hu) {
  Volume labels = ct_hu;
  for (float& voxel : labels.voxels) voxel = voxel > 300 ? 2.0F : voxel > -300 ? 1.0F : 0.0F;
  return labels;
}

/// One head with MR, T2 (the same image) and two label maps.
struct Head {
  gdm_test::TemporaryFolder folder;
  Manifest manifest;
  Head() {
    const auto pair = phantom::make_case(phantom::Kind::head, 32, 7.0, 1, 0);
    Case item;
    item.id = "p0";
    item.split = "train";
    item.target = folder / "ct.nii";
    write_volume(*item.target, pair.ct_hu, VoxelType::int16_hu, Overwrite::refuse);
    const auto input = [&](const std::string& name, const Volume& volume) {
      item.inputs[name] = folder / (name + ".nii");
      write_volume(item.inputs[name], volume, VoxelType::int16_hu, Overwrite::refuse);
    };
    input("mr", pair.mr);
    input("t2", pair.mr);
    input("labels", labels_from(pair.ct_hu));
    input("organs", labels_from(pair.ct_hu));
    input("fbp", pair.ct_hu);
    manifest.cases = {item};
    manifest.task = "mr2ct";
  }
  std::string conditions(const std::vector<std::string>& wanted) const {
    nn::GeneratorConfig config;
    choose_conditions(manifest, wanted, {}, config);
    std::string text;
    for (const auto& condition : config.conditions) text += condition.name + "=" + condition.scaling + " ";
    return text + (config.residual_on_first ? "residual" : "");
  }
};

}  // namespace

TEST_CASE("conditions: label maps are none, by name or by voxels, names choose and order") {
  Head head;
  CHECK(head.conditions({}) == "fbp=hu mr=percentile t2=percentile ");
  CHECK(head.conditions({"t2", "mr"}) == "t2=percentile mr=percentile ");
  CHECK(head.conditions({"organs"}) == "organs=percentile ");
  head.manifest.task = "sparse-ct";
  CHECK(head.conditions({}) == "fbp=hu residual");
  CHECK(head.conditions({"fbp", "mr"}) == "fbp=hu mr=percentile residual");  // an MR beside it is no CT
  // A reconstruction is one by its sidecar, whatever its values are.
  head.manifest.cases[0].inputs["again"] = head.folder / "again.nii";
  write_volume(head.folder / "again.nii", read_volume(head.manifest.cases[0].input("mr")), VoxelType::int16_hu,
               Overwrite::refuse);
  CHECK(head.conditions({"fbp", "again"}) == "fbp=hu again=percentile residual");
  write_sidecar(head.folder / "again.nii", Provenance("gdm-recon", {}), {}, {},
                {{"tv", {{"method", "tv"}, {"views", 24}}}}, Overwrite::refuse);
  CHECK(head.conditions({"fbp", "again"}) == "fbp=hu again=hu residual");
  CHECK(contains(error_of([&] { head.conditions({"ct9"}); }), "ct9"));
  CHECK(contains(error_of([&] { head.conditions({"mr", "mr"}); }), "twice"));
  head.manifest.task = "other";
  CHECK(contains(error_of([&] { head.conditions({}); }), "other"));
}

TEST_CASE("conditions: an 8-bit image with noise is no label map") {
  Volume volume(Grid::centred({32, 32, 8}, {1, 1, 1}), 0.0F);
  torch::manual_seed(1);
  const Tensor noise = torch::randint(0, 40, {static_cast<std::int64_t>(volume.voxels.size())});
  for (std::size_t v = 0; v < volume.voxels.size(); ++v) {
    volume.voxels[v] = 100.0F + noise[static_cast<std::int64_t>(v)].item<float>();
  }
  CHECK_FALSE(looks_like_labels(volume));
  volume.voxels[5] = 0.5F;
  CHECK_FALSE(looks_like_labels(volume));
  CHECK_FALSE(looks_like_labels(Volume(volume.grid, 0.0F)));
  CHECK_FALSE(looks_like_labels(Volume(volume.grid, 3.0F)));
}

TEST_CASE("conditions: constant regions of a CT are no classes, atlases are") {
  const auto pair = phantom::make_case(phantom::Kind::head, 32, 7.0, 1, 0);
  Volume ct = pair.ct_hu;
  for (float& voxel : ct.voxels) voxel = std::round(voxel);
  for (const float background : {-1024.0F, 0.0F}) {
    Volume padded = ct;
    for (float& voxel : padded.voxels) voxel = voxel < -500 ? background : voxel;
    CHECK_FALSE(looks_like_labels(padded));
    for (std::size_t v = 0; v < padded.voxels.size() / 4; ++v) padded.voxels[v] = -2000;  // a second constant
    CHECK_FALSE(looks_like_labels(padded));
  }
  CHECK(looks_like_labels(labels_from(ct)));
  Volume atlas = labels_from(ct);  // hundreds of structures, a background other than 0
  for (std::size_t v = 0; v < atlas.voxels.size(); ++v) {
    atlas.voxels[v] = atlas.voxels[v] > 0 ? static_cast<float>(1000 + v / 128) : -1.0F;
  }
  CHECK(looks_like_labels(atlas));
}

TEST_CASE("conditions: scaling follows the values unless it is given, and what is dropped is warned of") {
  Head head;
  {
    const WarningCapture capture;
    head.conditions({});
    CHECK(capture.warnings().size() == 2);  // labels, organs
  }
  const auto scaling = [&](const std::string& name, const std::vector<std::string>& wanted) {
    nn::GeneratorConfig config;
    choose_conditions(head.manifest, {name}, wanted, config);
    return config.conditions.front();
  };
  head.manifest.cases[0].inputs["cbct"] = *head.manifest.cases[0].target;
  CHECK(scaling("cbct", {}).scaling == "hu");
  CHECK(scaling("cbct", {"cbct=percentile"}).below_zero);
  CHECK_FALSE(scaling("mr", {}).below_zero);
  CHECK(scaling("mr", {"mr=zscore"}).scaling == "zscore");
  const auto given = scaling("mr", {"mr=range:-5:7.5"}), measured = scaling("mr", {"mr=range"});
  CHECK(given.low == -5);
  CHECK(given.high == 7.5);
  CHECK(measured.low == 0);
  CHECK(measured.high > 100);
  CHECK(contains(error_of([&] { scaling("mr", {"t1=hu"}); }), "'t1' is no condition"));
  CHECK(contains(error_of([&] { scaling("mr", {"mr=hu", "mr=zscore"}); }), "'mr' is given twice"));
  for (const char* wrong : {"mr", "=hu", "mr=log", "mr=range:1", "mr=range:2:1", "mr=range:a:b", "mr=hu:1:2"}) {
    CHECK_MESSAGE(error_of([&] { scaling("mr", {wrong}); }) != "no error", wrong);
  }
}

TEST_CASE("validation: figures of a network that changes nothing are those of its input") {
  torch::manual_seed(2);
  const nn::GeneratorConfig config = gdm_test::small_generator_config({8});
  nn::Generator network(config);
  {
    const torch::NoGradGuard no_grad;
    network->head->weight.zero_();
  }
  Sample sample;
  sample.id = "a";
  sample.grid = Grid::centred({20, 18, 16}, {1, 1, 1});
  sample.target = torch::rand({1, 16, 18, 20}) - 0.5;
  sample.mask = torch::zeros({1, 16, 18, 20}, torch::kUInt8);
  sample.mask.slice(1, 4, 12).slice(2, 4, 14).slice(3, 4, 16).fill_(1);
  const double shift_hu = 30;
  sample.conditions = sample.target + shift_hu / config.hu_map.hu_per_unit();
  const Validation validation({sample}, config, torch::kCPU);
  synth::OneStepSampler sampler(network);
  const Json figures = validation.run(sampler);
  CHECK(figures.at("cases") == 1);
  CHECK(figures.at("mae_hu").get<double>() == doctest::Approx(shift_hu).epsilon(1e-4));
  CHECK(figures.at("psnr_db").get<double>() == doctest::Approx(20 * std::log10(4024 / shift_hu)).epsilon(1e-4));
  CHECK(figures.at("ssim").get<double>() > 0.9);
  CHECK(figures.at("ssim").get<double>() < 1);
  CHECK(validation.patches() == 2 * 2 * 1);
  {
    const torch::NoGradGuard no_grad;
    network->head->bias.fill_(std::numeric_limits<float>::infinity());
  }
  CHECK(validation.run(sampler).at("mae_hu").is_null());
}

TEST_CASE("validation: any sampler is judged, best weights are kept where they may win, a stop changes nothing") {
  nn::GeneratorConfig config;
  config.conditions = {{"mr", "percentile"}};
  config.noise_channels = 2;
  config.patch = 16;
  Sample sample;
  sample.id = "a";
  sample.grid = Grid::centred({20, 18, 16}, {1, 1, 1});
  sample.target = torch::zeros({1, 16, 18, 20});
  sample.mask = torch::ones({1, 16, 18, 20}, torch::kUInt8);
  sample.conditions = sample.target.clone();
  const Validation validation({sample}, config, torch::kCPU);
  double error_hu = 0;
  bool stop = false;
  std::int64_t patches = 0, channels = 0;
  gdm_test::FunctionSampler sampler(
      [&](const Tensor& x) {
        if (stop) throw StopRequested{15};
        patches += x.size(0);
        channels = x.size(1);
        return torch::full_like(x.slice(1, 0, 1), error_hu / config.hu_map.hu_per_unit());
      },
      1, config.noise_channels);
  torch::nn::Linear net(2, 2);
  GeneratorValidator validator(validation, sampler, *net, BestWeights("mae"),
                               [](std::int64_t done) { return done > 1; });
  CHECK(validator.text().empty());
  const auto judge = [&](std::int64_t done, double error) {
    error_hu = error;
    return validator.judge(done);
  };
  CHECK(judge(1, 10).at("mae_hu").get<double>() == doctest::Approx(10.0));
  CHECK(patches == validation.patches());
  CHECK(channels == 3);
  CHECK(validator.best().json().is_null());
  judge(2, 30);
  const Json third = judge(3, 20);
  CHECK_FALSE(third.contains("steps"));
  judge(4, 40);
  CHECK(validator.best().json().at("steps") == 3);
  CHECK(validator.last().at("steps") == 4);
  CHECK(validator.text() == "validation MAE 40.0 HU");
  const Json last = validator.last();
  stop = true;
  CHECK_THROWS_AS(judge(5, 1), StopRequested);
  CHECK(validator.last() == last);

  nn::TensorWriter writer;
  Json json;
  validator.save(writer, json);
  const SafetensorsFile file(writer.bytes({{"kind", "checkpoint"}}), "memory");
  GeneratorValidator loaded(validation, sampler, *net, BestWeights("mae"), {});
  loaded.load(file, json);
  CHECK(loaded.last() == last);
  CHECK(loaded.best().json() == validator.best().json());
}

TEST_CASE("best weights: the better figure wins, a tie does not, and a checkpoint holds them") {
  torch::nn::Linear net(2, 2);
  const auto fill = [&](float value) {
    const torch::NoGradGuard no_grad;
    net->weight.fill_(value);
  };
  const auto offer = [&](BestWeights& best, std::int64_t steps, const Json& mae, const Json& ssim) {
    fill(static_cast<float>(steps));
    best.offer(steps, {{"cases", 1}, {"mae_hu", mae}, {"psnr_db", 20}, {"ssim", ssim}}, *net);
    return best.json().is_null() ? 0 : best.json().at("steps").get<std::int64_t>();
  };
  BestWeights mae("mae"), ssim("ssim");
  CHECK(offer(mae, 1, nullptr, 0.5) == 0);
  CHECK(offer(mae, 2, 50.0, 0.5) == 2);
  CHECK(offer(mae, 3, 50.0, 0.9) == 2);
  CHECK(offer(mae, 4, 40.0, 0.9) == 4);
  CHECK(offer(mae, 5, 60.0, 0.9) == 4);
  CHECK(offer(ssim, 1, 50.0, 0.5) == 1);
  CHECK(offer(ssim, 2, 40.0, 0.4) == 1);
  CHECK(offer(ssim, 3, 60.0, 0.6) == 3);
  CHECK(mae.weights().front().second[0][0].item<float>() == 4.0F);
  nn::TensorWriter writer;
  Json json;
  mae.save(writer, json);
  const SafetensorsFile file(writer.bytes({{"kind", "checkpoint"}}), "memory");
  BestWeights loaded("mae");
  loaded.load(file, json, *net);
  CHECK(loaded.json() == mae.json());
  CHECK(torch::equal(loaded.weights().front().second, mae.weights().front().second));
}

TEST_CASE("description: voxel edges, shapes and patients of the data") {
  std::vector<Sample> samples(4);
  const std::array<Point3, 4> edges{{{4, 4, 4}, {1, 1, 1}, {1, 1, 8}, {3, 3, 3}}};  // of 4, 1, 2 and 3 mm on average
  for (std::size_t n = 0; n < 4; ++n) {
    samples[n].patient = n < 2 ? "a" : "b";
    samples[n].grid = Grid::centred({4, 4, 4}, edges[n]);
  }
  CHECK(median_edge_mm(samples) == doctest::Approx(2.5));
  Json json = data_json(samples, {}, {}, "digest");
  for (const char* key : {"voxel_edge_mm", "anisotropy", "median_edges_mm"}) {
    for (auto& value : json[key]) value = std::round(value.get<double>() * 1e9) / 1e9;
  }
  CHECK(json.dump() == R"({"sha256":"digest","cases":4,"patients":2,"voxel_edge_mm":{"least":1.0,"median":2.5,)"
                       R"("largest":4.0},"anisotropy":{"least":1.0,"largest":8.0},)"
                       R"("median_edges_mm":{"right":2.0,"anterior":2.0,"superior":3.5}})");
  const WarningCapture capture;
  warn_of_mixed_voxels(samples);
  CHECK(capture.warnings().size() == 2);
}
