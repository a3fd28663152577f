#include "train/pretrain.hpp"

#include <fmt/format.h>

#include <cmath>

#include "drift/levels.hpp"
#include "nn/residual_encoder.hpp"
#include "sys/log.hpp"
#include "sys/signals.hpp"
#include "train/data.hpp"
#include "train/loop.hpp"

namespace gdm::train {
namespace {

namespace F = torch::nn::functional;

// Upper bounds in HU of air, fat, soft tissue, dense tissue; above: bone.
constexpr std::array<double, 4> class_bounds_hu{-300.0, -20.0, 120.0, 300.0};
constexpr std::int64_t tissue_classes = class_bounds_hu.size() + 1;

/// Encoder with the decoder that its training task needs.
struct PretrainNetImpl : torch::nn::Module {
  PretrainNetImpl(const nn::ResidualEncoderConfig& config, std::int64_t outputs) {
    encoder = register_module("encoder", std::make_shared<nn::ResidualEncoder>(config));
    up = register_module("up", nn::UpPath(config.widths));
    head = register_module("head", nn::convolution(config.widths[0], 8 * outputs, 3));
  }
  Tensor forward(const Tensor& x) { return nn::depth_to_space(head(torch::silu(up(encoder->maps(x))))); }

  std::shared_ptr<nn::ResidualEncoder> encoder;
  nn::UpPath up{nullptr};
  torch::nn::Conv3d head{nullptr};
};
TORCH_MODULE(PretrainNet);

Tensor uniform(const std::vector<std::int64_t>& shape, double low, double high, at::Generator& generator) {
  return torch::rand(shape, generator) * (high - low) + low;
}

/// A smooth random field in [-1, 1] of the window's size: a coarse grid of draws, interpolated.
Tensor smooth_field(std::int64_t batch, std::int64_t window, at::Generator& generator) {
  const Tensor coarse = uniform({batch, 1, 4, 4, 4}, -1, 1, generator);
  return F::interpolate(coarse, F::InterpolateFuncOptions()
                                    .size(std::vector<std::int64_t>{window, window, window})
                                    .mode(torch::kTrilinear)
                                    .align_corners(true));
}

struct Task {
  Tensor input, loss_target;
  Tensor hidden;  ///< masked: 1 where the input was zeroed
};

Task masked_task(const Tensor& clean, const net::PretrainOptions& options, at::Generator& generator) {
  const std::int64_t batch = clean.size(0), edge = (options.window + options.mask_cube - 1) / options.mask_cube;
  Task task;
  const Tensor shift = uniform({batch, 1, 1, 1, 1}, -0.03, 0.03, generator).to(clean.device());
  const Tensor gain = uniform({batch, 1, 1, 1, 1}, 0.95, 1.05, generator).to(clean.device());
  task.loss_target = clean * gain + shift;
  const Tensor cubes = (torch::rand({batch, 1, edge, edge, edge}, generator) < options.mask_ratio).to(torch::kFloat32);
  task.hidden = F::interpolate(cubes, F::InterpolateFuncOptions()
                                          .scale_factor(std::vector<double>(3, static_cast<double>(options.mask_cube)))
                                          .mode(torch::kNearest))
                    .slice(2, 0, options.window)
                    .slice(3, 0, options.window)
                    .slice(4, 0, options.window)
                    .to(clean.device());
  const Tensor noise = torch::randn(clean.sizes(), generator).to(clean.device()) * 0.01;
  task.input = (task.loss_target + noise) * (1 - task.hidden);
  return task;
}

Task segment_task(const Tensor& clean, const nn::HuMap& hu_map, at::Generator& generator) {
  const std::int64_t batch = clean.size(0);
  Task task;
  const Tensor hu = hu_map.to_hu(clean).squeeze(1);
  task.loss_target = torch::zeros_like(hu, torch::kInt64);
  for (const double bound : class_bounds_hu) task.loss_target += (hu > bound).to(torch::kInt64);
  const auto draw = [&](double low, double high) {
    return uniform({batch, 1, 1, 1, 1}, low, high, generator).to(clean.device());
  };
  const Tensor unit = (clean * 0.5 + 0.5).clamp(0.0, 1.0);
  Tensor image = unit.pow(torch::exp(draw(-0.5, 0.5)));  // gamma
  image = image * draw(0.7, 1.3) + draw(-0.15, 0.15);
  image = image * (1 + 0.25 * smooth_field(batch, clean.size(2), generator).to(clean.device()));
  const Tensor blurred = F::avg_pool3d(image, F::AvgPool3dFuncOptions(3).stride(1).padding(1).count_include_pad(false));
  image = torch::lerp(image, blurred, draw(0.0, 1.0));
  image = image + torch::randn(clean.sizes(), generator).to(clean.device()) * draw(0.0, 0.08);
  task.input = image * 2 - 1;
  return task;
}

Tensor task_loss(PretrainNet& net, const Task& task) {
  const Tensor output = net(task.input);
  if (task.hidden.defined()) {
    return ((output - task.loss_target).square() * task.hidden).sum() / task.hidden.sum().clamp_min(1.0);
  }
  return F::cross_entropy(output, task.loss_target);
}

nlohmann::ordered_json settings(const net::PretrainOptions& o, const net::Compute& compute) {
  nlohmann::ordered_json json{{"task", o.task},
                              {"steps", o.steps},
                              {"batch", o.batch},
                              {"window_voxels", o.window},
                              {"learning_rate", o.learning_rate},
                              {"seed", compute.seed}};
  if (o.task == "masked") {
    json["mask_ratio"] = o.mask_ratio;
    json["mask_cube_voxels"] = o.mask_cube;
  }
  return json;
}

bool run(const Manifest& manifest, const net::PretrainOptions& options, const net::Compute& compute,
         Provenance& provenance) {
  const torch::Device device = nn::device_from_text(compute.device);
  nn::ResidualEncoderConfig config;
  const nn::InputConvention input;
  config.stem = options.stem;
  config.widths = options.widths;
  nlohmann::ordered_json encoder_json = config.json();
  encoder_json["input"] = input.json();
  const auto samples = load_samples(usable_cases(manifest, "train"), {}, input.hu_map, provenance);
  const WindowSampler sampler(samples, options.window, options.batch, compute.seed);
  torch::manual_seed(compute.seed);
  const bool masked = options.task == "masked";
  PretrainNet net(config, masked ? 1 : tissue_classes);
  net->to(device);
  Trainee trainee(*net, 0.999);

  LoopPlan plan;
  plan.title = "pretraining (" + options.task + ")";
  plan.steps = options.steps;
  plan.checkpoint = checkpoint_path(options.output);
  plan.configuration = {
      {"encoder", encoder_json}, {"training", settings(options, compute)}, {"data", data_digest(samples)}};
  double average_loss = 0;
  Extra extra;
  extra.save = [&](nn::TensorWriter&, nlohmann::ordered_json& json) { json["average_loss"] = average_loss; };
  extra.load = [&](const SafetensorsFile&, const nlohmann::ordered_json& json) {
    average_loss = json.at("average_loss").get<double>();
  };
  const bool finished = run_loop(plan, trainee, extra, [&](std::int64_t step) {
    const Batch batch = sampler.draw(step, device);
    at::Generator generator = drift::step_generator(compute.seed, step);
    const Tensor clean = batch.target.clamp(-1.0, 1.0);
    const Task task = masked ? masked_task(clean, options, generator) : segment_task(clean, input.hu_map, generator);
    const Tensor loss = task_loss(net, task);
    trainee.zero_grad();
    loss.backward();
    trainee.step(learning_rate(options.learning_rate, step, options.steps));
    const double value = loss.item<double>();
    if (std::isfinite(value)) average_loss = step == 0 ? value : 0.98 * average_loss + 0.02 * value;
    return fmt::format("loss {:.4f}", average_loss);
  });
  if (!finished) return false;

  const Trainee::AverageGuard averaged(trainee);
  auto training = settings(options, compute);
  training["cases"] = samples.size();
  training["final_loss"] = average_loss;
  nn::write_encoder(options.output, *net->encoder,
                    {{"encoder", encoder_json}, {"training", training}, {"provenance", provenance.json()}},
                    options.overwrite);
  std::filesystem::remove(plan.checkpoint);
  return true;
}

}  // namespace

bool pretrain_encoder(const Manifest& manifest, const net::PretrainOptions& options, const net::Compute& compute,
                      Provenance& provenance) {
  try {
    return run(manifest, options, compute, provenance);
  } catch (const StopRequested&) {
    log_info("stopped by a signal before the first step; the same command begins again");
    return false;
  }
}

}  // namespace gdm::train
