#include "cli/app.hpp"

#include <fmt/format.h>

#include <charconv>
#include <clocale>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <new>

#include "cli/config_file.hpp"
#include "cli/options_dump.hpp"
#include "cli/parse_errors.hpp"
#include "image/grid_match.hpp"
#include "image/hu_check.hpp"
#include "sys/error.hpp"
#include "sys/git_id.hpp"
#include "sys/log.hpp"
#include "sys/parallel.hpp"
#include "sys/progress.hpp"
#include "sys/signals.hpp"
#include "sys/version.hpp"

namespace gdm::cli {
namespace {

int threads_from_text(const std::string& text) {
  if (text == "auto") return 0;
  std::size_t used = 0;
  int threads = 0;
  try {
    threads = std::stoi(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used != text.size() || threads < 1 || threads > 1024) {
    throw Error(fmt::format("'{}' is neither 'auto' nor a number from 1 to 1024", text), Exit::usage);
  }
  return threads;
}

/// GDM_LOG_LEVEL, for batch jobs whose command lines others wrote.
LogLevel log_level_from_text(const std::string& text) {
  if (text == "quiet") return LogLevel::quiet;
  if (text == "verbose") return LogLevel::verbose;
  if (text == "normal" || text.empty()) return LogLevel::normal;
  throw Error(fmt::format("GDM_LOG_LEVEL: '{}' is not quiet, normal or verbose", text), Exit::usage);
}

ProgressMode progress_from_text(const std::string& text) {
  if (text == "always") return ProgressMode::always;
  return text == "never" ? ProgressMode::never : ProgressMode::automatic;
}

std::string check_device(const std::string& text) {
  if (text == "cpu" || text == "auto" || text == "cuda") return {};
  if (text.rfind("cuda:", 0) == 0 && text.size() > 5 && text.size() < 8 &&
      text.find_first_not_of("0123456789", 5) == std::string::npos) {
    return {};
  }
  return "'" + text + "' is not cpu, cuda, cuda:N or auto";
}

/// For transform(): CLI11 reads "-1" as the largest number and 010 as eight.
std::string check_seed(std::string& text) {
  std::uint32_t seed = 0;  // LibTorch's generators keep no more
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
    return "'" + text + "' is not a whole number from 0 to 2^32 - 1";
  }
  text = std::to_string(seed);
  return {};
}

std::string check_progress(const std::string& text) {
  return text == "auto" || text == "always" || text == "never" ? "" : "'" + text + "' is not auto, always or never";
}

/// Ends the process as the signal would have, so that the shell sees 128 + n.
[[noreturn]] void end_by_signal(int signal) {
  std::signal(signal, SIG_DFL);
  std::raise(signal);
  std::_Exit(128 + signal);
}

}  // namespace

const std::vector<std::string>& options_of_a_run() {
  static const std::vector<std::string> names{"force", "reproducible", "device", "allow-code", "dry-run", "json"};
  return names;
}

Program::Program(const std::string& name, const std::string& description) : app_(description, name), name_(name) {
  set_program_name(name);
  app_.option_defaults()->group("Common options");
  app_.set_version_flag("--version", fmt::format("{} {} ({})", name, GDM_VERSION, git_id()));
  app_.set_help_flag("-h,--help", "Print this help and exit");
  app_.get_formatter()->column_width(34);
  app_.option_defaults()->always_capture_default();
  app_.set_config("--config", "", "Read options from this JSON file; the command line wins")->type_name("FILE.json");
  app_.config_formatter(std::make_shared<JsonConfig>(app_));
  app_.add_flag("-v,--verbose", verbose_, "Say more on stderr");
  app_.add_flag("-q,--quiet", quiet_, "Only errors on stderr");
  app_.add_option("--threads", threads_, "Threads: a number, or auto for all CPUs this process may use")
      ->envname("GDM_THREADS")
      ->check(accepted_by(threads_from_text, "threads"))
      ->type_name("N|auto");
  app_.add_option("--progress", progress_, "Progress display on stderr")
      ->check(CLI::Validator(check_progress, "", "progress"))
      ->type_name("auto|always|never");
  app_.option_defaults()->group("Options");
  app_.fallthrough();
  common_options_ = app_.get_options().size();
}

void Program::add_standard(CLI::App& command, unsigned has) {
  if ((has & has_output) != 0) {
    command.add_flag("-f,--force", standard_.force, "Replace existing outputs");
    command.add_flag("--reproducible", standard_.reproducible, "No time, duration or memory in files");
  }
  if ((has & has_seed) != 0) {
    command.add_option("--seed", standard_.seed, "Seed of every random draw, below 2^32")
        ->transform(CLI::Validator(check_seed, "", "seed"))
        ->type_name("N");
  }
  if ((has & has_device) != 0) {
    command.add_option("--device", standard_.device, "Where the network runs")
        ->check(CLI::Validator(check_device, "", "device"))
        ->type_name("cpu|cuda[:N]|auto");
    command.add_flag("--allow-code", standard_.allow_code, "Load TorchScript encoders, which run code of their makers");
  }
  if ((has & has_json) != 0) command.add_flag("--json", standard_.json, "Machine-readable result on stdout");
  if ((has & has_volumes) != 0) {
    command
        .add_option("--grid-tolerance", standard_.grid_tolerance,
                    "Part of a voxel by which corners of one grid may lie apart")
        ->transform(range(0.0, 1.0));
    command.add_flag("--assume-hu", standard_.assume_hu, "Take CT for HU whatever the values look like");
  }
  if ((has & has_dry_run) != 0) command.add_flag("-n,--dry-run", standard_.dry_run, "Check everything, write nothing");
}

CLI::App& Program::command(const std::string& name, const std::string& description, unsigned has,
                           std::function<int()> run) {
  app_.require_subcommand(has_default_action_ ? 0 : 1, 1);
  CLI::App* command = app_.add_subcommand(name, description);
  command->option_defaults()->always_capture_default();
  add_standard(*command, has);
  command->callback([this, run = std::move(run)] { run_ = run; });
  return *command;
}

void Program::set_run(unsigned has, std::function<int()> run) {
  add_standard(app_, has);
  run_ = std::move(run);
  has_default_action_ = true;
}

/// CLI11's fallthrough, which lets the common options stand behind a subcommand, would take these silently.
void Program::refuse_options_of_default_action() const {
  const auto chosen = app_.get_subcommands();
  if (!has_default_action_ || chosen.empty()) return;
  const auto options = app_.get_options();
  for (std::size_t n = common_options_; n < options.size(); ++n) {
    if (options[n]->count() == 0) continue;
    throw Error(fmt::format("{} does not go with '{}'", options[n]->get_name(), chosen.front()->get_name()),
                Exit::usage);
  }
}

std::string Program::config_file() const {
  const CLI::Option* option = app_.get_config_ptr();
  return option->count() == 0 ? "" : option->as<std::string>();
}

Provenance Program::provenance() const {
  Provenance provenance = provenance_.value();
  provenance.seed = standard_.seed;
  provenance.threads = thread_count();
  const auto chosen = app_.get_subcommands();
  const CLI::App& command = chosen.empty() ? app_ : *chosen.front();
  provenance.device = command.get_option_no_throw("--device") == nullptr ? "cpu" : standard_.device;
  provenance.reproducible = provenance.reproducible || standard_.reproducible;
  return provenance;
}

int Program::parse_and_run(int argc, char** argv) {
  argv_.assign(argv, argv + argc);
  provenance_.emplace(name_, argv_);
  if (argc == 2 && argv_[1] == "--dump-options") {
    write_stdout(options_json(app_).dump(1) + "\n");
    return 0;
  }
  check_arguments(app_, {argv_.begin() + 1, argv_.end()});
  try {
    app_.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    write_stdout(app_.help());  // that of a chosen command, with the program's name before it
    return 0;
  } catch (const CLI::CallForVersion&) {
    write_stdout(app_.version() + "\n");
    return 0;
  } catch (const CLI::ParseError& error) {
    log_error(parse_error_text(app_, error));
    std::fprintf(stderr, "Try '%s --help'.\n", name_.c_str());
    return static_cast<int>(Exit::usage);
  }
  refuse_options_of_default_action();
  if (const char* text = std::getenv("GDM_LOG_LEVEL")) set_log_level(log_level_from_text(text));
  if (verbose_ > 0) set_log_level(LogLevel::verbose);
  if (quiet_) set_log_level(LogLevel::quiet);
  set_progress_mode(progress_from_text(progress_));
  standard_.threads = threads_from_text(threads_);
  set_thread_count(standard_.threads);
  set_grid_tolerance_voxels(standard_.grid_tolerance);
  set_assume_hu(standard_.assume_hu);
  install_stop_handlers();
  return run_();
}

int Program::main(int argc, char** argv) {
  std::setlocale(LC_ALL, "C");
  try {
    return parse_and_run(argc, argv);
  } catch (const StopRequested& stop) {
    end_by_signal(stop.signal);
  } catch (const Error& error) {
    log_error(error.what());
    return static_cast<int>(error.exit_class());
  } catch (const std::bad_alloc&) {
    log_error("out of memory");
  } catch (const std::exception& error) {
    log_error(std::string("unexpected: ") + error.what());
  }
  return static_cast<int>(Exit::failure);
}

}  // namespace gdm::cli
