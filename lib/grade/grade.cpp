// Grading case by case: a case counts for all methods or for none.
#include "grade/grade.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <memory>

#include "grade/aggregates.hpp"
#include "image/grid_match.hpp"
#include "image/hu_check.hpp"
#include "image/mask.hpp"
#include "image/regrid.hpp"
#include "io/manifest_parts.hpp"
#include "io/nifti/nifti.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/parallel.hpp"
#include "sys/progress.hpp"
#include "sys/signals.hpp"

namespace gdm::grade {
namespace {

std::vector<EncoderComparison> open_encoders(const GradeOptions& options, const Plan& plan, std::size_t methods,
                                             Provenance& provenance) {
  std::vector<Case> cases;
  for (const PlannedCase& planned : plan.cases) cases.push_back(planned.reference);
  std::vector<EncoderComparison> encoders;
  for (const fs::path& path : options.encoders) {
    encoders.emplace_back(path, cases, methods, options.bootstrap, options.compute);
    provenance.add_source(path);
  }
  return encoders;
}

/// All that one case adds to the result; kept apart until every method could be graded.
struct CaseResult {
  Case reference;
  std::vector<CaseGrades> grades;                                  ///< one per method
  std::vector<EncoderComparison::Features> targets;                ///< one per encoder
  std::vector<std::vector<EncoderComparison::Features>> features;  ///< [encoder][method]
  std::vector<BankComparison::Features> in_bank;  ///< one per method, then the target; empty without a bank
};

/// A case's volumes that all methods share, read once.
struct Reference {
  Volume target;
  Mask mask;
  std::optional<Volume> labels, dose;
};

constexpr const char* label_map = "label map";

/// Reads for one case, and remembers what was read.
class CaseReader {
 public:
  CaseReader(const GradeOptions& options, Provenance& provenance) : options_(options), provenance_(provenance) {}

  Volume volume(const fs::path& path) const {
    remember(path);
    return read_volume(path);
  }

  Volume on_grid(const fs::path& path, const Grid& grid, const char* what) const {
    Volume found = volume(path);
    require_same_grid(found.grid, fmt::format("{}: the {}", path.string(), what), grid, "the target");
    return found;
  }

  Reference reference(const Case& c) const {
    Reference result;
    result.target = volume(*c.target);
    require_hu(result.target, c.target->string() + ": the target");
    result.mask = mask_of(c, result.target);
    if (c.mask) remember(*c.mask);
    if (!options_.labels.empty())
      result.labels = on_grid(given_volume_path(c, options_.labels), result.target.grid, label_map);
    if (!options_.dose.empty()) result.dose = volume(given_volume_path(c, options_.dose));
    return result;
  }

