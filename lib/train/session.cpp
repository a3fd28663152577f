#include "train/session.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "sys/stopwatch.hpp"
#include "train/log_mean.hpp"

namespace gdm::train {

std::vector<Case> validation_cases(const Manifest& manifest, std::size_t most) {
  std::vector<Case> cases;
  for (const Case& item : manifest.cases) {
    if (item.split == "val" && !item.error && cases.size() < most) cases.push_back(item);
  }
  return cases;
}

Session::Session(SessionPlan plan, const torch::nn::Module& module, torch::Device device, Method& method, BatchOf draw,
                 Validator* validator)
    : plan_(std::move(plan)),
      device_(device),
      method_(method),
      draw_(std::move(draw)),
      validator_(validator),
      trainee_(module, plan_.ema) {}

bool Session::run(const Events& events) {
  log_grew_ = events.log_grew;
  const bool finished = run_loop(plan_.loop, trainee_, extra(), [this](std::int64_t n) { return step_and_log(n); });
  if (batches_) {
    log_verbose(fmt::format("waited {:.2f} s for patches in {:.2f} s of steps", batches_->waited_s(), step_s_));
    batches_.reset();
  }
  if (!finished) return false;
  if (!pending_.is_null()) {
    log_info("stopped by a signal in the last validation; the same command goes on with it");
    return false;
  }
  {
    const Trainee::AverageGuard averaged(trainee_);
    events.write();
  }
  if (log_grew_) log_grew_();
  fs::remove(plan_.loop.checkpoint);
  return true;
}

Extra Session::extra() {
  Extra extra;
  extra.state.save = [this](nn::TensorWriter& writer, Json& json) { method_.save(writer, json); };
  extra.state.load = [this](const SafetensorsFile& file, const Json& json) { method_.load(file, json); };
  extra.record.save = [this](nn::TensorWriter& writer, Json& json) {
    json["average_loss"] = average_loss_;
    json["pending"] = pending_;
    if (validator_ != nullptr) validator_->save(writer, json["validation"]);
  };
  extra.record.load = [this](const SafetensorsFile& file, const Json& json) {
    average_loss_ = json.at("average_loss").get<double>();
    pending_ = json.at("pending");
    if (validator_ != nullptr) validator_->load(file, json.at("validation"));
  };
  extra.begin = [this](std::int64_t first) { begin(first); };
  return extra;
}

void Session::begin(std::int64_t first) {
  log_ = std::make_unique<JsonLog>(plan_.log, pending_.is_null() ? first : first - 1);
  if (!pending_.is_null()) finish_step(pending_);
  if (!pending_.is_null()) throw StopRequested{stop_signal()};
  batches_ =
      std::make_unique<data::Prefetcher>(draw_, first * plan_.accumulate, plan_.loop.steps * plan_.accumulate, device_);
}

std::string Session::step_and_log(std::int64_t n) {
  const Stopwatch watch;
  Json line = make_step(n, [this](std::int64_t) { return batches_->next(); });
  step_s_ += watch.seconds();
  finish_step(std::move(line));
  const std::string judged = validator_ != nullptr ? validator_->text() : "";
  return method_.loss_text(average_loss_) + (judged.empty() ? "" : ", " + judged);
}

Json Session::make_step(std::int64_t n, const BatchOf& batch_of) {
  trainee_.zero_grad();
  nn::LogLine asked;
  for (std::int64_t part = 0; part < plan_.accumulate; ++part) {
    const std::int64_t number = n * plan_.accumulate + part;
    asked.set(fmt::format("/parts/{}", part), method_.add_gradients(batch_of(number), {n, number, plan_.accumulate}));
  }
  asked.set("/norm", trainee_.gradient_norm());
  // Whether the step may be taken is for the host to decide: here alone it waits for a device.
  const Json computed = asked.finished();
  Json line{{"step", n}};
  line.update(mean_of(computed.at("parts").get<std::vector<Json>>()));
  const auto loss = line.at(method_.loss_key()).get<double>(), norm = computed.at("norm").get<double>();
  const double rate = train::learning_rate(plan_.learning_rate, n, plan_.loop.steps);
  trainee_.step(rate, loss, norm);
  line["parameter_gradient_norm"] = norm;
  line["learning_rate"] = rate * trainee_.rate_factor();
  if (trainee_.skipped() > 0) line["skipped_steps"] = trainee_.skipped();
  method_.after_step(trainee_.bad_in_a_row() == 0);
  if (std::isfinite(loss)) average_loss_ = n == 0 ? loss : 0.98 * average_loss_ + 0.02 * loss;
  return line;
}

/// Validates if it is time to, and logs. If a signal stops the validation, the line waits for the resumed run: in the
/// end its log is that of a run that was never stopped.
void Session::finish_step(Json line) {
  const auto done = line.at("step").get<std::int64_t>() + 1;
  const bool due = done % plan_.validate_every == 0 || done == plan_.loop.steps;
  if (due && validator_ != nullptr) {
    try {
      const torch::NoGradGuard no_grad;
      const Trainee::AverageGuard averaged(trainee_);
      line["validation"] = validator_->judge(done);
    } catch (const StopRequested&) {
      pending_ = line;
      return;
    }
  }
  pending_ = nullptr;
  log_->write(line);
  if (due && done < plan_.loop.steps && log_grew_) log_grew_();
}

}  // namespace gdm::train
