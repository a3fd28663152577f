// Levels, banks and the drift objective: which vectors are compared, with whom, and what survives a checkpoint.
#include <doctest/doctest.h>

#include <filesystem>
#include <limits>
#include <set>

#include "bank/collection.hpp"
#include "bank_fixture.hpp"
#include "data/view.hpp"
#include "io_fixture.hpp"
#include "nn/residual_encoder.hpp"
#include "nn/step_generator.hpp"
#include "objective/encoder_objective.hpp"
#include "sys/error.hpp"

using namespace gdm;
using namespace gdm::bank;
using namespace gdm::data;
using namespace gdm::nn;
using namespace gdm::objective;
using torch::Tensor;

TEST_CASE("levels: global, local and spatial vectors hold what they say") {
  torch::manual_seed(12);
  const std::vector<Tensor> maps{torch::randn({2, 4, 8, 8, 8}), torch::randn({2, 6, 4, 4, 4})};
  const std::vector<nn::Tap> taps{{"s1", 4, 2, 6}, {"s2", 6, 4, 20}};
  Tensor mask = torch::ones({2, 1, 16, 16, 16});
  mask.slice(2, 0, 8).zero_();  // the lower half along D is air
  std::set<std::string> keys;
  for (const Candidates& c : candidates(taps, maps, mask)) {
    CAPTURE(c.key);
    keys.insert(c.key);
    const Tensor& map = maps[c.key.find("s1") != std::string::npos ? 0 : 1];
    CHECK(c.vectors.size(2) == map.size(1));
    const Tensor patient = map.slice(2, map.size(2) / 2);
    if (c.key == "global.s1.mean") CHECK(torch::allclose(c.vectors.squeeze(1), patient.mean({2, 3, 4})));
    if (c.key == "global.s2.std") {
      CHECK(torch::allclose(c.vectors.squeeze(1), patient.flatten(2).std(2, false), 1e-3, 1e-3));
    }
    if (c.key == "local.s2.k2.mean") {
      CHECK(c.vectors.size(1) == 27);
      const Tensor corner = map[0].slice(2, 0, 2).slice(3, 0, 2);
      CHECK(torch::allclose(c.vectors[0][18], corner.slice(1, 2, 4).mean({1, 2, 3})));
      CHECK(torch::allclose(c.vectors[0][9], corner.slice(1, 2, 3).mean({1, 2, 3})));  // its other half is air
      CHECK_FALSE(c.inside[0][0].item<bool>());
      CHECK(c.inside[0][26].item<bool>());
    }
    if (c.key == "spatial.s1") {
      CHECK(c.vectors.size(1) == 8 * 64);
      CHECK(torch::equal(c.vectors[1][64], map[1].select(1, 0).select(1, 0).select(1, 4)));
      CHECK(c.inside[0].sum().item<std::int64_t>() == 4);
    }
  }
  CHECK(keys == std::set<std::string>{"global.s1.mean", "global.s1.std", "global.s2.mean", "global.s2.std",
                                      "local.s2.k2.mean", "local.s2.k2.std", "local.s2.k4.mean", "local.s2.k4.std",
                                      "spatial.s1", "spatial.s2"});
}

TEST_CASE("levels: only candidates inside the patient are chosen, blocks stay together") {
  Tensor inside = torch::zeros({1, 10}, torch::kBool);
  inside.slice(1, 4, 7).fill_(true);
  at::Generator generator = step_generator(1, 2);
  const Tensor chosen = std::get<0>(choose(inside, 3, generator).indices.sort(1));
  CHECK(torch::equal(chosen[0], torch::tensor({4, 5, 6})));
  CHECK(choose(inside, 8, generator).indices.size(1) == 3);  // seven more would be air
  CHECK(choose(torch::zeros({2, 10}, torch::kBool), 8, generator).indices.size(1) == 0);
  const Tensor cells = torch::arange(2 * 128 * 3).view({2, 128, 3}).to(torch::kFloat32);
  const Tensor blocks = gather_blocks(cells, torch::tensor({{1}, {0}}));
  CHECK(torch::equal(blocks[0], cells[0].slice(0, 64, 128)));
  CHECK(torch::equal(blocks[1], cells[1].slice(0, 0, 64)));
}

