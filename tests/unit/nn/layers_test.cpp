// Networks of others, described as layers: the same features as networks built from torch::nn modules with the same
// weights, receptive fields against gradients, and every refusal.
#include <doctest/doctest.h>
#include <torch/nn/functional/instancenorm.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/instancenorm.h>

#include <cmath>
#include <functional>

#include "bank/bank.hpp"
#include "bank_fixture.hpp"
#include "io/json.hpp"
#include "io_fixture.hpp"
#include "nn/layered_encoder.hpp"

using namespace gdm;
using torch::Tensor;
namespace tn = torch::nn;

namespace {

tn::Conv3d conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride = 1,
                std::int64_t dilation = 1, bool bias = true) {
  return tn::Conv3d(
      tn::Conv3dOptions(in, out, kernel).stride(stride).padding(dilation * (kernel / 2)).dilation(dilation).bias(bias));
}

/// A batch norm as training leaves it: nothing is 0 or 1.
tn::BatchNorm3d batch_norm(std::int64_t channels) {
  tn::BatchNorm3d norm(channels);
  const torch::NoGradGuard no_grad;
  norm->weight.uniform_(0.5, 1.5);
  norm->bias.uniform_(-0.5, 0.5);
  norm->running_mean.uniform_(-0.5, 0.5);
  norm->running_var.uniform_(0.5, 2.0);
  norm->eval();
  return norm;
}

tn::GroupNorm group_norm(std::int64_t groups, std::int64_t channels) {
  tn::GroupNorm norm(groups, channels);
  const torch::NoGradGuard no_grad;
  norm->weight.uniform_(0.5, 1.5);
  norm->bias.uniform_(-0.5, 0.5);
  return norm;
}

/// A file of foreign weights, and the network that layers make of it.
struct Foreign {
  gdm_test::TemporaryFolder folder;
  nn::TensorWriter writer;

  template <class Module>
  Module add(const std::string& name, Module module) {
    writer.add(name + ".", nn::named_state(*module));
    return module;
  }
  std::shared_ptr<nn::LayeredEncoder> network(const std::string& layers, const std::vector<std::string>& ignored = {}) {
    const auto path = folder / "weights.safetensors";
    writer.write(path, Json::object(), Overwrite::replace);
    auto made = std::make_shared<nn::LayeredEncoder>(nn::layers_from_json(parse_json(layers)));
    nn::load_foreign_weights(SafetensorsFile(path), ignored, *made);
    return made;
  }
};

void check_same(const Tensor& found, const Tensor& expected) {
  REQUIRE(found.sizes() == expected.sizes());
  CHECK(expected.abs().max().item<double>() > 1e-3);
  CHECK((found - expected).abs().max().item<double>() < 1e-5 * (1 + expected.abs().max().item<double>()));
}

Tensor sample(std::int64_t edge) {
  torch::manual_seed(7);
  return torch::rand({2, 1, edge, edge, edge}) * 2 - 1;
}

/// Voxels along the first axis that the cell `place` of a map depends on, by gradients. Along the others a thin volume
/// does.
std::int64_t footprint(nn::LayeredEncoder& network, std::size_t tap, std::int64_t edge, std::int64_t place) {
  constexpr std::int64_t thin = 24;
  const Tensor x = torch::rand({1, 1, edge, thin, thin}).requires_grad_(true);
  const Tensor map = network.maps(x)[tap];
  const Tensor cell = map[0].select(1, place).select(1, map.size(3) / 2).select(1, map.size(4) / 2).sum();
  const Tensor touched = torch::autograd::grad({cell}, {x})[0][0][0].abs().sum({1, 2}).nonzero().flatten();
  return (touched.max() - touched.min()).item<std::int64_t>() + 1;
}

/// All weights positive, so that nothing cancels and no activation is flat.
void make_positive(torch::nn::Module& module) {
  const torch::NoGradGuard no_grad;
  for (auto& parameter : module.parameters()) parameter.uniform_(0.5, 1.0);
}

}  // namespace

