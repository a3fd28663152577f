#include "model/half_precision.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "io_fixture.hpp"
#include "sys/error.hpp"

using namespace gdm;
using gdm_test::contains;
using gdm_test::error_of;

namespace {

/// IEEE 754, section 3.4: what the bits of a binary16 mean.
double value_of(std::uint16_t bits) {
  const int exponent = bits >> 10 & 0x1F, mantissa = bits & 0x3FF;
  const double sign = (bits & 0x8000) != 0 ? -1.0 : 1.0;
  if (exponent == 31) return mantissa == 0 ? sign * std::numeric_limits<double>::infinity() : std::nan("");
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

}  // namespace

TEST_CASE("half precision: every binary16 comes back, and what lies between goes to the nearest, ties to even") {
  for (std::uint32_t bits = 0; bits < 0x7C00U; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const double value = value_of(half), next = value_of(static_cast<std::uint16_t>(bits + 1));
    REQUIRE(model::half_bits(static_cast<float>(value)) == half);
    REQUIRE(model::half_bits(static_cast<float>(-value)) == (half | 0x8000U));
    if (bits + 1 == 0x7C00U) break;
    const auto middle = static_cast<float>((value + next) / 2);
    REQUIRE(model::half_bits(middle) == half + (bits & 1U));
    REQUIRE(model::half_bits(std::nextafter(middle, 0.0F)) == half);
    REQUIRE(model::half_bits(std::nextafter(middle, 1e9F)) == half + 1);
  }
  CHECK(model::half_bits(65519.0F) == 0x7BFF);
  CHECK(model::half_bits(65520.0F) == 0x7C00);
  CHECK(model::half_bits(-std::numeric_limits<float>::infinity()) == 0xFC00);
  CHECK(std::isnan(value_of(model::half_bits(std::nanf("")))));
}

TEST_CASE("half precision: a generator's file keeps its description, names, shapes and values") {
  const gdm_test::TemporaryFolder folder;
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  std::vector<float> weights(24);
  for (float& weight : weights) weight = normal(random);
  const std::vector<std::int64_t> counts{7, 9};
  SafetensorsWriter writer;
  writer.add("stem.weight", "F32", {2, 3, 4}, weights.data());
  writer.add("counts", "I64", {2}, counts.data());
  writer.write(folder / "m.safetensors", {{"kind", "generator"}, {"more", 5}}, Overwrite::refuse);
  const SafetensorsFile file(folder / "m.safetensors");
  model::write_in_half_precision(file, "for heads", folder / "h.safetensors", Overwrite::refuse);
  const SafetensorsFile half(folder / "h.safetensors");
  CHECK(half.description().at("more") == 5);
  CHECK(half.description().at("half_precision_of") == file.payload_sha256());
  CHECK(half.description().at("card").at("card") == "for heads");
  const TensorView& view = half.tensor("stem.weight");
  CHECK(view.dtype == "F16");
  CHECK(view.shape == std::vector<std::int64_t>{2, 3, 4});
  for (std::size_t n = 0; n < weights.size(); ++n) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, view.data + 2 * n, 2);
    CHECK(value_of(bits) == doctest::Approx(static_cast<double>(weights[n])).epsilon(1.0 / 2048));
  }
  CHECK(half.tensor("counts").dtype == "I64");
  CHECK(contains(error_of([&] { model::write_in_half_precision(half, "", folder / "x", Overwrite::refuse); }),
                 "is in half precision already"));
  weights[5] = 1e6F;
  writer.write(folder / "large.safetensors", {{"kind", "generator"}}, Overwrite::refuse);
  CHECK(contains(error_of([&] {
                   model::write_in_half_precision(SafetensorsFile(folder / "large.safetensors"), "", folder / "x",
                                                  Overwrite::refuse);
                 }),
                 "cannot hold"));
  CHECK_FALSE(std::filesystem::exists(folder / "x"));
}