TEST_CASE("levels: a patch with few tokens inside keeps them, and the others keep all of theirs") {
  Tensor inside = torch::zeros({3, 10}, torch::kBool);
  inside[0].fill_(true);
  inside[1][7] = true;
  at::Generator generator = step_generator(1, 2);
  const Chosen chosen = choose(inside, 6, generator);
  CHECK(torch::equal(chosen.valid.sum(1), torch::tensor({6, 1, 0})));
  CHECK(chosen.indices[1][0].item<std::int64_t>() == 7);
  CHECK(chosen.valid[1][0].item<bool>());
}

TEST_CASE("levels: a view is the crop, the flips and the permutation that it says, and keeps the gradient") {
  View view;
  view.offset = {1, 2, 3};
  view.size = 4;
  view.flip = {true, false, true};
  view.order = {2, 0, 1};
  const Tensor x = torch::arange(512).to(torch::kFloat32).view({1, 1, 8, 8, 8}).requires_grad_(true);
  const Tensor seen = view.apply(x);
  for (std::int64_t a = 0; a < 4; ++a) {
    for (std::int64_t b = 0; b < 4; ++b) {
      for (std::int64_t c = 0; c < 4; ++c) {  // output axes are W, D, H of the crop; D and W run backwards
        CHECK(seen[0][0][a][b][c].item<float>() == x[0][0][1 + 3 - b][2 + c][3 + 3 - a].item<float>());
      }
    }
  }
  const Tensor gradient = torch::autograd::grad({seen.sum()}, {x})[0];
  CHECK(gradient.sum().item<double>() == doctest::Approx(64));
  at::Generator generator = step_generator(5, 1);
  bool flipped = false, moved = false, swapped = false;
  for (int draw = 0; draw < 40; ++draw) {
    const View random = View::random(12, 8, generator);
    flipped |= random.flip[0];
    moved |= random.offset[2] == 4;
    swapped |= random.order[0] == 2;
    CHECK(random.apply(torch::zeros({1, 1, 12, 12, 12})).size(4) == 8);
  }
  CHECK((flipped && moved && swapped));
}

TEST_CASE("ring: keeps the newest vectors and survives a checkpoint") {
  Ring ring(4);
  CHECK_FALSE(ring.remembered(0).defined());
  for (int i = 0; i < 6; ++i) ring.push(torch::full({1, 2}, static_cast<double>(i)), i);
  CHECK(torch::equal(std::get<0>(ring.remembered(6).select(1, 0).sort(0)), torch::tensor({2.0F, 3.0F, 4.0F, 5.0F})));
  Ring copy(4);
  copy.restore(ring.rows(), ring.batches(), ring.pushed());
  copy.push(torch::full({1, 2}, 9.0), 9);
  ring.push(torch::full({1, 2}, 9.0), 9);
  CHECK(torch::equal(copy.rows(), ring.rows()));
  CHECK(copy.batches() == ring.batches());
}

TEST_CASE("ring: forgets what is older than its batches, also behind a checkpoint") {
  Ring ring(4, 3);
  for (const int batch : {0, 2, 4}) ring.push(torch::full({1, 1}, static_cast<double>(batch)), batch);
  CHECK(ring.remembered(3).size(0) == 3);
  CHECK(torch::equal(ring.remembered(5).flatten(), torch::tensor({2.0F, 4.0F})));
  CHECK_FALSE(ring.remembered(8).defined());
  Ring copy(4, 3);
  copy.restore(ring.rows(), ring.batches(), ring.pushed());
  CHECK(torch::equal(copy.remembered(5), ring.remembered(5)));
}

TEST_CASE("bank: round trip, and a bank with other encoder weights is refused") {
  const gdm_test::TemporaryFolder folder;
  const auto path = folder / "bank.safetensors";
  gdm_test::write_view_bank(path, 16);
  const RealBank bank(path, torch::Device(torch::kCPU));
  CHECK(bank.patch() == 16);
  CHECK(bank.encoder().digest == gdm_test::untrained_encoder({8, 8, 16}).digest);
  at::Generator generator = step_generator(1, 1);
  const Tensor some = bank.sample("local.s2.k2.mean", 10, generator);
  CHECK(some.sizes() == torch::IntArrayRef({10, 8}));
  CHECK(bank.scale("global.s1.mean") > 0);

  const SafetensorsFile file(path);
  Json description = file.description();
  description["encoder_digest"] = "0000";
  SafetensorsWriter writer;
  for (const auto& [name, view] : file.tensors()) writer.add(name, view.dtype, view.shape, view.data);
  const auto forged = folder / "forged.safetensors";
  writer.write(forged, description, Overwrite::replace);
  CHECK_THROWS_AS(RealBank(forged, torch::Device(torch::kCPU)), Error);
}

