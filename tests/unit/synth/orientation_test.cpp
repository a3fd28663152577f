// The orientation of a file must not change what a network sees, nor where its output lies.
#include <doctest/doctest.h>

#include "data/images.hpp"
#include "data/samples.hpp"
#include "generator_fixture.hpp"
#include "image/grid_match.hpp"
#include "io/nifti/nifti.hpp"
#include "io_fixture.hpp"
#include "metrics_volumes.hpp"
#include "nn/generator.hpp"
#include "nn/tensor_io.hpp"
#include "synth/synthesizer.hpp"

using namespace gdm;

namespace {

Volume lopsided() {
  Volume volume(Grid::centred({12, 16, 20}, {2, 2, 3}), -1000.0F);
  for (std::int64_t k = 2; k < 18; ++k) {
    for (std::int64_t j = 2; j < 13; ++j) {
      for (std::int64_t i = 1; i < 9; ++i) volume.at(i, j, k) = static_cast<float>(10 * i + 20 * j + 5 * k);
    }
  }
  return volume;
}

}  // namespace

TEST_CASE("orientation: a synthesis is the same in the world, however its input is stored") {
  const gdm_test::TemporaryFolder folder;
  torch::manual_seed(5);
  const nn::GeneratorConfig config = gdm_test::small_generator_config();
  nn::Generator network(config);
  nn::TensorWriter writer;
  writer.add("", nn::named_state(*network));
  writer.write(folder / "m.safetensors", {{"kind", "generator"}, {"generator", config.json()}}, Overwrite::refuse);
  const auto synthesizer = synth::open_generator(folder / "m.safetensors", {}, {});
  const Volume input = lopsided();
  const Volume expected = synthesizer->predict({input}, "", "");
  CHECK(same_grid(expected.grid, input.grid));
  CHECK(expected.voxels != input.voxels);
  for (const std::string letters : {"RAS", "LPS", "PIR", "SRA"}) {
    CAPTURE(letters);
    const Volume stored = reoriented(input, letters);
    const Volume predicted = synthesizer->predict({stored}, "", "");
    CHECK(predicted.grid.ijk_to_ras_mm == stored.grid.ijk_to_ras_mm);
    CHECK(reoriented(predicted, input.grid.orientation()).voxels == expected.voxels);
  }
}

TEST_CASE("orientation: training and pretraining see every file the same way up") {
  const gdm_test::TemporaryFolder folder;
  const Volume ct = lopsided();
  Mask mask(ct.grid, 0);
  for (std::size_t n = 0; n < mask.voxels.size(); ++n) mask.voxels[n] = ct.voxels[n] > 100;
  std::vector<data::Sample> samples, images;
  for (const std::string letters : {"LAS", "PIR"}) {
    write_volume(folder / (letters + ".nii"), reoriented(ct, letters), VoxelType::int16_hu, Overwrite::refuse);
    write_mask(folder / (letters + "-mask.nii"), reoriented(mask, letters), Overwrite::refuse);
    Case item;
    item.id = letters;
    item.target = folder / (letters + ".nii");
    item.mask = folder / (letters + "-mask.nii");
    item.inputs["fbp"] = *item.target;
    Provenance provenance("test", {});
    samples.push_back(data::load_sample(item, {{"fbp", "hu"}}, {}, provenance));
    images.push_back(data::load_images({item}, {"target", "hu"}, {}, provenance).front());
  }
  for (const auto* pair : {&samples, &images}) {
    const data::Sample &a = pair->front(), &b = pair->back();
    CHECK(a.grid.orientation() == "RAS");
    CHECK(same_grid(a.grid, b.grid));
    CHECK(torch::equal(a.target, b.target));
    CHECK(torch::equal(a.mask, b.mask));
    CHECK(torch::equal(a.conditions, b.conditions));
  }
  // Superior is up along D: the ramp rises with k of a volume whose k points to superior.
  const auto at = [&](std::int64_t d) { return samples[0].target[0][d][5][5].item<float>(); };
  CHECK(at(10) > at(5));
}

TEST_CASE("orientation: a case without a mask trains inside the same body, however its file is stored") {
  const gdm_test::TemporaryFolder folder;
  const Volume ct = test::lopsided_pair().target;
  std::vector<torch::Tensor> masks;
  for (const std::string letters : {"LAS", "PIR", "SLP", "ASR", "RSA"}) {
    CAPTURE(letters);
    Case item;
    item.id = letters;
    item.target = folder / (letters + ".nii");
    write_volume(*item.target, reoriented(ct, letters), VoxelType::int16_hu, Overwrite::refuse);
    Provenance provenance("test", {});
    masks.push_back(data::load_sample(item, {}, {}, provenance).mask);
    masks.push_back(data::load_images({item}, {"target", "hu"}, {}, provenance).front().mask);
    CHECK(torch::equal(masks.front(), masks.back()));
    CHECK(torch::equal(masks.front(), masks[masks.size() - 2]));
  }
}
