#include "net/encoder_text.hpp"

#include <fmt/format.h>

namespace gdm::net {
namespace {

using Json = nlohmann::ordered_json;

std::string beside(const char* name, const Json& value) {
  return value.is_null() ? "" : fmt::format(", {} {:.3f}", name, value.get<double>());
}

std::string validation_text(const Json& validation) {
  const Json &last = validation.at("last"), &best = validation.at("best");
  return fmt::format("validation    loss {:.4f} at step {} (kept), least {:.4f} at step {}\n",
                     last.at("loss").get<double>(), last.at("step").get<std::int64_t>(), best.at("loss").get<double>(),
                     best.at("step").get<std::int64_t>());
}

}  // namespace

std::string probe_text(const Json& probe) {
  const Json &retrieval = probe.at("retrieval"), &linear = probe.at("linear");
  return fmt::format("retrieval {:.3f} of {} windows of {} patients (chance {:.3f}{}), tissue fractions R2 {:.3f}{}",
                     retrieval.at("top1").get<double>(), probe.at("windows").get<std::int64_t>(),
                     probe.at("patients").get<std::int64_t>(), retrieval.at("chance").get<double>(),
                     beside("untrained network", retrieval.at("untrained_top1")), linear.at("r2").get<double>(),
                     linear.at("untrained_r2").is_null()
                         ? ""
                         : fmt::format(" (untrained network {:.3f})", linear.at("untrained_r2").get<double>()));
}

std::string training_text(const Json& description) {
  std::string text;
  const Json training = description.value("training", Json::object());
  if (training.contains("data")) {
    const Json& data = training.at("data");
    text += fmt::format("task          {}, {} steps of {} windows of {} voxels\n", training.value("task", "?"),
                        training.value("steps", 0), training.value("batch", 0), training.value("window_voxels", 0));
    text += fmt::format("data          {} ({}), {} train and {} val cases, mean voxel edge {} mm\n",
                        data.value("volumes", "?"), data.value("scaling", "?"), data.value("train_cases", 0),
                        data.value("val_cases", 0), data.value("voxel_edge_mm", Json()).dump());
  }
  if (training.contains("validation") && training.at("validation").is_object()) {
    text += validation_text(training.at("validation"));
  }
  if (description.contains("probe") && description.at("probe").is_object()) {
    text += "probe         " + probe_text(description.at("probe")) + "\n";
  }
  if (description.contains("card")) text += "\n" + description.at("card").get<std::string>();
  return text;
}

}  // namespace gdm::net
