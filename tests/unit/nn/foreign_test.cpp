// A real network of others, which is not in the repository: GDM_TEST_FOREIGN names a folder made by
// tests/data/foreign_network.py. It stands alone, as ctest lists a file as skipped if one of its cases is.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "io/safetensors.hpp"
#include "nn/layered_encoder.hpp"

using namespace gdm;
using torch::Tensor;

TEST_CASE("layers: a real network of others gives what an independent program computed from its weights") {
  const char* folder = std::getenv("GDM_TEST_FOREIGN");
  if (folder == nullptr) {
    MESSAGE("did not run: GDM_TEST_FOREIGN names no folder made by tests/data/foreign_network.py");
    return;
  }
  const std::filesystem::path path(folder);
  const nn::FrozenEncoder encoder = nn::load_encoder(path / "encoder.safetensors", torch::Device(torch::kCPU));
  const SafetensorsFile expected(path / "expected.safetensors");
  const torch::NoGradGuard no_grad;
  const auto maps = encoder.network->maps(nn::load_tensor(expected, "x"));
  for (std::size_t tap = 0; tap < maps.size(); ++tap) {
    const std::string& name = encoder.taps()[tap].name;
    const Tensor wanted = nn::load_tensor(expected, name);
    REQUIRE(maps[tap].sizes() == wanted.sizes());
    const double largest = (maps[tap] - wanted).abs().max().item<double>();
    MESSAGE(name << ": largest difference " << largest << " of values up to " << wanted.abs().max().item<double>());
    CHECK(largest < 1e-5 * (1 + wanted.abs().max().item<double>()));
  }
}
