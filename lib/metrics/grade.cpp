// Grading case by case: a case counts for all methods or for none.
#include "metrics/grade.hpp"

#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "image/mask.hpp"
#include "io/nifti.hpp"
#include "metrics/distribution.hpp"
#include "metrics/segmentation.hpp"
#include "metrics/ssim.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/progress.hpp"
#include "sys/signals.hpp"

namespace gdm::metrics {
namespace {

/// An encoder and what it has gathered.
struct Instrument {
  std::unique_ptr<net::FeatureExtractor> extractor;
  FeatureMoments targets;
  std::vector<FeatureMoments> predictions;  ///< one per method
  EncoderDistances result;
};

std::vector<Instrument> open_instruments(const GradeOptions& options, std::size_t methods, Provenance& provenance) {
  std::vector<Instrument> instruments;
  for (const fs::path& path : options.encoders) {
    Instrument instrument;
    instrument.extractor = net::network().open_encoder(path, options.compute);
    instrument.predictions.resize(methods);
    instrument.result.name = path.stem().string();
    instrument.result.digest = instrument.extractor->digest();
    instrument.result.description = instrument.extractor->description();
    provenance.add_source(path);
    instruments.push_back(std::move(instrument));
  }
  return instruments;
}

/// All that one case adds to the result; kept apart until every method could be graded.
struct CaseResult {
  std::vector<CaseGrades> grades;                         ///< one per method
  std::vector<net::FeatureMatrix> targets;                ///< one per encoder
  std::vector<std::vector<net::FeatureMatrix>> features;  ///< [encoder][method]
  std::vector<BankComparison::Features> in_bank;          ///< one per method, then the target; empty without a bank
};

void measure(const Volume& prediction, const Volume& target, const Mask& mask, const PlannedCase& planned,
             const GradeOptions& options, std::vector<Instrument>& instruments, BankComparison* bank,
             CaseResult& result) {
  CaseGrades grades = grade_volumes(prediction, target, mask, options.range);
  grades.id = planned.reference.id;
  result.grades.push_back(std::move(grades));
  for (std::size_t e = 0; e < instruments.size(); ++e) {
    result.features[e].push_back(instruments[e].extractor->window_features(prediction, mask));
  }
  if (bank != nullptr) result.in_bank.push_back(bank->features(planned.reference, prediction, mask));
}

CaseResult grade_case(const PlannedCase& planned, const GradeOptions& options, std::vector<Instrument>& instruments,
                      BankComparison* bank, Provenance& provenance) {
  const auto read = [&](const fs::path& path) {
    if (options.hash_volumes) provenance.add_source(path);
    return read_volume(path);
  };
  const Volume target = read(*planned.reference.target);
  const Mask mask = mask_of(planned.reference, target);
  if (options.hash_volumes && planned.reference.mask) provenance.add_source(*planned.reference.mask);
  CaseResult result;
  result.features.resize(instruments.size());
  if (!instruments.empty()) check_gradable(target, target, mask);
  for (Instrument& instrument : instruments) {
    result.targets.push_back(instrument.extractor->window_features(target, mask));
  }
  const auto graded = [&](const fs::path& path, bool fit) {
    with_context(path.string(), [&] {
      Volume prediction = read(path);
      if (fit) prediction = fit_linearly(prediction, target, mask);
      measure(prediction, target, mask, planned, options, instruments, bank, result);
    });
  };
  if (!options.input_key.empty()) {
    graded(planned.reference.input(options.input_key), needs_linear_fit(options.input_key));
  }
  for (const fs::path& path : planned.predictions) graded(path, false);
  if (bank != nullptr) result.in_bank.push_back(bank->features(planned.reference, target, mask));
  return result;
}

void gather(CaseResult&& result, std::vector<Instrument>& instruments, BankComparison* bank, Grades& grades) {
  for (std::size_t set = 0; set < result.in_bank.size(); ++set) bank->add(set, result.in_bank[set]);
  for (std::size_t m = 0; m < result.grades.size(); ++m) {
    grades.methods[m].cases.push_back(std::move(result.grades[m]));
  }
  for (std::size_t e = 0; e < instruments.size(); ++e) {
    const auto add = [](FeatureMoments& moments, const net::FeatureMatrix& features) {
      moments.add(features.values.data(), features.rows(), features.dims);
    };
    add(instruments[e].targets, result.targets[e]);
    for (std::size_t m = 0; m < result.features[e].size(); ++m) {
      add(instruments[e].predictions[m], result.features[e][m]);
    }
  }
}

EncoderDistances distances_of(Instrument& instrument) {
  EncoderDistances& result = instrument.result;
  result.dims = instrument.targets.dims();
  result.windows = instrument.targets.rows();
  if (result.windows < 2) {
    log_warning(fmt::format("encoder {}: {} windows in all targets, a Frechet distance needs at least 2", result.name,
                            result.windows));
    result.distances.resize(instrument.predictions.size());
    return result;
  }
  if (result.windows < frechet_rows_wanted(result.dims)) {
    log_warning(fmt::format("encoder {}: {} windows for {} dimensions are few; Frechet distances are biased upwards",
                            result.name, result.windows, result.dims));
  }
  for (const FeatureMoments& moments : instrument.predictions) {
    result.distances.push_back(frechet_distance(instrument.targets, moments));
  }
  return result;
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
  for (const MethodManifest& method : methods) result.push_back({method.name, "", {}});
  return result;
}

}  // namespace

std::vector<Metric> metric_list(const HuRange& range) {
  const std::string l = fmt::format("[{:g}, {:g}] HU (L = {:g})", range.low_hu, range.high_hu, range.width_hu());
  const std::string bone = fmt::format("{:g} HU", bone_threshold_hu);
  return {
      {"mae_hu", "MAE/HU", 2, "mean absolute difference inside the mask, not clipped"},
      {"psnr_db", "PSNR/dB", 2, "10 log10(L^2 / MSE) inside the mask, both volumes clipped to " + l},
      {"ssim", "SSIM", 4,
       "3-D structural similarity as in SynthRAD2023: 7^3 uniform window, K1 0.01, K2 0.03, sample covariance, clipped "
       "to " +
           l + ", mean over the mask without a 3-voxel border"},
      {"bone_mae_hu", "bone MAE/HU", 2, "mean absolute difference over mask voxels whose target has at least " + bone},
      {"bone_dice", "bone Dice", 4, "Dice coefficient of the mask voxels with at least " + bone},
      {"bias_hu", "bias/HU", 2, "mean of prediction minus target inside the mask, not clipped"},
      {"rmse_hu", "RMSE/HU", 2, "root of the mean squared difference inside the mask, not clipped"},
  };
}

CaseGrades grade_volumes(const Volume& prediction_hu, const Volume& target_hu, const Mask& mask, const HuRange& range) {
  check_gradable(prediction_hu, target_hu, mask);
  const PixelMetrics pixel = pixel_metrics(prediction_hu, target_hu, mask, range);
  const std::optional<double> ssim = ssim_synthrad2023(prediction_hu, target_hu, mask, range);
  const std::optional<double> dice = dice_at_threshold(prediction_hu, target_hu, mask, bone_threshold_hu);
  CaseGrades grades;
  grades.mask_voxels = pixel.voxels;
  grades.values = {pixel.mae_hu, pixel.psnr_db, ssim, pixel.bone_mae_hu, dice, pixel.bias_hu, pixel.rmse_hu};
  if (std::isinf(pixel.psnr_db)) grades.notes.push_back("psnr_db is infinite: no difference within the range");
  if (!ssim) grades.notes.push_back("ssim is undefined: no mask voxel has a whole 7^3 window");
  if (!pixel.bone_mae_hu) grades.notes.push_back("bone_mae_hu is undefined: no bone in the target");
  if (!dice) grades.notes.push_back("bone_dice is undefined: no bone in either volume");
  return grades;
}

Mask mask_of(const Case& reference, const Volume& target_hu) {
  Mask mask = reference.mask ? read_mask(*reference.mask, &target_hu.grid) : body_mask_from_ct(target_hu);
  if (count_inside(mask) > 0) return mask;
  throw Error(reference.mask
                  ? fmt::format("the mask {} is empty, so there is nothing to grade", reference.mask->string())
                  : "no mask is given and no voxel of the target lies above -400 HU");
}

bool needs_linear_fit(const std::string& input_key) {
  return input_key.rfind("mr", 0) == 0;
}

Volume fit_linearly(const Volume& input, const Volume& target_hu, const Mask& mask) {
  check_gradable(input, target_hu, mask);
  double n = 0, mean_v = 0, mean_t = 0, vv = 0, vt = 0;
  for (std::size_t at = 0; at < mask.voxels.size(); ++at) {  // running means and centred products (Welford)
    if (mask.voxels[at] == 0) continue;
    const double v = input.voxels[at], t = target_hu.voxels[at];
    n += 1;
    const double dv = v - mean_v;
    mean_v += dv / n;
    mean_t += (t - mean_t) / n;
    vv += dv * (v - mean_v);
    vt += dv * (t - mean_t);
  }
  const double slope = vv > 0 ? vt / vv : 0.0, offset = mean_t - slope * mean_v;
  Volume fitted(input.grid, 0.0F);
  for (std::size_t at = 0; at < fitted.voxels.size(); ++at) {
    fitted.voxels[at] = static_cast<float>(offset + slope * static_cast<double>(input.voxels[at]));
  }
  return fitted;
}

Grades grade(const std::vector<MethodManifest>& methods, const GradeOptions& options, Provenance& provenance) {
  const Plan plan = plan_cases(methods, options.split);
  Grades grades{options.range, metric_list(options.range), empty_methods(methods, options), {}, plan.skipped, {}};
  for (const MethodManifest& method : methods) {
    if (method.path != "-") provenance.add_source(method.path);
  }
  std::vector<Instrument> instruments = open_instruments(options, grades.methods.size(), provenance);
  std::unique_ptr<BankComparison> bank;
  if (!options.bank.empty()) {
    bank = std::make_unique<BankComparison>(options.bank, grades.methods.size() + 1, options.compute);
    provenance.add_source(options.bank);
  }
  Progress progress("grading", static_cast<std::int64_t>(plan.cases.size()), "case");
  for (const PlannedCase& planned : plan.cases) {
    throw_if_stop_requested();
    try {
      gather(grade_case(planned, options, instruments, bank.get(), provenance), instruments, bank.get(), grades);
    } catch (Error& error) {
      if (!options.keep_going) {
        error.add_context("case '" + planned.reference.id + "'");
        throw;
      }
      grades.skipped.push_back({planned.reference.id, error.what()});
    }
    progress.advance();
  }
  if (grades.methods.front().cases.empty()) {
    throw Error(fmt::format("none of {} cases could be graded; case '{}': {}", grades.skipped.size(),
                            grades.skipped.back().id, grades.skipped.back().reason));
  }
  for (Instrument& instrument : instruments) grades.encoders.push_back(distances_of(instrument));
  if (bank) grades.bank = bank->distances();
  return grades;
}

}  // namespace gdm::metrics
