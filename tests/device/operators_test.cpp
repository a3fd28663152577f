// Every operator and every kind of encoder, on a device as on the CPU. Both compute in fp32 without TF32 and add in
// another order: tolerances are relative to the norm of what the CPU gives, 1e-5 for single operators and 1e-4 where
// many layers follow one another.
#include <doctest/doctest.h>
#include <torch/script.h>

#include <cstdlib>
#include <functional>
#include <optional>

#include "io_fixture.hpp"
#include "nn/averaged_moduli.hpp"
#include "nn/device.hpp"
#include "nn/generator.hpp"
#include "nn/layered_encoder.hpp"
#include "nn/resample.hpp"
#include "nn/residual_encoder.hpp"
#include "nn/scattering_encoder.hpp"
#include "nn/script_encoder.hpp"
#include "objective/coordination.hpp"
#include "objective/field.hpp"
#include "objective/gradient_l1_loss.hpp"
#include "objective/ssim_loss.hpp"

using namespace gdm;
using torch::Tensor;
using Tensors = std::vector<Tensor>;

namespace {

const torch::Device cpu(torch::kCPU);

/// None, and says so, if there is no such device.
std::optional<torch::Device> tested_device() {
  const char* asked = std::getenv("GDM_TEST_DEVICE");
  try {
    const torch::Device device = nn::device_from_text(asked != nullptr ? asked : "cuda");
    nn::set_tf32(false);
    return device;
  } catch (const Error& error) {
    MESSAGE("did not run: ", error.what());
    return std::nullopt;
  }
}

double relative_difference(const Tensor& found, const Tensor& expected) {
  REQUIRE(found.sizes() == expected.sizes());
  const Tensor reference = expected.to(cpu, torch::kFloat64);
  const double norm = reference.norm().item<double>();
  REQUIRE(norm > 0);
  return (found.to(cpu, torch::kFloat64) - reference).norm().item<double>() / norm;
}

/// `work` on a device: seeded anew, so that what it draws on the CPU is the same.
void check_same(double tolerance, const std::function<Tensors(torch::Device)>& work) {
  const auto device = tested_device();
  if (!device) return;
  const auto on = [&](torch::Device where) {
    torch::manual_seed(5);
    return work(where);
  };
  const Tensors expected = on(cpu), found = on(*device);
  REQUIRE(found.size() == expected.size());
  double largest = 0;
  for (std::size_t n = 0; n < found.size(); ++n) {
    CHECK(found[n].device().type() == device->type());
    largest = std::max(largest, relative_difference(found[n], expected[n]));
  }
  MESSAGE("largest relative difference ", largest);
  CHECK(largest < tolerance);
}

/// Output and input gradient of an encoder's maps for the same patch.
Tensors seen_by(nn::EncoderNetwork& network, std::int64_t edge, torch::Device device) {
  network.to(device);
  network.eval();
  network.prepare(device);
  const Tensor x = (torch::rand({2, 1, edge, edge, edge}) * 2 - 1).to(device).requires_grad_(true);
  Tensors maps = network.features(x);
  Tensor sum = torch::zeros({}, x.options());
  for (const Tensor& map : maps) sum = sum + map.square().mean();
  maps.push_back(torch::autograd::grad({sum}, {x})[0]);
  return maps;
}

Tensors loss_of(objective::PairedLoss (*loss)(const Tensor&, const Tensor&, const Tensor&), torch::Device device) {
  const Tensor x = torch::rand({2, 1, 20, 20, 20}), y = (x + 0.1 * torch::rand_like(x));
  const Tensor mask = (torch::rand_like(x) < 0.8).to(torch::kUInt8);
  const objective::PairedLoss found = loss(x.to(device), y.to(device), mask.to(device));
  return {found.value.view({1}), found.gradient};
}

}  // namespace

TEST_CASE("device/operators: averaged moduli and their gradients") {
  for (const std::int64_t edge : {1, 2, 4}) {
    check_same(1e-5, [edge](torch::Device device) {
      const auto filters = nn::sparse_filters(torch::randn({5, 1, 3, 3, 3}));
      const Tensor x = torch::randn({2, 1, 2 * edge + 2, 3 * edge + 2, 4 * edge + 2}).to(device).requires_grad_(true);
      const Tensor seen = nn::averaged_moduli(x, filters, edge);
      return Tensors{seen, torch::autograd::grad({seen.square().sum()}, {x})[0]};
    });
  }
}

TEST_CASE("device/operators: resampling") {
  check_same(1e-5, [](torch::Device device) {
    return Tensors{nn::area_mean(torch::rand({2, 13, 12, 17}).to(device), {5, 7, 9})};
  });
}

TEST_CASE("device/operators: SSIM and gradient L1") {
  check_same(1e-5, [](torch::Device device) { return loss_of(objective::ssim_loss, device); });
  check_same(1e-5, [](torch::Device device) { return loss_of(objective::gradient_l1_loss, device); });
}

