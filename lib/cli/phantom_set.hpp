// The set that gdm-phantom writes: which cases, which files, and one case after another.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "cli/app.hpp"
#include "cli/phantom_options.hpp"
#include "io/manifest.hpp"
#include "phantom/phantom.hpp"

namespace gdm::cli {

/// One case to be made.
struct PhantomCase {
  Case item;                 ///< with the paths of what will be written
  fs::path label_map;        ///< none for a procedural anatomy
  Grid label_grid;           ///< as its header states it
  std::uint64_t number = 0;  ///< of a procedural case
};

struct PhantomSet {
  std::string task = "mr2ct";
  Manifest source;  ///< of the label maps; empty for procedural anatomies
  std::vector<PhantomCase> cases;
};

/// The cases with their splits: those of the label manifest, else 70 % train, 10 % val and 20 % test in that order.
/// Reads the headers of label maps. Throws Error if a case has none, or if two cases would have one id.
PhantomSet plan_phantoms(const PhantomOptions& options, std::uint64_t seed);

/// Every volume of a case: MR, CT, mask and, with options.truth, the truth.
std::vector<fs::path> outputs_of(const PhantomCase& planned, const PhantomOptions& options);

/// The label maps of a set. The variants of one, which follow each other, share what is the same for all of its
/// subjects. Safe from several threads.
class LabelSources {
 public:
  /// `settings` must outlive this.
  LabelSources(const PhantomSet& set, const phantom::Settings& settings);

  /// To be called once for each case; the last one has the map for itself. Throws Error.
  std::shared_ptr<const phantom::LabelSource> take(const fs::path& map);

  /// Reads the map of each case and checks that cases of this spacing can be made of it, in place of take(). Throws
  /// Error.
  void check(const PhantomSet& set, double spacing_mm);

 private:
  struct Entry {
    std::mutex mutex;
    std::int64_t cases_left = 0;
    std::shared_ptr<const phantom::LabelSource> source;
  };
  const phantom::Settings& settings_;
  std::map<fs::path, Entry> entries_;
};

/// Makes and writes one case. Safe from several threads.
void write_phantom(const Program& program, const PhantomOptions& options, const phantom::Settings& settings,
                   const PhantomCase& planned, LabelSources& labels);

}  // namespace gdm::cli