namespace {
OutputPatch random_patch() {
  torch::manual_seed(13);
  const Tensor predicted = torch::rand({2, 1, 24, 24, 24}) - 0.5, target = torch::rand({2, 1, 24, 24, 24}) - 0.5;
  return {predicted.requires_grad_(true), target, torch::ones_like(target), torch::ones_like(target)};
}
std::shared_ptr<const RealBank> bank_in(const gdm_test::TemporaryFolder& folder) {
  const auto path = folder / "bank.safetensors";
  gdm_test::write_view_bank(path, 16);
  return std::make_shared<const RealBank>(path, torch::Device(torch::kCPU));
}
EncoderObjectiveOptions both_shares() {
  EncoderObjectiveOptions options;
  options.drift_share = 0.3;
  options.perceptual_share = 0.2;
  return options;
}
}  // namespace

TEST_CASE("objectives of an encoder: repeat under a seed and resume exactly") {
  const gdm_test::TemporaryFolder folder;
  const auto bank = bank_in(folder);
  const OutputPatch patch = random_patch();
  EncoderObjective first("a", bank, both_shares()), second("a", bank, both_shares());
  for (int step = 0; step < 3; ++step) {
    at::Generator a = step_generator(1, step), b = step_generator(1, step);
    const auto one = first.gradients(patch, a), two = second.gradients(patch, b);
    REQUIRE(one.size() == 2);
    CHECK(one[0].name == "perceptual.a");
    CHECK(one[1].name == "drift.a");
    for (std::size_t i = 0; i < 2; ++i) {
      CHECK(torch::equal(one[i].gradient, two[i].gradient));
      CHECK(one[i].gradient.abs().max().item<double>() > 0);
    }
    CHECK(one[1].log.finished().at("raw_force_rms").size() == 3);
  }
  nn::TensorWriter writer;
  Json state;
  first.save(writer, "x.", state);
  const auto saved = folder / "state.safetensors";
  writer.write(saved, {{"kind", "checkpoint"}}, Overwrite::replace);
  EncoderObjective resumed("a", bank, both_shares());
  resumed.load(SafetensorsFile(saved), "x.", state);
  at::Generator a = step_generator(1, 9), b = step_generator(1, 9);
  CHECK(torch::equal(first.gradients(patch, a)[1].gradient, resumed.gradients(patch, b)[1].gradient));
}

TEST_CASE("objectives of an encoder: nothing outside the patient, levels can be left out, pairs can be left out") {
  const gdm_test::TemporaryFolder folder;
  const auto bank = bank_in(folder);
  OutputPatch patch = random_patch();
  EncoderObjectiveOptions options = both_shares();
  {
    EncoderObjective objective("a", bank, options);
    at::Generator generator = step_generator(1, 1);
    OutputPatch air = patch;
    air.mask = air.host_mask = torch::zeros_like(patch.target);
    const auto out = objective.gradients(air, generator);
    CHECK(out[0].gradient.abs().max().item<double>() == 0);
    CHECK(out[1].log.finished().at("raw_force_rms").empty());
    CHECK(out[1].gradient.abs().max().item<double>() == 0);
  }
  options.drift.pair_weight = 0;
  {
    EncoderObjective objective("a", bank, options);
    at::Generator generator = step_generator(1, 1);
    CHECK(objective.gradients(patch, generator)[1].log.finished().at("raw_force_rms").size() ==
          1);  // rings are empty yet
    CHECK(objective.gradients(patch, generator)[1].log.finished().at("raw_force_rms").size() == 3);
  }
  options.drift.finest_taps = 1;  // stride 2, where the local level has no cubes
  {
    EncoderObjective objective("a", bank, options);
    at::Generator generator = step_generator(1, 1);
    objective.gradients(patch, generator);
    CHECK(objective.gradients(patch, generator)[1].log.finished().at("raw_force_rms").size() == 2);
  }
  options.drift.finest_taps = 0;
  options.drift.weight_global = 0;
  options.drift.weight_local = 0;
  options.perceptual_share = 0;
  EncoderObjective spatial("a", bank, options);
  at::Generator generator = step_generator(1, 1);
  const auto out = spatial.gradients(patch, generator);
  REQUIRE(out.size() == 1);
  CHECK(out[0].log.finished().at("raw_force_rms").size() == 1);
}

