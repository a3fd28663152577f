// What every gdm program shares: the standard options, the way it runs and fails, and the text of --version.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/values.hpp"
#include "io/sidecar.hpp"
#include "sys/atomic_file.hpp"

namespace gdm::cli {

/// Values of the standard options; the same letters mean the same in every tool.
struct Standard {
  int threads = 0;               ///< --threads N|auto; 0 = auto
  std::string device = "auto";   ///< --device cpu|cuda[:N]|auto
  std::uint64_t seed = 0;        ///< --seed
  bool allow_code = false;       ///< --allow-code
  bool force = false;            ///< -f, --force
  bool dry_run = false;          ///< -n, --dry-run
  bool json = false;             ///< --json
  bool reproducible = false;     ///< --reproducible
  double grid_tolerance = 0.05;  ///< --grid-tolerance, in voxels
  bool assume_hu = false;        ///< --assume-hu

  Overwrite overwrite() const { return force ? Overwrite::replace : Overwrite::refuse; }
};

/// Which of the standard options, beyond the common ones (-h --version -v -q --threads --progress --config), a command
/// has.
enum Has : unsigned {
  has_output = 1,  ///< --force, --reproducible
  has_seed = 2,
  has_device = 4,  ///< --device, --allow-code
  has_json = 8,
  has_dry_run = 16,
  has_volumes = 32  ///< --grid-tolerance, --assume-hu: for what reads volumes of cases
};

/// Standard options that say how a run goes and not what comes out of it.
const std::vector<std::string>& options_of_a_run();

/// One program. Usage:
///   int main(int argc, char** argv) { Program program("gdm-x", "What it does."); declare...; return program.main(argc,
///   argv); }
class Program {
 public:
  Program(const std::string& name, const std::string& description);

  CLI::App& app() { return app_; }
  const Standard& standard() const { return standard_; }
  /// Adds the standard options to the program or one of its subcommands.
  void add_standard(CLI::App& command, unsigned has);
  /// A subcommand with its standard options; `run` is called when it is chosen.
  CLI::App& command(const std::string& name, const std::string& description, unsigned has, std::function<int()> run);
  /// What the program does without a subcommand. Call it before command(); then subcommands are optional, and the
  /// program's own options are refused beside one.
  void set_run(unsigned has, std::function<int()> run);

  /// --config; empty without.
  std::string config_file() const;

  /// Provenance of this run, seed, threads and device filled in.
  Provenance provenance() const;

  /// Parses, installs signal handlers, runs, and maps every failure to one line on stderr and the contract's exit code.
  /// `--dump-options` as the only argument prints the declaration instead (options_dump.hpp); --help does not list it.
  int main(int argc, char** argv);

 private:
  int parse_and_run(int argc, char** argv);
  void refuse_options_of_default_action() const;
  CLI::App app_;
  std::string name_;
  Standard standard_;
  std::vector<std::string> argv_;
  std::optional<Provenance> provenance_;  ///< made when the program began, as it tells the time since
  int verbose_ = 0;
  bool quiet_ = false;
  std::string progress_ = "auto", threads_ = "auto";
  std::function<int()> run_;
  bool has_default_action_ = false;
  std::size_t common_options_ = 0;  ///< the first options of app_ are for every command
};

}  // namespace gdm::cli
