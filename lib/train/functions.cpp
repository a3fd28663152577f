// The entry of libgdm-nn that lib/net finds after loading it.
#include <ATen/Parallel.h>

#include <cstring>

#include "net/network.hpp"
#include "nn/compat.hpp"
#include "nn/script_encoder.hpp"
#include "synth/synthesizer.hpp"
#include "sys/version.hpp"
#include "train/build_bank.hpp"
#include "train/feature_bank.hpp"
#include "train/generator_training.hpp"
#include "train/import_encoder.hpp"
#include "train/pretrain.hpp"
#include "train/probe.hpp"
#include "train/scattering.hpp"

namespace gdm::train {
namespace {

/// LibTorch starts with one thread on small machines and knows nothing of --threads.
template <class Function>
auto guarded(const net::Compute& compute, Function function) {
  return nn::with_plain_errors([&] {
    at::set_num_threads(compute.threads);
    nn::set_code_allowed(compute.allow_code);
    return function();
  });
}

std::unique_ptr<net::FeatureExtractor> open_encoder(const std::filesystem::path& path, const net::Compute& compute) {
  return guarded(compute, [&] { return synth::open_encoder(path, compute); });
}

std::unique_ptr<net::Synthesizer> open_generator(const std::filesystem::path& path, const net::SynthOptions& options,
                                                 const net::Compute& compute) {
  return guarded(compute, [&] { return synth::open_generator(path, options, compute); });
}

std::unique_ptr<net::FeatureBank> open_feature_bank(const std::filesystem::path& path, const net::Compute& compute) {
  return guarded(compute, [&] { return open_bank(path, compute); });
}

void describe(const net::Compute& compute, Provenance& provenance) {
  provenance.device = nn::device_from_text(compute.device).str();
  provenance.network_libraries = {{"libtorch", nn::torch_version()}};
}

template <class Function>
auto described(const net::Compute& compute, Provenance& provenance, Function function) {
  return guarded(compute, [&] {
    describe(compute, provenance);
    return function();
  });
}

bool run_pretrain(const Manifest& m, const net::PretrainOptions& o, const net::Compute& c, Provenance& p) {
  return described(c, p, [&] { return pretrain_encoder(m, o, c, p); });
}
nlohmann::ordered_json run_probe(const Manifest& m, const net::ProbeOptions& o, const net::Compute& c, Provenance& p) {
  return described(c, p, [&] { return probe_file(m, o, c, p); });
}
void run_import(const Manifest* m, const net::ImportOptions& o, const net::Compute& c, Provenance& p) {
  described(c, p, [&] { import_encoder(m, o, c, p); });
}
void run_scattering(const Manifest* m, const net::ScatteringOptions& o, const net::Compute& c, Provenance& p) {
  described(c, p, [&] { make_scattering(m, o, c, p); });
}
void run_bank(const Manifest& m, const net::BankOptions& o, const net::Compute& c, Provenance& p) {
  described(c, p, [&] { build_bank(m, o, c, p); });
}
bool run_training(const Manifest& m, const net::TrainOptions& o, const net::Compute& c, Provenance& p) {
  return described(c, p, [&] { return train_generator(m, o, c, p); });
}
nlohmann::ordered_json run_plan(const Manifest& m, const net::TrainOptions& o, const net::Compute& c, Provenance& p) {
  return described(c, p, [&] { return plan_training(m, o, c, p); });
}

void run_merge(const std::vector<std::filesystem::path>& shards, const std::filesystem::path& output,
               Overwrite overwrite, const net::Compute& c, Provenance& p) {
  described(c, p, [&] { merge_banks(shards, output, overwrite, p); });
}
nlohmann::ordered_json run_verify(const net::BankVerifyOptions& o, const Manifest* m, const net::Compute& c,
                                  Provenance& p) {
  return guarded(c, [&] { return verify_bank(o, m, c, p); });
}

}  // namespace
}  // namespace gdm::train

extern "C" const gdm::net::Functions* gdm_nn_functions(const char* door) {
  using namespace gdm::train;
  static const gdm::net::Functions functions{
      open_encoder, open_generator, run_pretrain,      run_probe,    run_import, run_scattering, run_bank,
      run_merge,    run_verify,     open_feature_bank, run_training, run_plan,   describe};
  return std::strcmp(door, GDM_DOOR) == 0 ? &functions : nullptr;
}
