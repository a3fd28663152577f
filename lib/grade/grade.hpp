// Grades one or more methods over the cases of their manifests: which cases, which volumes, which numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/compute.hpp"
#include "grade/bank_distances.hpp"
#include "grade/comparison.hpp"
#include "grade/efficiency.hpp"
#include "grade/encoder_distances.hpp"
#include "grade/gates.hpp"
#include "grade/metric.hpp"
#include "io/manifest.hpp"
#include "io/sidecar.hpp"
#include "metrics/summary.hpp"

namespace gdm::grade {

/// One prediction held against its target.
struct CaseGrades {
  std::string id, patient;
  std::int64_t mask_voxels = 0;
  std::vector<std::optional<double>> values;  ///< one per metric; none: undefined for this case, a note says why
  std::vector<std::string> notes;
  metrics::PowerRatios power_ratios;   ///< if a metric of the group spectrum is wanted
  std::vector<double> within_spreads;  ///< likewise of the group spread, if the prediction has one
};

/// All metrics of one pair, without an id. Throws Error as check_gradable() does.
CaseGrades grade_volumes(const CaseVolumes& volumes, const Settings& settings, const std::vector<Metric>& metrics);

/// A manifest as one method.
struct MethodManifest {
  std::string name;
  fs::path path;
  Manifest manifest;
};

/// Of "NAME=FILE", "FILE" or "-". Without a name: that of the manifest's folder, "prediction" for standard input. The
/// manifests of all shards of a batch are one method (io/manifest_parts.hpp). Throws Error (usage) for no argument, two
/// methods of the same name, a name that `reserved` holds, or "-" twice.
std::vector<MethodManifest> open_methods(const std::vector<std::string>& arguments,
                                         const std::vector<std::string>& reserved);

struct SkippedCase {
  std::string id, reason;
};

/// Throws Error (usage) unless `name` is empty or that of a method.
void check_baseline(const std::string& name, const std::vector<MethodManifest>& methods);

/// A case with what every method predicts for it. Target, mask and inputs are those of the first manifest.
struct PlannedCase {
  Case reference;
  std::vector<fs::path> predictions;  ///< one per method, in order
  std::vector<Case> of_methods;       ///< the case in each method's manifest, in order
};

struct Plan {
  std::vector<PlannedCase> cases;
  std::vector<SkippedCase> skipped;  ///< they carry an error in some manifest
};

/// Cases of `split` ("all", "train", "val", "test"), or those with a prediction for "". Throws Error if the manifests
/// have different cases or targets, if a chosen case has no prediction or no target, or if nothing is left to grade.
Plan plan_cases(const std::vector<MethodManifest>& methods, const std::string& split);

/// The mask's file if the case has one, else body_mask_from_ct(target). Throws Error if it is empty.
Mask mask_of(const Case& reference, const Volume& target_hu);

/// "mr" and names that begin so hold arbitrary units: they are graded after a linear map to HU.
bool needs_linear_fit(const std::string& input_key);
/// a + b v with the least squared error against the target inside the mask (b = 0 for a constant input). Throws Error
/// as check_gradable() does.
Volume fit_linearly(const Volume& input, const Volume& target_hu, const Mask& mask);

/// A label or dose volume named by the key of one of the case's inputs or, if it has none of that name, by its file.
fs::path given_volume_path(const Case& c, const std::string& key_or_file);

struct GradeOptions {
  Settings settings;
  std::string split;               ///< see plan_cases()
  std::string input_key;           ///< empty: inputs are not graded
  std::vector<fs::path> encoders;  ///< for distances between distributions of features
  metrics::Bootstrap bootstrap;    ///< of the intervals of those
  fs::path bank;                   ///< of real features, for distances to them; empty: none
  std::string labels;  ///< see given_volume_path(): the target's labels in the first manifest's case; or empty
  std::string predicted_labels;     ///< the same in each method's case; or empty
  std::string dose;                 ///< of the target, as labels; or empty
  std::string predicted_dose;       ///< the same in each method's case; given with `dose`
  std::string spread;               ///< standard deviations in each method's case, as labels; or empty
  std::string baseline;             ///< the method that the others are compared with; empty: compared_pairs()
  std::optional<Endpoint> primary;  ///< the endpoint that Holm's adjustment leaves out; see adjust_p_values()
  std::vector<Gate> gates;
  bool resample = false;      ///< predictions on another grid are interpolated at the target's voxels
  bool keep_going = false;    ///< a case that cannot be graded is skipped instead of ending the run
  bool hash_volumes = false;  ///< volumes enter the provenance, too
  engine::Compute compute;
};

/// Values over patients; the cases of a patient are averaged first (patient_means()).
struct Aggregate {
  metrics::Summary over_patients;
  std::size_t cases = 0;                           ///< with a finite value
  metrics::LeftOut left_out;                       ///< the other cases
  std::optional<metrics::Interval> mean_interval;  ///< mean_interval()
};

struct MethodGrades {
  std::string name;
  std::string note;  ///< what a reader must know about it; mostly empty
  std::vector<CaseGrades> cases;
  std::vector<Aggregate> aggregates;      ///< one per metric
  std::vector<Aggregate> power_ratios;    ///< one per bin of the cases' `power_ratios`; empty without them
  std::vector<Aggregate> within_spreads;  ///< one per multiple of the cases' `within_spreads`; empty without any
};

struct Grades {
  Settings settings;
  std::vector<Metric> metrics;
  std::size_t patients = 0;
  std::uint64_t seed = 0;
  std::vector<MethodGrades> methods;
  std::vector<EncoderDistances> encoders;
  std::vector<SkippedCase> skipped;
  std::optional<BankDistances> bank;
  std::vector<GateResult> gates;       ///< of every method of a manifest
  Comparisons comparisons;             ///< empty for one method
  std::vector<Efficiency> efficiency;  ///< one per method
};

/// Grades all cases. Without encoders, and with at least as many cases as threads, each thread grades a case of its
/// own; it holds a target, a mask, a prediction, given label volumes and scratch of about the size of a volume. The
/// result does not depend on the number of threads. Throws Error if a case cannot be graded (without keep_going; the
/// first such case in the order of the manifest) or if none can; StopRequested after a signal.
Grades grade(const std::vector<MethodManifest>& methods, const GradeOptions& options, Provenance& provenance);

/// Whether each thread grades a case of its own.
bool grades_in_parallel(const Plan& plan, const GradeOptions& options);

/// What grade() would do, in words, after the headers of all volumes were read and their grids compared and the
/// encoders' files checked. Throws Error for what is wrong with them.
std::string describe_plan(const std::vector<MethodManifest>& methods, const GradeOptions& options);

}  // namespace gdm::grade
