// The probe on phantoms: the graders that gdm comes with, and encoders whose axes differ.
#include <doctest/doctest.h>

#include <map>

#include "data/placement.hpp"
#include "nn/scattering_encoder.hpp"
#include "phantom/phantom.hpp"
#include "sys/share.hpp"
#include "train/probe.hpp"

using namespace gdm;
using namespace gdm::train;
using namespace gdm::data;
using torch::Tensor;

namespace {

/// Heads of some patients, as load_images() gives them.
ProbeSet phantoms(std::int64_t count, std::int64_t shape, double spacing_mm) {
  const Source source;
  const nn::HuMap units;
  std::vector<Sample> samples;
  for (std::int64_t n = 0; n < count; ++n) {
    auto pair = phantom::make_case(phantom::Kind::head, shape, spacing_mm, 9, static_cast<std::uint64_t>(n));
    const Volume ct = nn::turned_for_network(std::move(pair.ct_hu));
    const Mask body = nn::turned_for_network(std::move(pair.body));
    Sample sample;
    sample.id = sample.patient = "p" + std::to_string(n);
    sample.grid = ct.grid;
    sample.target = units.to_unit(nn::tensor_of(ct)).unsqueeze(0).clone();
    sample.mask = nn::tensor_of(body).unsqueeze(0).clone();
    sample.foreground = foreground_indices(sample.mask);
    samples.push_back(sample);
  }
  return probe_set(std::move(samples), source, units, nullptr, 1);
}

const torch::Device cpu(torch::kCPU);

}  // namespace

TEST_CASE("probe: the graders that gdm comes with tell more than untrained networks") {
  const ProbeSet set = phantoms(6, 56, 4.0);
  // The second was trained on classes alone, and tells places apart hardly better than untrained filters do.
  const std::map<std::string, double> least_gain{{"grader-ct", 0.05}, {"grader-labels", 0.0}};
  for (const auto& item : least_gain) {
    const std::string& name = item.first;
    const nn::FrozenEncoder grader = nn::load_encoder(shared_file(name, "encoders", ".safetensors"), cpu);
    const auto found = probe_encoder(grader, set, 32, 6, 1, cpu);
    CAPTURE(name);
    CAPTURE(found.dump());
    const auto &retrieval = found.at("retrieval"), &linear = found.at("linear");
    CHECK(retrieval.at("top1").get<double>() > retrieval.at("untrained_top1").get<double>() + item.second);
    CHECK(linear.at("r2").get<double>() > linear.at("untrained_r2").get<double>() + 0.05);
  }
}

TEST_CASE("probe: the axes that a network wants change nothing of what its features tell") {
  // The filters of a scattering encoder are the same for all axes, so turning them swaps channels at most.
  const ProbeSet set = phantoms(3, 32, 7.0);
  nn::InputConvention input;
  Json description{{"encoder", nn::ScatteringConfig{}.json()}};
  description["encoder"]["input"] = input.json();
  auto encoder = nn::freeze(nn::make_encoder_network(description.at("encoder")), description, cpu);
  const auto upright = probe_encoder(encoder, set, 16, 4, 1, cpu);
  CHECK(upright.at("retrieval").at("untrained_top1").is_null());
  encoder.input.axes = "LPI";
  const auto turned = probe_encoder(encoder, set, 16, 4, 1, cpu);
  CHECK(turned.at("linear").at("r2").get<double>() ==
        doctest::Approx(upright.at("linear").at("r2").get<double>()).epsilon(1e-3));
  CHECK(turned.at("retrieval").at("top1") == upright.at("retrieval").at("top1"));
}