 private:
  void remember(const fs::path& path) const {
    if (options_.hash_volumes) provenance_.add_source(path);
  }
  const GradeOptions& options_;
  Provenance& provenance_;
};

/// The prediction on the target's grid, with a note if it was not there before.
Volume on_target_grid(Volume&& prediction, const Reference& reference, float fill, std::vector<std::string>& notes) {
  const Grid& grid = reference.target.grid;
  if (same_grid(prediction.grid, grid)) return std::move(prediction);
  Regridded regridded = regrid(prediction, grid, fill);
  notes.push_back(
      fmt::format("resampled trilinearly from {} to the target's grid; {} voxels outside its field were "
                  "set to {:g}",
                  gdm::describe(prediction.grid), regridded.outside, fill));
  return std::move(regridded.volume);
}

CaseResult grade_case(const PlannedCase& planned, const GradeOptions& options, const std::vector<Metric>& metrics,
                      std::vector<EncoderComparison>& encoders, BankComparison* bank, Provenance& provenance) {
  const CaseReader reader(options, provenance);
  const Reference reference = reader.reference(planned.reference);
  CaseResult result;
  result.reference = planned.reference;
  result.features.resize(encoders.size());
  if (!encoders.empty()) metrics::check_gradable(reference.target, reference.target, reference.mask);
  for (EncoderComparison& encoder : encoders) {
    result.targets.push_back(encoder.features(reference.target, reference.mask));
  }
  const auto graded = [&](const fs::path& path, bool fit, const Volume* predicted_labels, const Volume* predicted_dose,
                          const Volume* spread) {
    with_context(path.string(), [&] {
      std::vector<std::string> notes;
      Volume prediction = reader.volume(path);
      const bool is_input = !options.input_key.empty() && path == planned.reference.input(options.input_key);
      if (!is_input) warn_unless_hu_scale(prediction, "the prediction");
      if (options.resample) {
        const float fill = fit ? least_finite(prediction) : air_hu;
        prediction = on_target_grid(std::move(prediction), reference, fill, notes);
      }
      if (fit) prediction = fit_linearly(prediction, reference.target, reference.mask);
      const CaseVolumes volumes{prediction,       reference.target,
                                reference.mask,   reference.labels ? &*reference.labels : nullptr,
                                predicted_labels, reference.dose ? &*reference.dose : nullptr,
                                predicted_dose,   spread};
      CaseGrades grades = grade_volumes(volumes, options.settings, metrics);
      grades.id = planned.reference.id;
      grades.patient = planned.reference.patient();
      grades.notes.insert(grades.notes.begin(), notes.begin(), notes.end());
      result.grades.push_back(std::move(grades));
      for (std::size_t e = 0; e < encoders.size(); ++e) {
        result.features[e].push_back(encoders[e].features(prediction, reference.mask));
      }
      if (bank != nullptr) result.in_bank.push_back(bank->features(planned.reference, prediction, reference.mask));
    });
  };
  if (!options.input_key.empty()) {
    graded(planned.reference.input(options.input_key), needs_linear_fit(options.input_key), nullptr, nullptr, nullptr);
  }
  for (std::size_t m = 0; m < planned.predictions.size(); ++m) {
    std::optional<Volume> labels, dose, spread;
    if (!options.predicted_labels.empty()) {
      labels = reader.on_grid(given_volume_path(planned.of_methods[m], options.predicted_labels), reference.target.grid,
                              label_map);
    }
    if (!options.predicted_dose.empty()) {
      dose = reader.volume(given_volume_path(planned.of_methods[m], options.predicted_dose));
    }
    if (!options.spread.empty()) {
      const fs::path path = given_volume_path(planned.of_methods[m], options.spread);
      spread = reader.on_grid(path, reference.target.grid, "spread");
      with_context(path.string(), [&] { metrics::require_spread(*spread, reference.mask); });
    }
    graded(planned.predictions[m], false, labels ? &*labels : nullptr, dose ? &*dose : nullptr,
           spread ? &*spread : nullptr);
  }
  if (bank != nullptr) {
    result.in_bank.push_back(bank->features(planned.reference, reference.target, reference.mask));
  }
  return result;
}

void gather(CaseResult&& result, std::vector<EncoderComparison>& encoders, BankComparison* bank, Grades& grades) {
  for (std::size_t set = 0; set < result.in_bank.size(); ++set) bank->add(set, result.in_bank[set]);
  for (std::size_t m = 0; m < result.grades.size(); ++m) {
    grades.methods[m].cases.push_back(std::move(result.grades[m]));
  }
  for (std::size_t e = 0; e < encoders.size(); ++e) {
    encoders[e].add_target(result.reference, result.targets[e]);
    for (std::size_t m = 0; m < result.features[e].size(); ++m) {
      encoders[e].add_prediction(m, result.reference, result.features[e][m]);
    }
  }
}

std::vector<MethodGrades> empty_methods(const std::vector<MethodManifest>& methods, const GradeOptions& options) {
  std::vector<MethodGrades> result;
  if (!options.input_key.empty()) {
    MethodGrades input;
    input.name = needs_linear_fit(options.input_key) ? "input (linear fit)" : "input";
    if (needs_linear_fit(options.input_key)) {
      input.note = fmt::format(
          "'{}' was mapped to HU by the straight line that fits the target best inside each case's mask; knowing the "
          "target favours the input",
          options.input_key);
    }
    result.push_back(std::move(input));
  }
  for (const MethodManifest& method : methods) result.push_back({method.name, "", {}, {}, {}, {}});
  return result;
}

}  // namespace

CaseGrades grade_volumes(const CaseVolumes& volumes, const Settings& settings, const std::vector<Metric>& metrics) {
  Scores scores = measure(volumes, settings, metrics);
  return {"",
          "",
          count_inside(volumes.mask),
          scores.values(),
          std::move(scores.notes),
          std::move(scores.power_ratios),
          std::move(scores.within_spreads)};
}

Mask mask_of(const Case& reference, const Volume& target_hu) {
  Mask mask = reference.mask ? read_mask(*reference.mask, &target_hu.grid) : body_mask_from_ct(target_hu);
  if (count_inside(mask) > 0) return mask;
  throw Error(reference.mask
                  ? fmt::format("the mask {} is empty, so there is nothing to grade", reference.mask->string())
                  : "no mask is given and no voxel of the target lies above -400 HU");
}

namespace {

/// What became of a case.
struct Outcome {
  std::optional<CaseResult> result;
  std::optional<Error> error;
};

void take(Outcome&& outcome, const std::string& id, const GradeOptions& options,
          std::vector<EncoderComparison>& encoders, BankComparison* bank, Grades& grades) {
  if (outcome.result) {
    gather(std::move(*outcome.result), encoders, bank, grades);
  } else if (options.keep_going) {
    grades.skipped.push_back({id, outcome.error->what()});
  } else {
    throw outcome.error->add_context("case '" + id + "'");
  }
}

void grade_cases(const Plan& plan, const GradeOptions& options, std::vector<EncoderComparison>& encoders,
                 BankComparison* bank, Provenance& provenance, Grades& grades) {
  const std::int64_t n = static_cast<std::int64_t>(plan.cases.size());
  Progress progress("grading", n, "case");
  std::vector<Outcome> outcomes(plan.cases.size());
  std::atomic<bool> failed{false};
  const auto work = [&](std::int64_t c) {
    throw_if_stop_requested();
    // Cases are begun in order, so every case before the first failed one has been begun and will be finished.
    if (failed && !options.keep_going) return;
    Outcome& outcome = outcomes[static_cast<std::size_t>(c)];
    try {
      outcome.result =
          grade_case(plan.cases[static_cast<std::size_t>(c)], options, grades.metrics, encoders, bank, provenance);
    } catch (const Error& error) {
      outcome.error = error;
      failed = true;
    }
    progress.advance();
  };
  const auto take_case = [&](std::int64_t c) {
    const std::size_t at = static_cast<std::size_t>(c);
    take(std::move(outcomes[at]), plan.cases[at].reference.id, options, encoders, bank, grades);
  };
  if (grades_in_parallel(plan, options)) {
    parallel_for(n, work);
    for (std::int64_t c = 0; c < n; ++c) take_case(c);
  } else {
    for (std::int64_t c = 0; c < n; ++c) {
      work(c);
      take_case(c);
    }
  }
}

/// The volumes of one method (by its place in the grades) whose cases were graded.
std::vector<fs::path> graded_volumes(const Plan& plan, const GradeOptions& options, std::size_t method,
                                     const Grades& grades) {
  std::vector<fs::path> volumes;
  std::size_t graded = 0;
  const std::vector<CaseGrades>& cases = grades.methods[method].cases;
  for (const PlannedCase& planned : plan.cases) {
    if (graded == cases.size() || cases[graded].id != planned.reference.id) continue;  // it was skipped
    ++graded;
    if (options.input_key.empty()) {
      volumes.push_back(planned.predictions[method]);
    } else {
      volumes.push_back(method == 0 ? planned.reference.input(options.input_key) : planned.predictions[method - 1]);
    }
  }
  return volumes;
}

}  // namespace

Grades grade(const std::vector<MethodManifest>& methods, const GradeOptions& options, Provenance& provenance) {
  Grades grades;
  grades.settings = options.settings;
  grades.seed = options.compute.seed;
  grades.metrics = metric_list(options.settings);
  const std::vector<Gate> gates = resolved_gates(options.gates, grades.metrics);
  const Plan plan = plan_cases(methods, options.split);
  grades.skipped = plan.skipped;
  grades.methods = empty_methods(methods, options);
  for (const MethodManifest& method : methods) {
    if (method.path == "-") continue;
    for (const fs::path& file : part_files(method.path)) provenance.add_source(file);
  }
  std::vector<EncoderComparison> encoders = open_encoders(options, plan, grades.methods.size(), provenance);
  std::unique_ptr<BankComparison> bank;
  if (!options.bank.empty()) {
    bank = std::make_unique<BankComparison>(options.bank, grades.methods.size() + 1, options.compute);
    provenance.add_source(options.bank);
  }
  grade_cases(plan, options, encoders, bank.get(), provenance, grades);
  if (grades.methods.front().cases.empty()) {
    throw Error(fmt::format("none of {} cases could be graded; case '{}': {}", grades.skipped.size(),
                            grades.skipped.back().id, grades.skipped.back().reason));
  }
  for (const EncoderComparison& encoder : encoders) grades.encoders.push_back(encoder.distances());
  if (bank) grades.bank = bank->distances();
  aggregate(grades.methods.size() - methods.size(), gates, options, grades);
  for (std::size_t m = 0; m < grades.methods.size(); ++m) {
    grades.efficiency.push_back(efficiency_of(graded_volumes(plan, options, m, grades)));
  }
  return grades;
}

}  // namespace gdm::grade
