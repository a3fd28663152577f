// How close a training step comes to its ceiling, the generator's convolutions, forward and backward, timed alone on
// tensors of the same shapes; and what another order of the channels in memory would give.
//   training-bench [--device D] [--precision fp32|tf32|bf16] [--preset NAME] [--patch N] [--batch N] [--rounds N]
// The parts take turns, round after round, so that other work on the machine meets them alike; each number is the least
// of its times. It prints a row of a Markdown table; --header its head. What a bank or an encoder adds is printed by
// gdm-drift-train --dry-run.
#include <ATen/Parallel.h>
#include <ATen/record_function.h>
#include <fmt/format.h>
#include <torch/cuda.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <limits>

#include "model/generator_shape.hpp"
#include "nn/compat.hpp"
#include "nn/device.hpp"
#include "nn/generator.hpp"
#include "sys/parallel.hpp"
#include "sys/stopwatch.hpp"
#include "train/trainee.hpp"

using namespace gdm;
using torch::Tensor;

namespace {

struct Setting {
  std::string device = "cpu", precision = "fp32", preset = "base";
  std::int64_t patch = 0, batch = 0, rounds = 20;
};

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
  found->push_back({torch::randn(x.sizes(), x.options()), inputs[1].toTensor().detach().clone(),
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
  return list;
}

/// The same in another type and order in memory.
std::vector<Convolution> laid_out(const std::vector<Convolution>& list, torch::ScalarType type,
                                  at::MemoryFormat order) {
  std::vector<Convolution> out = list;
  for (Convolution& c : out) {
    c.input = c.input.to(type).contiguous(order).requires_grad_(c.input_gradient);
    c.weight = c.weight.to(type).contiguous(order).requires_grad_(true);
    c.bias = c.bias.to(type).requires_grad_(true);
  }
  return out;
}

Tensor convolved(const Convolution& c) {
  return torch::conv3d(c.input, c.weight, c.bias, c.stride, c.padding);
}

double flop_of(const std::vector<Convolution>& list) {
  double flop = 0;
  for (const Convolution& c : list) {
    const double forward = 2.0 * static_cast<double>(convolved(c).numel()) * static_cast<double>(c.weight[0].numel());
    flop += forward * (c.input_gradient ? 3 : 2);
  }
  return flop;
}

double seconds(torch::Device device, const std::function<void()>& work) {
  const auto wait = [&] {
    if (device.is_cuda()) torch::cuda::synchronize();
  };
  wait();
  const Stopwatch watch;
  work();
  wait();
  return watch.seconds();
}

/// One pass over all convolutions, the gradients of their outputs being at hand.
class Ceiling {
 public:
  Ceiling(std::vector<Convolution> list, torch::Device device) : list_(std::move(list)), device_(device) {
    for (const Convolution& c : list_) gradients_.push_back(torch::randn_like(convolved(c)));
  }
  double seconds_of_pass() const {
    return seconds(device_, [&] {
      for (std::size_t n = 0; n < list_.size(); ++n) {
        std::vector<Tensor> wanted{list_[n].weight, list_[n].bias};
        if (list_[n].input_gradient) wanted.push_back(list_[n].input);
        torch::autograd::grad({convolved(list_[n])}, wanted, {gradients_[n]});
      }
    });
  }

 private:
  std::vector<Convolution> list_;
  std::vector<Tensor> gradients_;
  torch::Device device_;
};

nn::Generator generator(const nn::GeneratorConfig& config, torch::Device device, at::MemoryFormat order) {
  torch::manual_seed(1);
  nn::Generator network(config);
  network->to(device);
  for (Tensor weight : network->parameters()) {
    if (weight.dim() == 5) weight.set_data(weight.contiguous(order));
  }
  return network;
}

void print_row(const Setting& s) {
  const torch::Device device = nn::device_from_text(s.device);
  const bool half = s.precision == "bf16";
  nn::set_tf32(s.precision == "tf32");
  nn::GeneratorConfig config;
  const model::GeneratorPreset& preset = model::generator_preset(s.preset);
  config.widths = preset.widths;
  config.blocks = preset.blocks;
  config.conditions = {{"fbp", "hu"}};
  const std::int64_t batch = s.batch > 0 ? s.batch : preset.batch, edge = s.patch > 0 ? s.patch : preset.patch;
  config.patch = edge;
  const auto rows = at::MemoryFormat::Contiguous, last = at::MemoryFormat::ChannelsLast3d;
  nn::Generator by_rows = generator(config, device, rows), channels_last = generator(config, device, last);
  train::Trainee trainee(*by_rows, 0.995);
  const Tensor x = (torch::rand({batch, 1, edge, edge, edge}) * 2 - 1).to(device), target = x + 0.1;
  const Tensor x_last = x.contiguous(last);
  const auto list = convolutions_of(by_rows, x);
  const auto type = half ? torch::kBFloat16 : torch::kFloat32;
  const Ceiling ceiling(laid_out(list, type, rows), device), ceiling_last(laid_out(list, type, last), device);
  const auto made = [&](nn::Generator& network, const Tensor& input) {
    const nn::Bfloat16Guard guard(device, half);
    return network(input).to(torch::kFloat32);
  };
  const auto step = [&] {
    trainee.zero_grad();
    const Tensor predicted = made(by_rows, x), leaf = predicted.detach().requires_grad_(true);
    const Tensor loss = (leaf - target).abs().mean();
    predicted.backward(torch::autograd::grad({loss}, {leaf})[0]);
    trainee.step(1e-4, loss.item<double>(), trainee.gradient_norm().item<double>());
  };
  constexpr std::size_t parts = 5;
  std::vector<double> least(parts, std::numeric_limits<double>::infinity());
  for (std::int64_t round = 0; round < s.rounds; ++round) {
    const double times[parts]{ceiling.seconds_of_pass(), ceiling_last.seconds_of_pass(),
                              seconds(device, [&] { made(by_rows, x).sum().backward(); }),
                              seconds(device, [&] { made(channels_last, x_last).sum().backward(); }),
                              seconds(device, step)};
    for (std::size_t p = 0; p < parts; ++p) least[p] = std::min(least[p], times[p]);
  }
  fmt::print("| {} | {} | {} x {}^3 | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {:.1f} | {:.0f} | {:.1f} |\n",
             s.preset, s.precision, batch, edge, 1e3 * least[0], 1e3 * least[1], 1e3 * least[2], 1e3 * least[3],
             1e3 * least[4], 1 / least[4], 1e-9 * flop_of(list) / least[4], 100 * least[0] / least[4]);
}

}  // namespace

int main(int argc, char** argv) {
  Setting s;
  bool header = false;
  CLI::App app("A training step beside its convolutions alone");
  app.add_option("--device", s.device, "cpu, cuda, cuda:N or auto");
  app.add_option("--precision", s.precision, "Arithmetic")->check(CLI::IsMember({"fp32", "tf32", "bf16"}));
  app.add_option("--preset", s.preset, "Size of the generator");
  app.add_option("--patch", s.patch, "Edge in voxels; 0: the preset's");
  app.add_option("--batch", s.batch, "Patches of a step; 0: the preset's");
  app.add_option("--rounds", s.rounds, "Turns");
  app.add_flag("--header", header, "The table's head first");
  CLI11_PARSE(app, argc, argv);
  if (header) {
    fmt::print(
        "| preset | precision | batch | convolutions, ms | channels last | generator, ms | channels last | step, ms | "
        "steps/s | "
        "GFLOP/s | % of convolutions |\n|---|---|---|---|---|---|---|---|---|---|---|\n");
  }
  torch::set_num_threads(thread_count());
  try {
    print_row(s);
  } catch (const std::exception& error) {
    fmt::print(stderr, "training-bench: {}\n", error.what());
    return 1;
  }
  return 0;
}
