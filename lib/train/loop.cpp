#include "train/loop.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>

#include "sys/atomic_file.hpp"
#include "sys/descriptor.hpp"
#include "sys/log.hpp"
#include "sys/progress.hpp"
#include "sys/signals.hpp"

namespace gdm::train {
namespace {

void save_checkpoint(const LoopPlan& plan, const Trainee& trainee, const Extra& extra, std::int64_t next_step) {
  nn::TensorWriter writer;
  nlohmann::ordered_json description{
      {"kind", "checkpoint"}, {"next_step", next_step}, {"configuration", plan.configuration}};
  trainee.save(writer, description["trainee"]);
  if (extra.save) extra.save(writer, description["extra"]);
  writer.write(plan.checkpoint, description, Overwrite::replace);
}

/// First step to run: 0 without a checkpoint.
std::int64_t resume(const LoopPlan& plan, Trainee& trainee, const Extra& extra) {
  if (plan.restart) fs::remove(plan.checkpoint);  // a later run without --restart must not find the old one
  if (!fs::exists(plan.checkpoint)) return 0;
  const SafetensorsFile file(plan.checkpoint);
  file.require_kind("checkpoint");
  if (file.description().at("configuration") != plan.configuration) {
    throw Error(plan.checkpoint.string() +
                ": made by a run with other options or data; give the same ones, or remove this file to begin anew");
  }
  trainee.load(file, file.description().at("trainee"));
  if (extra.load) extra.load(file, file.description().at("extra"));
  const auto next = file.description().at("next_step").get<std::int64_t>();
  log_info(fmt::format("continuing from {} at step {}", plan.checkpoint.filename().string(), next));
  return next;
}

}  // namespace

fs::path checkpoint_path(const fs::path& output) {
  return output.string() + ".checkpoint";
}

bool run_loop(const LoopPlan& plan, Trainee& trainee, const Extra& extra,
              const std::function<std::string(std::int64_t)>& step) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const std::int64_t first = resume(plan, trainee, extra);
  if (extra.begin) extra.begin(first);
  Progress progress(plan.title, plan.steps, "step");
  progress.update(first);
  for (std::int64_t n = first; n < plan.steps; ++n) {
    progress.update(n + 1, step(n));
    const bool late =
        plan.max_time_s > 0 && std::chrono::duration<double>(Clock::now() - start).count() > plan.max_time_s;
    const bool stop = (stop_requested() || late) && n + 1 < plan.steps;
    // Also after the last step: the caller's own writing may fail, on a full disk for example.
    if (stop || n + 1 == plan.steps || (n + 1) % plan.checkpoint_every == 0)
      save_checkpoint(plan, trainee, extra, n + 1);
    if (stop) {
      log_info(fmt::format("stopped by {} after step {}; the same command continues from {}",
                           late ? "--max-time" : "a signal", n + 1, plan.checkpoint.filename().string()));
      return false;
    }
  }
  return true;
}

JsonLog::JsonLog(fs::path path, std::int64_t first_step) : path_(std::move(path)) {
  std::string kept;
  std::ifstream old(path_);
  for (std::string line; first_step > 0 && std::getline(old, line);) {
    const auto entry = nlohmann::ordered_json::parse(line, nullptr, false);
    if (entry.is_object() && entry.value("step", first_step) < first_step) kept += line + "\n";
  }
  write_file(path_, kept, Overwrite::replace);
}

void JsonLog::write(const nlohmann::ordered_json& line) {
  const std::string name = path_.string(), text = line.dump() + "\n";
  const Descriptor file(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666));
  if (file.get() < 0) throw system_error(name, errno);
  const std::int64_t before = regular_size(file, name);
  try {
    write_all(file.get(), text.data(), text.size(), name);
  } catch (const Error&) {  // whole lines alone stay, also on a full disk
    if (before >= 0) static_cast<void>(::ftruncate(file.get(), before));
    throw;
  }
}

}  // namespace gdm::train
