#include "model/generator_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "model/acquisition.hpp"
#include "model/consistency.hpp"
#include "model/generator_shape.hpp"
#include "model/process.hpp"
#include "sys/error.hpp"

namespace gdm::model {
namespace {

std::string line(const std::string& name, const std::string& text) {
  return fmt::format("{:<14} {}\n", name, text);
}

/// A number as the file has it; "unknown" without.
std::string plain(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? "unknown"
         : found->is_string()                      ? found->get<std::string>()
                                                   : found->dump();
}

std::string architecture_text(const Json& info) {
  const Json& generator = info.at("generator");
  std::string conditions;
  for (const Json& condition : generator.at("conditions")) {
    const std::string ends = condition.contains("range") ? " " + condition.at("range").dump() : "";
    conditions += fmt::format("{}{} ({}{})", conditions.empty() ? "" : ", ", condition.at("name").get<std::string>(),
                              condition.at("scaling").get<std::string>(), ends);
  }
  const std::int64_t blocks = generator_shape(generator).blocks;
  std::string text =
      line("architecture", fmt::format("{}, widths {}, {} residual {} a level and one more at the deepest",
                                       plain(generator, "architecture"), plain(generator, "widths"), blocks,
                                       blocks == 1 ? "block" : "blocks"));
  const Json& network = info.at("network");
  text += line("parameters", plain(network, "parameters"));
  text += line("receptive",
               plain(network, "receptive_field_voxels") + " voxels along each axis, and the mean of the patch");
  text += line("patch", fmt::format("{}, {:.3g} GFLOP", patch_text(generator), network.value("gflop_per_patch", 0.0)));
  text += line("orientation",
               fmt::format("{}: volumes are turned so, and their CT back", generator.value("orientation", "RAS")));
  text += line("task", plain(generator, "task"));
  text += line("conditions", conditions + (generator.value("residual_on_first", false) ? "; adds to the first" : ""));
  const auto noise = generator.value("noise_channels", std::int64_t{0});
  if (generator.contains("process")) {
    text += line("process", Process::from_json(generator.at("process")).text());
  } else {
    text += line("noise", noise == 0 ? "none: one output for each input"
                                     : fmt::format("{} {}", noise, noise == 1 ? "channel" : "channels"));
  }
  if (info.contains("base")) {
    const Json& base = info.at("base");
    const Json figures = generator_figures(base.at("generator"));
    text +=
        line("base",
             fmt::format("the model whose output that is, evaluated once before: {}, {} parameters more, {:.3g} GFLOP, "
                         "sha256 {}",
                         base.value("objective", "objective unknown"), plain(figures, "parameters"),
                         figures.value("gflop_per_patch", 0.0), plain(base, "sha256")));
  }
  return text + line("HU", fmt::format("{} to {} HU become -1 to 1", generator.at("hu_range").at(0).dump(),
                                       generator.at("hu_range").at(1).dump()));
}

std::string data_text(const Json& data) {
  std::string text =
      line("data", fmt::format("{} cases of {} patients, {} for validation, sha256 {}", plain(data, "cases"),
                               plain(data, "patients"), plain(data, "validation_cases"), plain(data, "sha256")));
  if (data.contains("voxel_edge_mm")) {
    const Json& edge = data.at("voxel_edge_mm");
    text += line("voxel edge", fmt::format("{:.3g} mm ({:.3g} to {:.3g})", edge.at("median").get<double>(),
                                           edge.at("least").get<double>(), edge.at("largest").get<double>()));
  }
  if (data.contains("anisotropy")) {
    const Json& ratio = data.at("anisotropy");
    text += line("anisotropy", fmt::format("longest to shortest voxel edge {:.3g} to {:.3g}",
                                           ratio.at("least").get<double>(), ratio.at("largest").get<double>()));
  }
  return text;
}

std::string figures_text(const std::string& name, const Json& figures, const Json& steps) {
  const auto number = [&](const char* key, const char* format) {
    return figures.contains(key) && figures.at(key).is_number()
               ? fmt::format(fmt::runtime(format), figures.at(key).get<double>())
               : std::string("unknown");
  };
  return line(
      name, fmt::format("MAE {} HU, PSNR {} dB, SSIM {} over {} cases after step {}", number("mae_hu", "{:.2f}"),
                        number("psnr_db", "{:.2f}"), number("ssim", "{:.4f}"), plain(figures, "cases"), steps.dump()));
}

std::string training_text(const Json& training) {
  std::string text =
      line("training", fmt::format("{}, {} steps of {} patches, learning rate {}, seed {}",
                                   plain(training, "objective"), plain(training, "steps"), plain(training, "batch"),
                                   plain(training, "learning_rate"), plain(training, "seed")));
  if (training.contains("augment")) text += line("augmentation", plain(training, "augment"));
  if (training.contains("fresh_noise_hu")) text += line("fresh noise", plain(training, "fresh_noise_hu") + " HU");
  std::string shares;
  for (const char* name : {"perceptual", "ssim", "frechet", "adversarial", "gradient_l1", "projection"}) {
    if (training.value(name, 0.0) > 0)
      shares += fmt::format("{}{} {}", shares.empty() ? "" : ", ", name, plain(training, name));
  }
  if (!shares.empty()) text += line("shares", shares);
  const RayConsistency rays = consistency_of({{"training", training}});
  if (rays.iterations > 0) {
    text +=
        line("consistency", fmt::format("{} iterations towards the measured rays follow the network, pull {:.4g} mm^2",
                                        rays.iterations, rays.pull_mm2));
  }
  for (const char* part : {"coordination", "drift"}) {
    if (training.contains(part)) text += line(part, training.at(part).dump());
  }
  for (const Json& objective : training.value("objectives", Json::array())) {
    std::string digests = "encoder " + plain(objective, "encoder");
    if (objective.contains("bank_sha256")) digests += ", bank " + plain(objective, "bank_sha256");
    text += line("objective " + plain(objective, "name"), digests);
  }
  if (training.contains("init_sha256")) text += line("began from", plain(training, "init_sha256"));
  const Json kept = training.value("kept_steps", training.value("steps", Json()));
  text += line("weights", fmt::format("averages after step {} ({})", kept.dump(), training.value("keep", "last")));
  if (training.contains("validation")) text += figures_text("validation", training.at("validation"), kept);
  if (training.contains("last_validation")) {
    const Json& last = training.at("last_validation");
    text += figures_text("last", last, last.value("steps", Json()));
  }
  if (training.value("skipped_steps", 0) > 0) {
    text += line("not finite", fmt::format("{} steps skipped, {} rollbacks", plain(training, "skipped_steps"),
                                           plain(training, "rollbacks")));
  }
  return text;
}

}  // namespace

std::string patch_text(const Json& generator) {
  const auto patch = generator.find("patch_voxels");
  if (patch == generator.end()) return "unknown";
  const auto shape = patch->get<PatchShape>();
  return shape.text() + (shape.is_cube() ? " voxels along each axis" : " voxels");
}

Json generator_info(const SafetensorsFile& file) {
  file.require_kind("generator");
  Json info = file.description();
  with_context(file.path().string(),
               [&] { info["network"] = generator_figures(info.value("generator", Json::object())); });
  info["sha256"] = file.payload_sha256();
  return info;
}

std::string generator_text(const Json& info) {
  try {
    std::string text = architecture_text(info);
    const Json training = info.value("training", Json::object());
    if (training.contains("data")) text += data_text(training.at("data"));
    const Json scans = training.value("data", Json::object()).value("scans", Json::object());
    for (const auto& scan : scans.items()) {
      text += line("acquisition", (scan.key() == "fbp" ? "" : scan.key() + ": ") + acquisition_text(scan.value()));
    }
    text += training_text(training);
    if (info.contains("half_precision_of")) text += line("half precision", "of " + plain(info, "half_precision_of"));
    if (info.contains("sha256")) text += line("sha256", plain(info, "sha256") + " of the weights");
    const Json card = info.value("card", Json::object());
    if (!card.contains("card")) return text;
    std::string words = card.at("card").get<std::string>();
    // A model may come from anybody: what it says must not steer the reader's terminal.
    std::replace_if(
        words.begin(), words.end(), [](unsigned char c) { return (c < ' ' && c != '\n' && c != '\t') || c == 127; },
        '?');
    return text + "\n" + words;
  } catch (const JsonError& error) {
    throw Error(std::string("incomplete generator description: ") + error.what());
  }
}

}  // namespace gdm::model