TEST_CASE("layers: a residual network with batch norms, strided shortcuts and dilation") {
  torch::manual_seed(1);
  Foreign foreign;
  auto stem = foreign.add("net.conv1", conv(1, 4, 7, 2, 1, false));
  auto stem_norm = foreign.add("net.bn1", batch_norm(4));
  auto one = foreign.add("net.layer1.0.conv1", conv(4, 8, 3, 2, 1, false));
  auto one_norm = foreign.add("net.layer1.0.bn1", batch_norm(8));
  auto two = foreign.add("net.layer1.0.conv2", conv(8, 8, 3, 1, 1, false));
  auto two_norm = foreign.add("net.layer1.0.bn2", batch_norm(8));
  auto down = foreign.add("net.layer1.0.downsample.0", conv(4, 8, 1, 2, 1, false));
  auto down_norm = foreign.add("net.layer1.0.downsample.1", batch_norm(8));
  auto three = foreign.add("net.layer2.0.conv1", conv(8, 12, 3, 1, 2, false));
  foreign.writer.add("net.fc.weight", torch::zeros({3, 12}));
  const auto network = foreign.network(R"([
    {"type": "conv", "weights": "net.conv1", "channels": 4, "kernel": 7, "stride": 2, "bias": false},
    {"type": "norm", "kind": "batch", "weights": "net.bn1"},
    {"type": "activation", "kind": "relu"},
    {"type": "tap", "name": "stem"},
    {"type": "pool", "kind": "max", "kernel": 3, "stride": 2, "padding": 1},
    {"type": "residual", "body": [
      {"type": "conv", "weights": "net.layer1.0.conv1", "channels": 8, "kernel": 3, "stride": 2, "bias": false},
      {"type": "norm", "kind": "batch", "weights": "net.layer1.0.bn1"},
      {"type": "activation", "kind": "relu"},
      {"type": "conv", "weights": "net.layer1.0.conv2", "channels": 8, "kernel": 3, "bias": false},
      {"type": "norm", "kind": "batch", "weights": "net.layer1.0.bn2"}],
     "shortcut": [
      {"type": "conv", "weights": "net.layer1.0.downsample.0", "channels": 8, "kernel": 1, "stride": 2, "bias": false},
      {"type": "norm", "kind": "batch", "weights": "net.layer1.0.downsample.1"}]},
    {"type": "activation", "kind": "relu"},
    {"type": "tap", "name": "layer1"},
    {"type": "residual", "body": [
      {"type": "conv", "weights": "net.layer2.0.conv1", "channels": 12, "kernel": 3, "dilation": 2, "bias": false}],
     "shortcut": [{"type": "pool", "kind": "average", "kernel": 1}, {"type": "pad_channels", "channels": 12}]},
    {"type": "tap", "name": "layer2"}])",
                                       {"*.fc.*"});
  const torch::NoGradGuard no_grad;
  const Tensor x = sample(33);
  const Tensor a = torch::relu(stem_norm(stem(x)));
  const Tensor b = torch::max_pool3d(a, 3, 2, 1);
  const Tensor c = torch::relu(two_norm(two(torch::relu(one_norm(one(b))))) + down_norm(down(b)));
  const Tensor d = three(c) + torch::cat({c, torch::zeros_like(c).slice(1, 0, 4)}, 1);
  const auto maps = network->maps(x);
  REQUIRE(maps.size() == 3);
  check_same(maps[0], a);
  check_same(maps[1], c);
  check_same(maps[2], d);
  const auto& taps = network->taps();
  CHECK(taps[0].stride == 2);
  CHECK(taps[0].receptive_field == 7);
  CHECK(taps[1].name == "layer1");
  CHECK(taps[1].channels == 8);
  CHECK(taps[1].stride == 8);
  CHECK(taps[1].receptive_field == 7 + 2 * 2 + 2 * 4 + 2 * 8);
  CHECK(taps[2].receptive_field == 35 + 4 * 8);
}

