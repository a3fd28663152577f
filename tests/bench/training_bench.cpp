// How close a training step comes to its ceiling: the generator's convolutions, forward and backward, timed alone on
// tensors of the same shapes.
//   training-bench [PATCH [BATCH [ROUNDS]]]
// The parts take turns, round after round, so that other work on the machine meets them alike; each row is the least
// of its times. What a bank or an encoder adds is printed by gdm-drift-train --dry-run.
#include <fmt/format.h>

#include <ATen/Parallel.h>
#include <ATen/record_function.h>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <limits>

#include "data/placement.hpp"
#include "data/samples.hpp"
#include "nn/generator.hpp"
#include "sys/parallel.hpp"
#include "train/trainee.hpp"

using namespace gdm;
using torch::Tensor;

namespace {

struct Convolution {
  Tensor input, weight, bias;
  std::vector<std::int64_t> stride, padding;
  bool input_gradient = true;
};

std::vector<Convolution>* found = nullptr;

std::unique_ptr<at::ObserverContext> note_convolution(const at::RecordFunction& function) {
  if (found == nullptr || std::string(function.name()) != "aten::conv3d") return nullptr;
  const auto inputs = function.inputs();
  const auto numbers = [&](std::size_t n) { return inputs[n].toIntVector(); };
  const Tensor x = inputs[0].toTensor();
  found->push_back({torch::randn(x.sizes()), inputs[1].toTensor().detach().clone(),
                    inputs[2].toTensor().detach().clone(), numbers(3), numbers(4), x.requires_grad()});
  return nullptr;
}

/// What the generator convolves for one batch.
std::vector<Convolution> convolutions_of(nn::Generator& network, const Tensor& batch) {
  std::vector<Convolution> list;
  found = &list;
  const auto handle = at::addGlobalCallback(
      at::RecordFunctionCallback(note_convolution).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
  network(batch);
  at::removeCallback(handle);
  found = nullptr;
  for (Convolution& c : list) {
    c.input.requires_grad_(c.input_gradient);
    c.weight.requires_grad_(true);
    c.bias.requires_grad_(true);
  }
  return list;
}

double flop_of(const std::vector<Convolution>& list) {
  double flop = 0;
  for (const Convolution& c : list) {
    const Tensor y = torch::conv3d(c.input, c.weight, c.bias, c.stride, c.padding);
    const double forward = 2.0 * static_cast<double>(y.numel()) * static_cast<double>(c.weight[0].numel());
    flop += forward * (c.input_gradient ? 3 : 2);
  }
  return flop;
}

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// One pass over all convolutions, the gradients of their outputs being at hand.
double convolve(std::vector<Convolution>& list, std::vector<Tensor>& gradients) {
  double sum = 0;
  for (std::size_t n = 0; n < list.size(); ++n) {
    Convolution& c = list[n];
    if (gradients.size() == n) {
      gradients.push_back(torch::randn_like(torch::conv3d(c.input, c.weight, c.bias, c.stride, c.padding)));
    }
    sum += seconds([&] {
      const Tensor y = torch::conv3d(c.input, c.weight, c.bias, c.stride, c.padding);
      std::vector<Tensor> wanted{c.weight, c.bias};
      if (c.input_gradient) wanted.push_back(c.input);
      torch::autograd::grad({y}, wanted, {gradients[n]});
    });
  }
  return sum;
}

/// A volume of noise, as large as a head.
data::Sample sample(int number) {
  data::Sample s;
  s.id = s.patient = std::to_string(number);
  s.target = torch::rand({1, 96, 128, 128}) * 2 - 1;
  s.conditions = s.target + 0.1;
  s.mask = torch::ones({1, 96, 128, 128}, torch::kUInt8);
  s.foreground = data::foreground_indices(s.mask);
  return s;
}

std::int64_t argument(int argc, char** argv, int n, std::int64_t otherwise) {
  return argc > n ? std::atoll(argv[n]) : otherwise;
}

}  // namespace

int main(int argc, char** argv) {
  nn::GeneratorConfig config;
  config.widths = {32, 64, 128};
  config.conditions = {{"fbp", "hu"}};
  config.patch = argument(argc, argv, 1, 48);
  const std::int64_t batch = argument(argc, argv, 2, 2), rounds = argument(argc, argv, 3, 20);
  torch::set_num_threads(thread_count());
  torch::manual_seed(1);
  nn::Generator network(config);
  train::Trainee trainee(*network, 0.995);
  const std::vector<data::Sample> samples{sample(1), sample(2)};
  const data::PatchSampler sampler(samples, config.patch, batch, 1);
  const data::Batch first = sampler.draw(0, torch::kCPU);
  std::vector<Convolution> list = convolutions_of(network, first.conditions);
  std::vector<Tensor> gradients;
  constexpr std::size_t parts = 4;
  std::vector<double> least(parts, std::numeric_limits<double>::infinity());
  for (std::int64_t round = 0; round < rounds; ++round) {
    data::Batch drawn;
    const double times[parts]{
        convolve(list, gradients), seconds([&] { network(first.conditions).sum().backward(); }), seconds([&] {
          trainee.zero_grad();
          const Tensor predicted = network(first.conditions), leaf = predicted.detach().requires_grad_(true);
          const Tensor loss = (leaf - first.target).abs().mean();
          predicted.backward(torch::autograd::grad({loss}, {leaf})[0]);
          trainee.step(1e-4, loss.item<double>(), trainee.gradient_norm().item<double>());
        }),
        seconds([&] { drawn = sampler.draw(round, torch::kCPU); })};
    for (std::size_t p = 0; p < parts; ++p) least[p] = std::min(least[p], times[p]);
  }
  const double flop = flop_of(list);
  fmt::print("patch {}, batch {}, {} convolutions, {} threads, {} rounds\n", config.patch, batch, list.size(),
             torch::get_num_threads(), rounds);
  const char* names[parts]{"convolutions alone, forward and backward", "generator, forward and backward",
                           "step: generator, L1, AdamW, moving average", "drawing the patches"};
  for (std::size_t p = 0; p < parts; ++p) {
    fmt::print("{:45} {:8.2f} ms", names[p], 1e3 * least[p]);
    if (p < 3)
      fmt::print("  {:6.1f} GFLOP/s  {:5.1f} % of the ceiling", 1e-9 * flop / least[p], 100 * least[0] / least[p]);
    if (p == 3) fmt::print("  {:5.2f} % of a step", 100 * least[p] / least[2]);
    fmt::print("\n");
  }
  return 0;
}