TEST_CASE("objectives of an encoder: an almost empty patch silences nothing") {
  const gdm_test::TemporaryFolder folder;
  const auto bank = bank_in(folder);
  OutputPatch patch = random_patch();
  patch.mask = patch.host_mask = torch::ones_like(patch.target);
  patch.mask[1].zero_();
  patch.mask[1][0].slice(0, 11, 14).slice(1, 11, 14).slice(2, 11, 14).fill_(1);
  EncoderObjectiveOptions options = both_shares();
  options.drift.weight_global = options.drift.weight_spatial = options.perceptual_share = 0;
  EncoderObjective objective("a", bank, options);
  for (std::int64_t step = 0; step < 2; ++step) {
    at::Generator generator = step_generator(1, step);
    patch.batch = step;
    const auto out = objective.gradients(patch, generator);
    CHECK(out[0].log.finished().at("raw_force_rms").contains("local"));
    CHECK(out[0].gradient[0].abs().max().item<double>() > 0);
    CHECK(out[0].gradient[1].abs().max().item<double>() == 0);
  }
}

TEST_CASE("objectives of an encoder: what is not finite is said, left out and not remembered") {
  const gdm_test::TemporaryFolder folder;
  const auto bank = bank_in(folder);
  EncoderObjectiveOptions options = both_shares();
  options.perceptual_share = 0;
  EncoderObjective hurt("a", bank, options), spared("a", bank, options);
  const OutputPatch good = random_patch();
  const auto gradients = [](EncoderObjective& objective, OutputPatch patch, std::int64_t batch) {
    at::Generator generator = step_generator(1, batch);
    patch.batch = batch;
    ObjectiveGradient out = objective.gradients(patch, generator)[0];
    objective.settle();
    return out;
  };
  gradients(hurt, good, 0);
  gradients(spared, good, 0);
  OutputPatch bad = good;
  bad.predicted = good.predicted.detach().clone();
  bad.predicted[0][0][12][12][12] = std::numeric_limits<float>::quiet_NaN();
  bad.predicted.requires_grad_(true);
  CHECK(gradients(hurt, bad, 1).log.finished().at("not_finite").get<int>() > 0);
  const ObjectiveGradient after = gradients(hurt, good, 2), expected = gradients(spared, good, 2);
  CHECK_FALSE(after.log.finished().contains("not_finite"));
  CHECK(torch::equal(after.gradient, expected.gradient));
}

TEST_CASE("feature pair: what lies outside the mask is seen by no objective") {
  const gdm_test::TemporaryFolder folder;
  const auto bank = bank_in(folder);
  OutputPatch patch = random_patch();
  patch.mask = patch.host_mask = torch::zeros_like(patch.target);
  patch.mask.slice(2, 4, 20).slice(3, 4, 20).slice(4, 4, 20).fill_(1);
  OutputPatch other = patch;
  other.predicted =
      torch::where(patch.mask > 0, patch.predicted.detach(), torch::rand_like(patch.target)).requires_grad_(true);
  other.target = torch::where(patch.mask > 0, patch.target, torch::rand_like(patch.target));
  EncoderObjective first("a", bank, both_shares()), second("a", bank, both_shares());
  for (std::int64_t step = 0; step < 2; ++step) {
    at::Generator a = step_generator(1, step), b = step_generator(1, step);
    const auto one = first.gradients(patch, a), two = second.gradients(other, b);
    for (std::size_t i = 0; i < 2; ++i) CHECK(torch::equal(one[i].gradient, two[i].gradient));
  }
}

TEST_CASE("perceptual loss: zero for the target itself, about one for other features, blind outside") {
  torch::manual_seed(3);
  FeaturePair pair;
  pair.real = {torch::randn({1, 5, 8, 8, 8}), torch::randn({1, 9, 4, 4, 4}) * 100};
  pair.predicted = {pair.real[0].clone(), pair.real[1].clone()};
  pair.mask = torch::ones({1, 1, 16, 16, 16});
  CHECK(perceptual_loss(pair).item<double>() == 0);
  pair.predicted = {pair.real[0].roll(1, 2), pair.real[1].roll(1, 2)};
  CHECK(perceptual_loss(pair).item<double>() == doctest::Approx(std::sqrt(2.0)).epsilon(0.1));
  pair.mask.slice(2, 8, 16).zero_();
  pair.predicted = {pair.real[0].clone(), pair.real[1].clone()};
  pair.predicted[0].slice(2, 4, 8).fill_(7.0);
  CHECK(perceptual_loss(pair).item<double>() == 0);
  pair.mask.zero_();
  CHECK_FALSE(perceptual_loss(pair).defined());
}
