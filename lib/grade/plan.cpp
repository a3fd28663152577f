// Which cases are graded: the methods' manifests are matched before any volume is read.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "grade/grade.hpp"
#include "image/grid_match.hpp"
#include "io/manifest_parts.hpp"
#include "io/nifti/nifti.hpp"
#include "io/safetensors.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"

namespace gdm::grade {
namespace {

std::string default_name(const fs::path& path) {
  if (path == "-") return "prediction";
  const std::string folder = fs::absolute(path).lexically_normal().parent_path().filename().string();
  return folder.empty() ? "prediction" : folder;
}

/// "NAME=FILE", "FILE" or "-".
NamedManifest named_manifest(const std::string& argument) {
  const std::size_t equals = argument.find('=');
  const bool named = equals != std::string::npos && equals > 0 && argument.find('/') > equals && !fs::exists(argument);
  return named ? NamedManifest{argument.substr(0, equals), argument.substr(equals + 1)} : NamedManifest{"", argument};
}

MethodManifest opened(const NamedManifest& given) {
  MethodManifest method;
  method.path = given.path;
  method.name = given.name.empty() ? default_name(given.path) : given.name;
  method.manifest = read_whole_manifest(given.path);
  return method;
}

/// Cases with a prediction or an error, which stands for one that should be there.
std::vector<Case> attempted_cases(const Manifest& manifest) {
  std::vector<Case> cases;
  std::copy_if(manifest.cases.begin(), manifest.cases.end(), std::back_inserter(cases),
               [](const Case& c) { return c.prediction || c.error; });
  return cases;
}

std::vector<Case> chosen_cases(const MethodManifest& method, const std::string& split) {
  const std::vector<Case> cases = with_context(method.path.string(), [&] {
    return split.empty() ? attempted_cases(method.manifest) : method.manifest.split(split);
  });
  if (cases.empty()) throw Error(fmt::format("{}: no case has a prediction", method.path.string()));
  return cases;
}

/// "a, b, c and 17 more"
std::string few_of(const std::vector<std::string>& names) {
  constexpr std::size_t few = 5;
  const std::size_t shown = std::min(few, names.size());
  const std::string text =
      fmt::format("{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  return names.size() > shown ? fmt::format("{} and {} more", text, names.size() - shown) : text;
}

/// Throws Error unless both lists have the same ids.
void check_same_ids(const MethodManifest& a, const std::vector<Case>& cases_a, const MethodManifest& b,
                    const std::map<std::string, Case>& cases_b) {
  std::vector<std::string> missing;
  for (const Case& c : cases_a) {
    if (cases_b.count(c.id) == 0) missing.push_back(c.id);
  }
  if (!missing.empty()) {
    throw Error(fmt::format("methods '{}' and '{}' have different cases: '{}' lacks {}", a.name, b.name, b.name,
                            few_of(missing)));
  }
  if (cases_b.size() == cases_a.size()) return;
  std::set<std::string> ids_a;
  for (const Case& c : cases_a) ids_a.insert(c.id);
  for (const auto& [id, unused] : cases_b) {
    if (ids_a.count(id) == 0) missing.push_back(id);
  }
  throw Error(fmt::format("methods '{}' and '{}' have different cases: '{}' lacks {}", a.name, b.name, a.name,
                          few_of(missing)));
}

void check_case(const MethodManifest& method, const Case& c, const Case& reference) {
  const std::string where = fmt::format("{}: case '{}'", method.path.string(), c.id);
  if (!c.prediction) throw Error(where + " has no prediction");
  if (!reference.target) throw Error(where + " has no target to grade against");
  if (c.target && fs::weakly_canonical(*c.target) != fs::weakly_canonical(*reference.target)) {
    throw Error(fmt::format("{} has another target than in the first manifest: {} against {}", where,
                            c.target->string(), reference.target->string()));
  }
}

}  // namespace

std::vector<MethodManifest> open_methods(const std::vector<std::string>& arguments,
                                         const std::vector<std::string>& reserved) {
  if (arguments.empty()) throw Error("a manifest is needed ('-' for standard input)", Exit::usage);
  std::vector<NamedManifest> given;
  std::transform(arguments.begin(), arguments.end(), std::back_inserter(given), named_manifest);
  std::vector<MethodManifest> methods;
  for (const NamedManifest& manifest : fold_parts(given)) {
    MethodManifest method = opened(manifest);
    for (const MethodManifest& other : methods) {
      if (method.path == "-" && other.path == "-") throw Error("standard input can be read only once", Exit::usage);
      if (method.name == other.name) {
        throw Error(fmt::format("two methods are called '{}'; name them with NAME=MANIFEST", method.name), Exit::usage);
      }
    }
    if (std::find(reserved.begin(), reserved.end(), method.name) != reserved.end()) {
      throw Error(fmt::format("the name '{}' is taken; name the method with NAME=MANIFEST", method.name), Exit::usage);
    }
    methods.push_back(std::move(method));
  }
  return methods;
}

void check_baseline(const std::string& name, const std::vector<MethodManifest>& methods) {
  std::vector<std::string> names;
  for (const MethodManifest& method : methods) names.push_back(method.name);
  if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) return;
  throw Error(fmt::format("--baseline: no method is called '{}'; there are {}", name, fmt::join(names, ", ")),
              Exit::usage);
}

Plan plan_cases(const std::vector<MethodManifest>& methods, const std::string& split) {
  const std::vector<Case> first = chosen_cases(methods.front(), split);
  std::vector<std::map<std::string, Case>> by_id;
  for (const MethodManifest& method : methods) {
    std::map<std::string, Case> cases;
    for (const Case& c : chosen_cases(method, split)) cases.emplace(c.id, c);
    check_same_ids(methods.front(), first, method, cases);
    by_id.push_back(std::move(cases));
  }
  Plan plan;
  for (const Case& reference : first) {
    PlannedCase planned{reference, {}, {}};
    std::string reason;
    for (std::size_t m = 0; m < methods.size() && reason.empty(); ++m) {
      const Case& c = by_id[m].at(reference.id);
      if (c.error) {
        reason = fmt::format("{}: {}", methods[m].name, *c.error);
        continue;
      }
      check_case(methods[m], c, reference);
      planned.predictions.push_back(*c.prediction);
      planned.of_methods.push_back(c);
    }
    if (reason.empty()) {
      plan.cases.push_back(std::move(planned));
    } else {
      plan.skipped.push_back({reference.id, reason});
    }
  }
  if (plan.cases.empty()) throw Error(fmt::format("all {} cases failed in an earlier tool", plan.skipped.size()));
  return plan;
}

fs::path given_volume_path(const Case& c, const std::string& key_or_file) {
  const bool is_file = fs::exists(key_or_file) || key_or_file.find('/') != std::string::npos ||
                       fs::path(key_or_file).has_extension();  // which does not exist, as reading it tells
  if (c.inputs.count(key_or_file) == 0 && is_file) return key_or_file;
  return c.input(key_or_file);
}

bool grades_in_parallel(const Plan& plan, const GradeOptions& options) {
  return options.encoders.empty() && options.bank.empty() &&
         static_cast<std::int64_t>(plan.cases.size()) >= thread_count();
}

std::string describe_plan(const std::vector<MethodManifest>& methods, const GradeOptions& options) {
  for (const fs::path& path : options.encoders) SafetensorsFile(path).require_kind("encoder");
  if (!options.bank.empty()) SafetensorsFile(options.bank).require_kind("bank");
  const Plan plan = plan_cases(methods, options.split);
  std::int64_t largest = 0;
  for (const PlannedCase& planned : plan.cases) {
    const Grid target = read_nifti_info(*planned.reference.target).grid;
    largest = std::max(largest, target.voxels());
    const auto check = [&](const fs::path& path, bool may_differ) {
      const Grid grid = read_nifti_info(path).grid;
      if (may_differ) return;
      require_same_grid(grid, fmt::format("case '{}': {}", planned.reference.id, path.string()), target, "the target");
    };
    for (const fs::path& path : planned.predictions) check(path, options.resample);
    if (planned.reference.mask) check(*planned.reference.mask, false);
    if (!options.input_key.empty()) check(planned.reference.input(options.input_key), options.resample);
    if (!options.labels.empty()) check(given_volume_path(planned.reference, options.labels), false);
    if (!options.dose.empty()) read_nifti_info(given_volume_path(planned.reference, options.dose));
    for (const Case& c : planned.of_methods) {
      if (!options.spread.empty()) check(given_volume_path(c, options.spread), false);
      if (!options.predicted_dose.empty()) read_nifti_info(given_volume_path(c, options.predicted_dose));
    }
    if (options.predicted_labels.empty()) continue;
    for (const Case& c : planned.of_methods) check(given_volume_path(c, options.predicted_labels), false);
  }
  const int at_once = grades_in_parallel(plan, options) ? thread_count() : 1;
  const double megabytes = static_cast<double>(largest) * (4 * sizeof(float) + 2) / 1e6 * at_once;
  return fmt::format("would grade {} cases by {} methods ({} skipped), {} at a time, about {:.0f} MB of volumes\n",
                     plan.cases.size(), methods.size() + (options.input_key.empty() ? 0 : 1), plan.skipped.size(),
                     at_once, megabytes);
}

}  // namespace gdm::grade
