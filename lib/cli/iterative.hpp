// `gdm-recon iterative`: sinograms to CT by iterations over the rays (ct/iterative.hpp).
#pragma once

#include <string>
#include <vector>

#include "cli/recon_step.hpp"
#include "ct/iterative.hpp"

namespace gdm::cli {

/// How rays become a volume, as options say it.
struct IterativeChoice {
  std::string method = "tv";
  std::string strength = "auto";  ///< mm, see ct::IterativeOptions
  std::string weights = "auto";   ///< counts, none
  std::string start = "auto";     ///< zero, fbp or fdk; else the file of a volume, or for cases the name of an input
  std::int64_t iterations = 0, subsets = 0;
  std::int64_t rays = 0;  ///< of each detector element; 0: by the scan
  double huber_hu = 0.0, tolerance = 0.0;
  double pull_mm2 = 0.0;     ///< of cgls, towards the start
  double discrepancy = 0.0;  ///< times the residual that noise leaves
  bool allow_negative = false, across_slices = false;
  bool warns_of_grid = false;  ///< of one that is smaller than the object; the caller's choice, and no option
};
/// All but --strength, and that too unless it is what is looked for.
void add_iterative_choice(CLI::App& command, IterativeChoice& choice, bool with_strength);

/// "auto" or a number from 0. Throws Error with Exit::usage.
double strength_from_text(const std::string& text, bool weighted);

struct IterativeOutcome {
  Volume hu;                   ///< on the grid of the CT that was projected
  ct::IterativeResult result;  ///< its volume is spent
  Json record;           ///< for the sidecar: the scan, the choice with nothing left to chance, and what came of it
  double seconds = 0.0;  ///< of the computation
};
/// `start`: a CT in HU on that grid; empty unless the choice names one. Throws Error, naming the file, for rays that
/// are not finite and scans that do not tell what the choice needs.
IterativeOutcome reconstruct(const fs::path& sinogram, const IterativeChoice& choice, const fs::path& start);
/// The same from a prediction in HU, which `name` stands for in messages; what it has below -1000 HU is kept beside
/// what the iterations change.
IterativeOutcome consistent_with_rays(Volume predicted_hu, const std::string& name, const fs::path& sinogram,
                                      const IterativeChoice& choice);
/// Throws Error for what these would refuse, without an iteration.
void check_iterative(const fs::path& sinogram, const IterativeChoice& choice, const fs::path& start);
/// Data consistency behind a prediction: weighted conjugate gradients from it.
IterativeChoice consistency_choice(std::int64_t iterations, double pull_mm2);
/// The volume that reconstruct() is to start from; empty for zero, fbp, fdk and auto. Throws Error if there is none.
fs::path start_of(const IterativeChoice& choice, const Case* item);

/// The volume, and its sidecar with the record under the method's name.
void write_outcome(const Program& program, const ReconOptions& options, const std::string& name,
                   const IterativeOutcome& outcome, const std::vector<fs::path>& sources, const fs::path& output,
                   Json recipe);

struct IterativeCommand : ReconOptions {
  IterativeChoice choice;
  fs::path log;
};
void add_iterative_command(Program& program, IterativeCommand& command);

}  // namespace gdm::cli