TEST_CASE("layers: a pre-activation network with group and instance norms") {
  torch::manual_seed(2);
  Foreign foreign;
  auto first = foreign.add("conv_init", conv(1, 8, 3, 1, 1, false));
  auto norm1 = foreign.add("b.norm1", group_norm(4, 8));
  auto conv1 = foreign.add("b.conv1", conv(8, 8, 3, 1, 1, false));
  auto norm2 = foreign.add("b.norm2", group_norm(8, 8));
  auto conv2 = foreign.add("b.conv2", conv(8, 8, 3, 1, 1, false));
  auto down = foreign.add("down", conv(8, 16, 3, 2));
  const std::string layers = R"([
    {"type": "conv", "weights": "conv_init", "channels": 8, "kernel": 3, "bias": false},
    {"type": "residual", "body": [
      {"type": "norm", "kind": "group", "groups": 4, "weights": "b.norm1"}, {"type": "activation", "kind": "relu"},
      {"type": "conv", "weights": "b.conv1", "channels": 8, "kernel": 3, "bias": false},
      {"type": "norm", "kind": "instance", "affine": true, "weights": "b.norm2"},
      {"type": "activation", "kind": "silu"},
      {"type": "conv", "weights": "b.conv2", "channels": 8, "kernel": 3, "bias": false}]},
    {"type": "tap", "name": "s1", "pool": 2},
    {"type": "conv", "weights": "down", "channels": 16, "kernel": 3, "stride": 2},
    {"type": "norm", "kind": "instance", "eps": 0.01},
    {"type": "tap", "name": "s2"}])";
  const auto network = foreign.network(layers);
  const torch::NoGradGuard no_grad;
  const Tensor x = sample(12), a = first(x);
  const Tensor b = a + conv2(torch::silu(norm2(conv1(torch::relu(norm1(a))))));
  const auto maps = network->maps(x);
  check_same(maps[0], torch::avg_pool3d(b, 2));
  tn::InstanceNorm3d plain(tn::InstanceNorm3dOptions(16).eps(0.01));
  check_same(maps[1], plain(down(b)));
  CHECK(network->taps()[0].stride == 2);
  CHECK(network->taps()[0].receptive_field == 8);
  CHECK(network->taps()[1].receptive_field == 9);

  // The file keeps all of it: weights under places, taps, and the bank takes it along.
  const auto path = foreign.folder / "encoder.safetensors";
  const Json description{{"encoder",
                          {{"architecture", "layers"},
                           {"layers", parse_json(layers)},
                           {"input", {{"scaling", "hu"}, {"hu_range", {-1000, 1000}}, {"axes", "LIA"}}}}}};
  network->add_statistics();
  network->set_statistics(1, torch::full({16}, 0.25), torch::full({16}, 2.0));
  nn::write_encoder(path, *network, description, Overwrite::refuse);
  CHECK(SafetensorsFile(path).tensors().count("1.body.0.weight") == 1);
  const nn::FrozenEncoder loaded = nn::load_encoder(path, torch::Device(torch::kCPU));
  CHECK(loaded.digest == nn::state_digest(*network));
  CHECK(loaded.description.at("encoder_digest") == loaded.digest);
  CHECK(loaded.description.at("encoder").at("taps").at(1).at("receptive_field") == 9);
  CHECK(torch::equal(loaded.network->features(x)[1], (maps[1] - 0.25) / 2.0));
  const nn::HuMap units{-1000, 1000};
  gdm_test::write_small_bank(foreign.folder / "bank.safetensors", loaded, "global.s2.mean", 16);
  const bank::RealBank bank(foreign.folder / "bank.safetensors", torch::Device(torch::kCPU));
  CHECK(bank.encoder().digest == loaded.digest);
  check_same(bank.encoder().features(x, units)[0], loaded.features(x, units)[0]);
}

