#include "model/encoder_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "sys/error.hpp"

namespace gdm::model {
namespace {

std::string beside(const char* name, const Json& value) {
  return value.is_null() ? "" : fmt::format(", {} {:.3f}", name, value.get<double>());
}

std::string validation_text(const Json& validation) {
  const Json &last = validation.at("last"), &best = validation.at("best");
  return fmt::format("validation     loss {:.4f} at step {} (kept), least {:.4f} at step {}\n",
                     last.at("loss").get<double>(), last.at("step").get<std::int64_t>(), best.at("loss").get<double>(),
                     best.at("step").get<std::int64_t>());
}

/// Kinds of norm layers, nested ones included.
void collect_norms(const Json& layers, std::set<std::string>& kinds) {
  for (const Json& layer : layers) {
    if (layer.value("type", "") == "norm") kinds.insert(layer.value("kind", ""));
    for (const char* branch : {"body", "shortcut"}) {
      if (layer.contains(branch)) collect_norms(layer.at(branch), kinds);
    }
  }
}

std::string norms_of(const Json& encoder) {
  const std::string architecture = encoder.value("architecture", "");
  if (architecture == "residual-cnn3d") return "group";
  if (architecture == "scattering") return "none";
  if (architecture != "layers") return "unknown";
  std::set<std::string> kinds;
  collect_norms(encoder.at("layers"), kinds);
  return kinds.empty() ? "none" : fmt::format("{}", fmt::join(kinds, ", "));
}

/// Trained values: neither a script's bytes nor the statistics of the taps.
std::int64_t parameters_of(const SafetensorsFile& file) {
  std::int64_t parameters = 0;
  for (const auto& [name, view] : file.tensors()) {
    if ((view.dtype != "F32" && view.dtype != "F16") || name.rfind("mean_", 0) == 0 || name.rfind("deviation_", 0) == 0)
      continue;
    parameters += static_cast<std::int64_t>(8 * view.bytes / dtype_bits(view.dtype));
  }
  return parameters;
}

std::string input_line(const Json& input) {
  std::string text = input.value("scaling", "hu");
  if (input.contains("hu_range")) {
    text = fmt::format("{} to {} HU", input.at("hu_range").at(0).dump(), input.at("hu_range").at(1).dump());
  }
  const Json units = input.value("units", Json{-1.0, 1.0}), edges = input.value("spacing_mm", Json{0.0, 0.0});
  text += fmt::format(" become {} to {}", units.at(0).dump(), units.at(1).dump());
  if (edges.at(1) > 0)
    text += fmt::format(", voxels of {:.3g} to {:.3g} mm", edges.at(0).get<double>(), edges.at(1).get<double>());
  return text + ", axes " + input.value("axes", "any");
}

std::string taps_table(const Json& taps) {
  std::string text = fmt::format("\n{:<20} {:>8} {:>7} {:>15}\n", "tap", "channels", "stride", "receptive field");
  for (const Json& tap : taps) {
    const auto field = tap.at("receptive_field").get<std::int64_t>();
    text += fmt::format("{:<20} {:>8} {:>7} {:>15}\n", tap.at("name").get<std::string>(),
                        tap.at("channels").get<std::int64_t>(), tap.at("stride").get<std::int64_t>(),
                        field > 0 ? std::to_string(field) : "unknown");
  }
  return text;
}

std::string pretraining_text(const Json& description) {
  std::string text;
  const Json training = description.value("training", Json::object());
  if (training.contains("data")) {
    const Json& data = training.at("data");
    text += fmt::format("task           {}, {} steps of {} patches of {} voxels\n", training.value("task", "?"),
                        training.value("steps", 0), training.value("batch", 0), training.value("patch_voxels", 0));
    text += fmt::format("data           {} ({}), {} train and {} val cases, mean voxel edge {} mm\n",
                        data.value("volumes", "?"), data.value("scaling", "?"), data.value("train_cases", 0),
                        data.value("val_cases", 0), data.value("voxel_edge_mm", Json()).dump());
  }
  if (training.contains("validation") && training.at("validation").is_object()) {
    text += validation_text(training.at("validation"));
  }
  if (description.contains("probe") && description.at("probe").is_object()) {
    text += "probe          " + probe_text(description.at("probe")) + "\n";
  }
  return text;
}

}  // namespace

std::string probe_text(const Json& probe) {
  const Json &retrieval = probe.at("retrieval"), &linear = probe.at("linear");
  return fmt::format("retrieval {:.3f} of {} patches of {} patients (chance {:.3f}{}), tissue fractions R2 {:.3f}{}",
                     retrieval.at("top1").get<double>(), probe.at("patches").get<std::int64_t>(),
                     probe.at("patients").get<std::int64_t>(), retrieval.at("chance").get<double>(),
                     beside("untrained networks", retrieval.at("untrained_top1")), linear.at("r2").get<double>(),
                     linear.at("untrained_r2").is_null()
                         ? ""
                         : fmt::format(" (untrained networks {:.3f})", linear.at("untrained_r2").get<double>()));
}

Json encoder_info(const SafetensorsFile& file) {
  file.require_kind("encoder");
  return with_context(file.path().string(), [&] {
    try {
      Json info = file.description();
      info["norms"] = norms_of(info.at("encoder"));
      const bool learnt = info.at("encoder").value("architecture", "") != "scattering";
      info["parameters"] = learnt ? parameters_of(file) : 0;
      info["sha256"] = file.payload_sha256();
      return info;
    } catch (const JsonError& error) {
      throw Error(std::string("incomplete encoder description: ") + error.what());
    }
  });
}

std::string encoder_text(const Json& info) {
  const Json& encoder = info.at("encoder");
  std::string text = fmt::format("architecture   {}\ninput          {}\nnormalisation  {} in the layers, features {}\n",
                                 encoder.value("architecture", ""), input_line(encoder.at("input")),
                                 info.at("norms").get<std::string>(),
                                 encoder.value("statistics", false) ? "standardised" : "as they come");
  const auto parameters = info.at("parameters").get<std::int64_t>();
  const char* without = info.at("norms") == "none" ? "none" : "unknown";
  text += fmt::format("parameters     {}\n", parameters > 0 ? std::to_string(parameters) : without);
  if (info.contains("statistics")) text += fmt::format("statistics     {}\n", info.at("statistics").dump());
  text += fmt::format("weights        {}\nsha256         {}\n", info.value("encoder_digest", "not recorded"),
                      info.at("sha256").get<std::string>());
  text += pretraining_text(info);
  const Json card = info.value("card", Json::object());
  for (const auto& [key, value] : card.items()) {
    if (key != "card") text += fmt::format("{:<14} {}\n", key, value.get<std::string>());
  }
  if (card.contains("card")) text += "\n" + card.at("card").get<std::string>() + "\n";
  return encoder.contains("taps") ? text + taps_table(encoder.at("taps")) : text;
}

}  // namespace gdm::model
