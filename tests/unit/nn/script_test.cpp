// TorchScript encoders: probed, kept as bytes in the file, run only where that was asked for and only if unchanged.
#include <doctest/doctest.h>
#include <torch/script.h>

#include "bank/bank.hpp"
#include "bank_fixture.hpp"
#include "io_fixture.hpp"
#include "nn/script_encoder.hpp"
#include "nn/tensor_io.hpp"

using namespace gdm;
using torch::Tensor;

namespace {

constexpr const char* two_maps = R"(
def forward(self, x):
    a = torch.conv3d(x, self.w, None, [1, 1, 1], [2, 2, 2], [2, 2, 2])
    b = torch.avg_pool3d(torch.relu(a), [4, 4, 4], [4, 4, 4])
    return [a, b, b - b.mean()]
)";

void save_script(const std::filesystem::path& path, const std::string& source) {
  torch::manual_seed(3);
  torch::jit::Module module("net");
  module.register_parameter("w", torch::rand({2, 1, 3, 3, 3}) + 0.1, false);
  module.define(source);
  module.save(path.string());
}

/// Scripts are allowed while it lives.
struct Allowed {
  Allowed() { nn::set_code_allowed(true); }
  ~Allowed() { nn::set_code_allowed(false); }
};

Json description_of(const nn::ScriptEncoder& network) {
  Json encoder = network.json();
  encoder["input"] = {{"scaling", "hu"}, {"hu_range", {-1000, 1000}}};
  return {{"encoder", encoder}};
}

}  // namespace

TEST_CASE("script: taps are probed, the file holds the script, and gives the same features") {
  const gdm_test::TemporaryFolder folder;
  const auto script = folder / "net.pt", path = folder / "encoder.safetensors", bank_path = folder / "bank.safetensors";
  save_script(script, two_maps);
  const Tensor x = torch::rand({1, 1, 16, 16, 16}) * 2 - 1;
  Tensor expected;
  {
    const Allowed allowed;
    const auto network = nn::ScriptEncoder::from_file(script);
    REQUIRE(network->taps().size() == 3);
    CHECK(network->taps()[0].name == "t1");
    CHECK(network->taps()[0].channels == 2);
    CHECK(network->taps()[0].stride == 1);
    CHECK(network->taps()[0].receptive_field == 5);
    CHECK(network->taps()[1].stride == 4);
    CHECK(network->taps()[1].receptive_field == 8);
    CHECK(network->taps()[2].receptive_field == 0);  // the mean looks at everything
    network->add_statistics();
    network->set_statistics(0, torch::full({2}, 1.0), torch::full({2}, 3.0));
    expected = network->features(x)[0];
    nn::write_encoder(path, *network, description_of(*network), Overwrite::refuse);
    const nn::FrozenEncoder loaded = nn::load_encoder(path, torch::Device(torch::kCPU));
    CHECK(loaded.taps()[1].receptive_field == 8);
    CHECK(torch::equal(loaded.network->features(x)[0], expected));
    const Tensor leaf = x.clone().requires_grad_(true);
    const Tensor gradient = torch::autograd::grad({loaded.network->features(leaf)[1].sum()}, {leaf})[0];
    CHECK(gradient.abs().max().item<double>() > 0);
    gdm_test::write_small_bank(bank_path, loaded, "global.t1.mean", 2);
    const bank::RealBank bank(bank_path, torch::Device(torch::kCPU));
    CHECK(torch::equal(bank.encoder().network->features(x)[0], expected));
  }
  for (const std::string& message : {gdm_test::error_of([&] { nn::load_encoder(path, torch::Device(torch::kCPU)); }),
                                     gdm_test::error_of([&] { bank::RealBank(bank_path, torch::Device(torch::kCPU)); }),
                                     gdm_test::error_of([&] { nn::ScriptEncoder::from_file(script); })}) {
    CAPTURE(message);
    CHECK(gdm_test::contains(message, "--allow-code"));
    CHECK(gdm_test::contains(message, folder.path().string()));
  }
}

TEST_CASE("script: another script than the one that was imported is not run") {
  const gdm_test::TemporaryFolder folder;
  const Allowed allowed;
  save_script(folder / "net.pt", two_maps);
  const auto network = nn::ScriptEncoder::from_file(folder / "net.pt");
  Json description = description_of(*network);
  network->named_buffers()["script"][100] += 1;
  nn::write_encoder(folder / "changed.safetensors", *network, description, Overwrite::refuse);
  const std::string message =
      gdm_test::error_of([&] { nn::load_encoder(folder / "changed.safetensors", torch::Device(torch::kCPU)); });
  CAPTURE(message);
  CHECK(gdm_test::contains(message, "not the one that was imported"));
}

TEST_CASE("script: outputs that are no maps, and files that are no scripts, are refused in one line") {
  const gdm_test::TemporaryFolder folder;
  const Allowed allowed;
  const auto refused = [&](const std::string& source, const std::string& what) {
    save_script(folder / "net.pt", source);
    const std::string message = gdm_test::error_of([&] { nn::ScriptEncoder::from_file(folder / "net.pt"); });
    CAPTURE(message);
    CHECK(gdm_test::contains(message, what));
    CHECK(gdm_test::contains(message, "net.pt"));
    CHECK(!gdm_test::contains(message, "\n"));
  };
  refused("def forward(self, x):\n    return x\n", "gives Tensor, expected a list or tuple");
  refused("def forward(self, x):\n    return [x.flatten(1)]\n", "map 1 of the script is no float32 map");
  refused("def forward(self, x):\n    return (x, x[:, :, 1:])\n", "map 2 of the script is no float32 map");
  refused("def forward(self, x):\n    return [torch.conv3d(x, self.w[0])]\n", "TorchScript: ");
  gdm_test::put_file(folder / "text.pt", gdm_test::ByteVector(100, 'x'));
  CHECK(gdm_test::contains(gdm_test::error_of([&] { nn::ScriptEncoder::from_file(folder / "text.pt"); }), "text.pt"));
  save_script(folder / "net.pt", "def forward(self, x):\n    return (x, x + 1)\n");
  CHECK(nn::ScriptEncoder::from_file(folder / "net.pt")->taps()[0].receptive_field == 1);
}