TEST_CASE("device/operators: the drift field") {
  check_same(1e-4, [](torch::Device device) {
    objective::FieldState state;
    objective::FieldSets sets;
    sets.gen = torch::randn({2, 24, 16}).to(device).requires_grad_(true);
    sets.neg = torch::randn({2, 30, 16}).to(device);
    sets.pos = (torch::randn({2, 40, 16}) + 0.5).to(device);
    sets.valid = (torch::arange(24).repeat({2, 1}) < 20).to(device);
    const objective::Field field = objective::drift_field(sets, {}, state);
    const Tensor loss = objective::drift_loss(sets, field);
    return Tensors{field.force, field.unit.view({1}), torch::autograd::grad({loss}, {sets.gen})[0]};
  });
}

TEST_CASE("device/operators: coordination of gradients, all modes") {
  using objective::Coordination;
  for (const Coordination mode : {Coordination::fixed, Coordination::norm, Coordination::pcgrad,
                                  Coordination::norm_pcgrad, Coordination::mgda, Coordination::cagrad}) {
    check_same(1e-5, [mode](torch::Device device) {
      objective::CoordinationOptions options;
      options.mode = mode;
      objective::CoordinationState state;
      const Tensor fidelity = torch::randn({2, 1, 8, 8, 8});
      const Tensor first = torch::randn_like(fidelity) - 0.3 * fidelity, second = torch::randn_like(fidelity);
      const objective::Coordinated met = objective::coordinate(
          fidelity.to(device), {{"a", first.to(device), 0.3}, {"b", second.to(device), 0.2}}, options, state);
      return Tensors{met.gradient};
    });
  }
}

TEST_CASE("device/operators: the generator and the gradients of its weights") {
  check_same(1e-4, [](torch::Device device) {
    nn::GeneratorConfig config;
    config.conditions = {{"fbp", "hu"}};
    config.widths = {16, 32, 64};
    nn::Generator network(config);
    network->to(device);
    const Tensor made = network((torch::rand({2, 1, 32, 32, 32}) * 2 - 1).to(device));
    made.square().mean().backward();
    Tensors seen{made.detach()};
    for (const Tensor& weight : network->parameters()) seen.push_back(weight.grad());
    return seen;
  });
}

TEST_CASE("device/operators: encoders of our own, trained and fixed") {
  for (const char* stem : {"space-to-depth", "conv"}) {
    check_same(1e-4, [stem](torch::Device device) {
      nn::ResidualEncoderConfig config;
      config.stem = stem;
      nn::ResidualEncoder network(config);
      return seen_by(network, 32, device);
    });
  }
  check_same(1e-5, [](torch::Device device) {
    nn::ScatteringEncoder network({});
    return seen_by(network, 32, device);
  });
}

TEST_CASE("device/operators: an imported encoder of all kinds of layers") {
  check_same(1e-4, [](torch::Device device) {
    const auto network = std::make_shared<nn::LayeredEncoder>(nn::layers_from_json(parse_json(R"([
      {"type": "conv", "weights": "a", "channels": 8, "kernel": 3, "dilation": 2},
      {"type": "activation", "kind": "silu"},
      {"type": "residual", "body": [
        {"type": "norm", "kind": "group", "groups": 4, "weights": "b"}, {"type": "activation", "kind": "relu"},
        {"type": "conv", "weights": "c", "channels": 8, "kernel": 3, "bias": false},
        {"type": "norm", "kind": "instance", "affine": true, "weights": "d"}]},
      {"type": "tap", "name": "s1", "pool": 2},
      {"type": "conv", "weights": "e", "channels": 16, "kernel": 3, "stride": 2},
      {"type": "norm", "kind": "batch", "weights": "f"},
      {"type": "tap", "name": "s2"}])")));
    const torch::NoGradGuard no_grad;
    for (Tensor& weight : network->parameters()) weight.copy_(torch::rand(weight.sizes()) * 0.4 + 0.1);
    for (Tensor& buffer : network->buffers()) {
      if (buffer.is_floating_point()) buffer.copy_(torch::rand(buffer.sizes()) + 0.5);
    }
    const torch::AutoGradMode graded(true);
    return seen_by(*network, 16, device);
  });
}

TEST_CASE("device/operators: a TorchScript encoder") {
  check_same(1e-4, [](torch::Device device) {
    const gdm_test::TemporaryFolder folder;
    torch::jit::Module module("net");
    module.register_parameter("w", torch::rand({2, 1, 3, 3, 3}) + 0.1, false);
    module.define(
        "def forward(self, x):\n"
        "    a = torch.conv3d(x, self.w, None, [1, 1, 1], [1, 1, 1], [1, 1, 1])\n"
        "    return [a, torch.avg_pool3d(torch.relu(a), [4, 4, 4], [4, 4, 4])]\n");
    module.save((folder / "net.pt").string());
    nn::set_code_allowed(true);
    const auto network = nn::ScriptEncoder::from_file(folder / "net.pt");
    const Tensors seen = seen_by(*network, 16, device);
    nn::set_code_allowed(false);
    return seen;
  });
}