TEST_CASE("layers: a dilated stack with every activation, in every type of weights") {
  torch::manual_seed(3);
  for (const auto type : {torch::kFloat32, torch::kFloat64, torch::kFloat16, torch::kBFloat16}) {
    Foreign foreign;
    const std::vector<std::string> kinds{"relu", "leaky_relu", "silu", "gelu", "elu", "prelu", "prelu"};
    std::string layers = "[";
    std::vector<tn::Conv3d> convs;
    Tensor slopes = torch::full({1}, 0.3), slopes_each = torch::rand({3});
    for (std::size_t n = 0; n < kinds.size(); ++n) {
      const std::int64_t dilation = n % 3 + 1;
      convs.push_back(conv(n == 0 ? 1 : 3, 3, 3, 1, dilation));
      const torch::NoGradGuard no_grad;
      for (auto& parameter : convs.back()->parameters()) {
        const Tensor stored = parameter.to(type);  // so that both sides hold the rounded weights
        parameter.copy_(stored.to(torch::kFloat32));
        foreign.writer.add(std::to_string(n) + (parameter.dim() == 5 ? ".weight" : ".bias"), stored);
      }
      layers += R"({"type": "conv", "weights": ")" + std::to_string(n) +
                R"(", "channels": 3, "kernel": 3, "dilation": )" + std::to_string(dilation) +
                R"(}, {"type": "activation", "kind": ")" + kinds[n] + "\"";
      if (kinds[n] == "leaky_relu") layers += R"(, "slope": 0.2)";
      if (kinds[n] == "elu") layers += R"(, "alpha": 0.7)";
      if (kinds[n] == "prelu") layers += R"(, "weights": "p)" + std::to_string(n) + "\"";
      layers += R"(}, {"type": "tap", "name": "t)" + std::to_string(n) + "\"}" + (n + 1 < kinds.size() ? ", " : "]");
    }
    foreign.writer.add("p5.weight", slopes);
    foreign.writer.add("p6.weight", slopes_each);
    const auto network = foreign.network(layers);
    const torch::NoGradGuard no_grad;
    const auto maps = network->maps(sample(9));
    const std::vector<std::function<Tensor(const Tensor&)>> activations{
        [](const Tensor& x) { return x.clamp_min(0); },
        [](const Tensor& x) { return torch::where(x > 0, x, 0.2 * x); },
        [](const Tensor& x) { return x * torch::sigmoid(x); },
        [](const Tensor& x) { return 0.5 * x * (1 + torch::erf(x / std::sqrt(2.0))); },
        [](const Tensor& x) { return torch::where(x > 0, x, 0.7 * (torch::exp(x) - 1)); },
        [](const Tensor& x) { return torch::where(x > 0, x, 0.3 * x); },
        [&](const Tensor& x) {
          return torch::where(x > 0, x, slopes_each.view({1, 3, 1, 1, 1}) * x);
        }};
    Tensor x = sample(9);
    for (std::size_t n = 0; n < kinds.size(); ++n) {
      CAPTURE(kinds[n]);
      x = activations[n](convs[n](x));
      check_same(maps[n], x);
    }
  }
}

TEST_CASE("layers: upsampling, transposed and grouped convolutions") {
  torch::manual_seed(4);
  Foreign foreign;
  auto first = foreign.add("a", tn::Conv3d(tn::Conv3dOptions(1, 4, 4).stride(4)));
  auto grouped = foreign.add("b", tn::Conv3d(tn::Conv3dOptions(4, 6, 3).padding(1).groups(2)));
  auto up = foreign.add("c", tn::ConvTranspose3d(tn::ConvTranspose3dOptions(6, 5, 3).stride(2).padding(1)));
  const auto network = foreign.network(R"([
    {"type": "conv", "weights": "a", "channels": 4, "kernel": 4, "stride": 4, "padding": 0},
    {"type": "conv", "weights": "b", "channels": 6, "kernel": 3, "groups": 2},
    {"type": "transposed_conv", "weights": "c", "channels": 5, "kernel": 3, "stride": 2, "padding": 1},
    {"type": "tap", "name": "up"},
    {"type": "upsample", "kind": "trilinear", "scale": 2},
    {"type": "pool", "kind": "average", "kernel": 3, "stride": 1, "padding": 1},
    {"type": "tap", "name": "fine"},
    {"type": "pool", "kind": "max", "kernel": 2},
    {"type": "upsample", "kind": "nearest", "scale": 2},
    {"type": "tap", "name": "last"}])");
  const torch::NoGradGuard no_grad;
  const Tensor x = sample(16), a = up(grouped(first(x)));
  const auto twice = [](const Tensor& map, bool linear) {
    const std::vector<std::int64_t> size{2 * map.size(2), 2 * map.size(3), 2 * map.size(4)};
    return linear ? torch::upsample_trilinear3d(map, size, /*align_corners=*/false)
                  : torch::upsample_nearest3d(map, size);
  };
  const Tensor b = torch::avg_pool3d(twice(a, true), 3, 1, 1);
  const auto maps = network->maps(x);
  check_same(maps[0], a);
  check_same(maps[1], b);
  check_same(maps[2], twice(torch::max_pool3d(b, 2), false));
  CHECK(network->taps()[0].stride == 2);
  CHECK(network->taps()[1].stride == 1);
}

