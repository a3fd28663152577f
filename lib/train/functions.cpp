// The entry of libgdm-nn that lib/engine finds after loading it.
#include <ATen/Parallel.h>

#include <cstring>

#include "bank/build.hpp"
#include "bank/instrument.hpp"
#include "engine/engine.hpp"
#include "nn/compat.hpp"
#include "nn/device.hpp"
#include "nn/plain_errors.hpp"
#include "nn/script_encoder.hpp"
#include "synth/synthesizer.hpp"
#include "sys/log.hpp"
#include "sys/version.hpp"
#include "train/generator_training.hpp"
#include "train/import_encoder.hpp"
#include "train/pretrain.hpp"
#include "train/probe.hpp"
#include "train/scattering.hpp"

namespace gdm::train {
namespace {

// What helps where memory is short.
constexpr const char* of_training = "a smaller --patch or --batch needs less; --accumulate keeps the patches of a step";
constexpr const char* of_pretraining = "a smaller --patch or --batch needs less";
constexpr const char* of_bank = "a smaller --patch needs less";
constexpr const char* of_machine = "a machine with more is needed";

/// LibTorch starts with one thread on small machines and knows nothing of --threads.
template <class Function>
auto guarded(const engine::Compute& compute, Function function, const char* remedy = of_machine) {
  return nn::with_plain_errors(remedy, [&] {
    at::set_num_threads(compute.threads);
    nn::set_tf32(false);
    nn::set_code_allowed(compute.allow_code);
    return function();
  });
}

std::unique_ptr<engine::FeatureExtractor> open_encoder(const std::filesystem::path& path,
                                                       const engine::Compute& compute) {
  return guarded(compute, [&] { return synth::open_encoder(path, compute); });
}

std::unique_ptr<engine::Synthesizer> open_generator(const std::filesystem::path& path,
                                                    const engine::SynthOptions& options,
                                                    const engine::Compute& compute) {
  return guarded(compute, [&] { return synth::open_generator(path, options, compute); });
}

std::unique_ptr<engine::FeatureBank> open_feature_bank(const std::filesystem::path& path,
                                                       const engine::Compute& compute) {
  return guarded(compute, [&] { return bank::open_bank(path, compute); });
}

void describe(const engine::Compute& compute, Provenance& provenance) {
  const nn::CudaState cuda = nn::cuda_state();
  provenance.device = nn::device_from_text(compute.device, cuda).str();
  if (compute.device == "auto") {  // news where LibTorch could use a GPU; else there was nothing to choose
    cuda.built ? log_info(nn::choice_of_auto(cuda)) : log_verbose(nn::choice_of_auto(cuda));
  }
  provenance.network_libraries = {{"libtorch", nn::torch_version()}};
}

template <class Function>
auto described(const engine::Compute& compute, Provenance& provenance, const char* remedy, Function function) {
  const auto work = [&] {
    describe(compute, provenance);
    return function();
  };
  return guarded(compute, work, remedy);
}

bool run_pretrain(const Manifest& m, const engine::PretrainOptions& o, const engine::Compute& c, Provenance& p) {
  return described(c, p, of_pretraining, [&] { return pretrain_encoder(m, o, c, p); });
}
Json run_probe(const Manifest& m, const engine::ProbeOptions& o, const engine::Compute& c, Provenance& p) {
  return described(c, p, of_machine, [&] { return probe_file(m, o, c, p); });
}
void run_import(const Manifest* m, const engine::ImportOptions& o, const engine::Compute& c, Provenance& p) {
  described(c, p, of_machine, [&] { import_encoder(m, o, c, p); });
}
void run_scattering(const Manifest* m, const engine::ScatteringOptions& o, const engine::Compute& c, Provenance& p) {
  described(c, p, of_machine, [&] { make_scattering(m, o, c, p); });
}
void run_bank(const Manifest& m, const engine::BankOptions& o, const engine::Compute& c, Provenance& p) {
  described(c, p, of_bank, [&] { bank::build_bank(m, o, c, p); });
}
bool run_training(const Manifest& m, const engine::TrainOptions& o, const engine::Compute& c, Provenance& p) {
  return described(c, p, of_training, [&] { return train_generator(m, o, c, p); });
}
Json run_plan(const Manifest& m, const engine::TrainOptions& o, const engine::Compute& c, Provenance& p) {
  return described(c, p, of_training, [&] { return plan_training(m, o, c, p); });
}

void run_merge(const std::vector<std::filesystem::path>& shards, const std::filesystem::path& output,
               Overwrite overwrite, const engine::Compute& c, Provenance& p) {
  described(c, p, of_machine, [&] { bank::merge_banks(shards, output, overwrite, p); });
}
Json run_verify(const engine::BankVerifyOptions& o, const Manifest* m, const engine::Compute& c, Provenance& p) {
  return guarded(c, [&] { return bank::verify_bank(o, m, c, p); });
}

}  // namespace
}  // namespace gdm::train

extern "C" const gdm::engine::Services* gdm_nn_functions(const char* door) {
  using namespace gdm::train;
  static const gdm::engine::Services functions{
      open_encoder, open_generator, run_pretrain,      run_probe,    run_import, run_scattering, run_bank,
      run_merge,    run_verify,     open_feature_bank, run_training, run_plan,   describe};
  return std::strcmp(door, GDM_DOOR) == 0 ? &functions : nullptr;
}
