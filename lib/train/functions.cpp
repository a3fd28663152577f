// The entry of libgdm-nn that lib/net finds after loading it.
#include <ATen/Parallel.h>

#include <cstring>

#include "net/network.hpp"
#include "nn/compat.hpp"
#include "synth/synthesizer.hpp"
#include "sys/version.hpp"
#include "train/build_bank.hpp"
#include "train/generator_training.hpp"
#include "train/pretrain.hpp"

namespace gdm::train {
namespace {

/// LibTorch starts with one thread on small machines and knows nothing of --threads.
void apply(const net::Compute& compute) {
  at::set_num_threads(compute.threads);
}

/// Calls `function` with the threads set, and turns LibTorch's exceptions into Error with their first line.
template <class Function>
auto guarded(const net::Compute& compute, Function function) {
  try {
    apply(compute);
    return function();
  } catch (const c10::Error& error) {
    const std::string message = error.what_without_backtrace();
    throw Error("network: " + message.substr(0, message.find('\n')));
  }
}

std::unique_ptr<net::FeatureExtractor> open_encoder(const std::filesystem::path& path, const net::Compute& compute) {
  return guarded(compute, [&] { return synth::open_encoder(path, compute); });
}

std::unique_ptr<net::Synthesizer> open_generator(const std::filesystem::path& path, const net::SynthOptions& options,
                                                 const net::Compute& compute) {
  return guarded(compute, [&] { return synth::open_generator(path, options, compute); });
}

bool run_pretrain(const Manifest& m, const net::PretrainOptions& o, const net::Compute& c, Provenance& p) {
  return guarded(c, [&] { return pretrain_encoder(m, o, c, p); });
}
bool run_bank(const Manifest& m, const net::BankOptions& o, const net::Compute& c, Provenance& p) {
  return guarded(c, [&] { return build_bank(m, o, c, p); });
}
bool run_training(const Manifest& m, const net::TrainOptions& o, const net::Compute& c, Provenance& p) {
  return guarded(c, [&] { return train_generator(m, o, c, p); });
}

nlohmann::ordered_json library_versions() {
  return {{"libtorch", nn::torch_version()}};
}

}  // namespace
}  // namespace gdm::train

extern "C" const gdm::net::Functions* gdm_nn_functions(const char* version) {
  using namespace gdm::train;
  static const gdm::net::Functions functions{open_encoder, open_generator, run_pretrain,
                                             run_bank,     run_training,   library_versions};
  return std::strcmp(version, GDM_VERSION) == 0 ? &functions : nullptr;
}