TEST_CASE("layers: receptive fields are the footprints of gradients") {
  torch::manual_seed(5);
  struct Network {
    std::string layers;
    std::vector<std::int64_t> phases;  ///< cells whose largest footprint counts
  };
  const std::string stack = R"(
    {"type": "conv", "weights": "a", "channels": 2, "kernel": 3, "dilation": 2}, {"type": "tap", "name": "a"},
    {"type": "conv", "weights": "b", "channels": 2, "kernel": 5, "stride": 2}, {"type": "tap", "name": "b", "pool": 2},
    {"type": "residual",
     "body": [{"type": "conv", "weights": "c", "channels": 3, "kernel": 3, "stride": 2},
              {"type": "conv", "weights": "d", "channels": 3, "kernel": 3, "dilation": 2}],
     "shortcut": [{"type": "pool", "kind": "average", "kernel": 3, "stride": 2, "padding": 1},
                  {"type": "conv", "weights": "e", "channels": 3, "kernel": 1}]}, {"type": "tap", "name": "c"},)";
  const std::vector<Network> networks{
      {"[" + stack + R"({"type": "upsample", "kind": "nearest", "scale": 2},
        {"type": "conv", "weights": "f", "channels": 1, "kernel": 2, "padding": 0}, {"type": "tap", "name": "d"}])",
       {10, 11}},
      {"[" + stack + R"({"type": "upsample", "kind": "trilinear", "scale": 2},
        {"type": "conv", "weights": "f", "channels": 1, "kernel": 3}, {"type": "tap", "name": "d"}])",
       {10, 11}},
      {"[" + stack +
           R"({"type": "transposed_conv", "weights": "f", "channels": 2, "kernel": 5, "stride": 4, "padding": 1},
        {"type": "tap", "name": "d"}])",
       {20, 21, 22, 23}}};
  for (const Network& entry : networks) {
    nn::LayeredEncoder network(nn::layers_from_json(parse_json(entry.layers)));
    make_positive(network);
    constexpr std::int64_t edge = 84;
    for (std::size_t tap = 0; tap < network.taps().size(); ++tap) {
      CAPTURE(tap);
      const std::int64_t middle = edge / 2 / network.taps()[tap].stride;
      std::int64_t found = footprint(network, tap, edge, middle);
      if (tap + 1 == network.taps().size()) {
        for (const std::int64_t place : entry.phases) found = std::max(found, footprint(network, tap, edge, place));
      }
      CHECK(network.taps()[tap].receptive_field == found);
    }
  }
}

