#include "train/encoder_method.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "nn/step_generator.hpp"
#include "train/contrast.hpp"

namespace gdm::train {

PretrainNetImpl::PretrainNetImpl(const nn::ResidualEncoderConfig& config, std::int64_t outputs) {
  encoder = register_module("encoder", std::make_shared<nn::ResidualEncoder>(config));
  up = register_module("up", nn::UpPath(config.widths));
  head = register_module("head", nn::convolution(config.widths[0], 8 * outputs, 3));
}

Tensor PretrainNetImpl::decoded(const std::vector<Tensor>& maps) {
  return nn::depth_to_space(head(torch::silu(up(maps))));
}

EncoderMethod::EncoderMethod(PretrainNet net, const TaskMaker& tasks, std::uint64_t seed)
    : net_(std::move(net)), tasks_(tasks), seed_(seed) {}

nn::LogLine EncoderMethod::add_gradients(const data::Batch& batch, const BatchPlace& place) {
  at::Generator generator = nn::step_generator(seed_, place.number);
  Tensor value = loss(tasks_.make(batch, generator));
  nn::LogLine line;
  line.set("/" + loss_key(), value);
  if (place.in_step > 1) value = value / static_cast<double>(place.in_step);
  value.backward();
  return line;
}

std::string EncoderMethod::loss_text(double loss) const {
  return fmt::format("loss {:.4f}", loss);
}

double EncoderMethod::loss_of(const data::Batch& batch, std::int64_t number) {
  at::Generator generator = nn::step_generator(seed_, number);
  return loss(tasks_.make(batch, generator)).item<double>();
}

Tensor EncoderMethod::loss(const Task& task) {
  nn::ResidualEncoder& encoder = *net_->encoder;
  const std::vector<Tensor> maps = encoder.maps(task.input);
  const Tensor loss = TaskMaker::loss(net_->decoded(maps), task);
  if (!task.rescan.defined()) return loss;
  return loss + contrast_loss(encoder.taps(), maps, encoder.maps(task.rescan), encoder.maps(task.altered), task.inside);
}

EncoderValidator::EncoderValidator(EncoderMethod& method, const data::PatchSampler& val, std::int64_t batch,
                                   torch::Device device)
    : method_(method), val_(val), batch_(batch), device_(device) {}

/// Training never draws negative steps.
Json EncoderValidator::judge(std::int64_t done) {
  const std::int64_t batches = (patches + batch_ - 1) / batch_;
  double sum = 0;
  for (std::int64_t b = 1; b <= batches; ++b) sum += method_.loss_of(val_.draw(-1 - b, device_), -b);
  const double loss = sum / static_cast<double>(batches);
  if (std::isfinite(loss)) curve_.push_back({{"step", done}, {"loss", loss}});
  return loss;
}

std::string EncoderValidator::text() const {
  return curve_.empty() ? "" : fmt::format("validation {:.4f}", curve_.back().at("loss").get<double>());
}

void EncoderValidator::save(nn::TensorWriter& /*writer*/, Json& json) const {
  json["curve"] = curve_;
}

void EncoderValidator::load(const SafetensorsFile& /*file*/, const Json& json) {
  curve_ = json.at("curve");
}

}  // namespace gdm::train