TEST_CASE("layers: what does not fit is refused, and the layer is named") {
  const std::string conv_a = R"({"type": "conv", "weights": "a", "channels": 4, "kernel": 3})";
  const std::string tap = R"({"type": "tap", "name": "t"})";
  const auto parsed = [](const std::string& layers) {
    return gdm_test::error_of([&] { nn::taps_of(nn::layers_from_json(parse_json(layers))); });
  };
  const auto says = [&](const std::string& layers, const std::string& where, const std::string& what) {
    const std::string message = parsed("[" + layers + "]");
    CAPTURE(layers);
    CAPTURE(message);
    CHECK(message.find(where) != std::string::npos);
    CHECK(message.find(what) != std::string::npos);
  };
  says(conv_a, "", "no tap");
  says(tap + ", " + conv_a, "layer 1 conv 'a'", "unused");
  says(conv_a + ", " + tap + ", " + tap, "layer 2 tap 't'", "already");
  says(R"({"type": "tap"})", "layer 0 tap", "'name' is missing");
  says(R"({"type": "tap", "name": "a.b"})", "layer 0 tap 'a.b'", "letters");
  says(R"({"type": "tap", "name": ""})", "layer 0 tap", "empty");
  says(R"({"type": "lstm"})", "layer 0 lstm", "'lstm', expected conv");
  says(R"({"kind": "relu"})", "layer 0", "'type' is missing");
  says("3", "layer 0", "a number, expected an object");
  says(R"({"type": "conv", "weights": "a", "channels": 4, "kernel": 3, "strid": 2}, )" + tap, "layer 0 conv 'a'",
       "unknown key 'strid'");
  says(R"({"type": "conv", "weights": "a", "channels": 4.5, "kernel": 3})", "layer 0 conv 'a'", "4.5");
  says(R"({"type": "conv", "weights": "a", "channels": 0, "kernel": 3})", "layer 0 conv 'a'", "from 1 to");
  says(R"({"type": "conv", "weights": 1, "channels": 4, "kernel": 3})", "layer 0 conv", "a number, expected text");
  says(R"({"type": "conv", "weights": "a", "channels": 4, "kernel": 2})", "layer 0 conv 'a'", "'padding' is missing");
  says(R"({"type": "conv", "weights": "a", "channels": 4, "kernel": 3, "bias": 1})", "layer 0 conv 'a'",
       "true or false");
  says(conv_a + R"(, {"type": "conv", "weights": "b", "channels": 4, "kernel": 3, "groups": 3})", "layer 1 conv 'b'",
       "3 groups do not divide");
  says(conv_a + R"(, {"type": "norm", "kind": "group", "groups": 3, "weights": "n"})", "layer 1 norm 'n'", "3 groups");
  says(R"({"type": "norm", "kind": "batch"})", "layer 0 norm", "'weights' is missing");
  says(R"({"type": "norm", "kind": "instance", "weights": "n"})", "layer 0 norm 'n'", "unknown key 'weights'");
  says(R"({"type": "norm", "kind": "layer"})", "layer 0 norm", "batch, group, instance");
  says(R"({"type": "norm", "kind": "instance", "eps": 0})", "layer 0 norm", "above 0");
  says(R"({"type": "activation", "kind": "relu", "slope": 0.1})", "layer 0 activation", "unknown key 'slope'");
  says(R"({"type": "pool", "kind": "max", "kernel": 2, "padding": 2})", "layer 0 pool", "from 0 to 1");
  says(conv_a + R"(, {"type": "pad_channels", "channels": 3})", "layer 1 pad_channels", "from 4 to");
  says(conv_a + R"(, {"type": "residual", "body": [{"type": "conv", "weights": "b", "channels": 5, "kernel": 3}]}, )" +
           tap,
       "layer 1 residual", "5 channels, the shortcut 4");
  says(R"({"type": "residual", "body": [{"type": "pool", "kind": "max", "kernel": 2}]}, )" + tap, "layer 0 residual",
       "256 voxels become 128 in the body, 256");
  says(R"({"type": "residual", "body": [{"type": "conv"}]}, )" + tap, "layer 0.body.0 conv", "'weights' is missing");
  says(R"({"type": "residual", "body": []}, )" + tap, "layer 0 residual", "empty");
  says(R"({"type": "residual", "body": [)" + conv_a + ", " + tap + R"(]}, )" + tap, "layer 0.body.1 tap", "behind");
  says(R"({"type": "upsample", "kind": "nearest", "scale": 2}, )" + tap, "layer 0 upsample", "whole number");

  Foreign foreign;
  foreign.add("a", conv(1, 4, 3));
  foreign.add("b", conv(4, 2, 3));
  const auto fits = [&](const std::string& layers, const std::vector<std::string>& ignored, const std::string& what) {
    const std::string message = gdm_test::error_of([&] { foreign.network("[" + layers + ", " + tap + "]", ignored); });
    CAPTURE(message);
    CHECK(message.find(what) != std::string::npos);
  };
  fits(conv_a, {}, "2 tensors belong to no layer: b.bias, b.weight;");
  fits(conv_a, {"*.bias"}, "1 tensors belong to no layer: b.weight;");
  fits(R"({"type": "conv", "weights": "a", "channels": 5, "kernel": 3})", {"b.*"},
       "layer 0 conv 'a': tensor 'a.weight' of " + (foreign.folder / "weights.safetensors").string() +
           " has shape [4, 1, 3, 3, 3], expected [5, 1, 3, 3, 3]");
  fits(R"({"type": "conv", "weights": "c", "channels": 4, "kernel": 3})", {"*"},
       "layer 0 conv 'c': there is no tensor 'c.weight'");
  fits(conv_a + R"(, {"type": "residual", "body": [{"type": "norm", "kind": "group", "groups": 1, "weights": "a"}]})",
       {"*"}, "layer 1.body.0 norm 'a': tensor 'a.weight' is used by layer 0 conv 'a' already");
  CHECK(foreign.network("[" + conv_a + ", " + tap + "]", {"b.*"})->taps()[0].receptive_field == 3);
}
