// MAE, PSNR, SSIM and MS-SSIM by the definitions of a profile, inside the mask and over all voxels.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "grade/metric.hpp"
#include "metrics/ssim.hpp"

namespace gdm::grade {
namespace {

constexpr const char* weights_text = "0.0448, 0.2856, 0.3001, 0.2363, 0.1333";

std::string range_text(const metrics::HuRange& range) {
  return fmt::format("[{:g}, {:g}] HU (L = {:g})", range.low_hu, range.high_hu, range.width_hu());
}

std::string psnr_text(const Settings& settings, const std::string& where) {
  const std::string formula = "10 log10(L^2 / MSE) " + where + ", ";
  if (settings.profile == Profile::plain) {
    return formula + "not clipped, L = " + fmt::format("{:g} HU", settings.range.width_hu());
  }
  return formula + "both volumes clipped to " + range_text(settings.range);
}

std::string ssim_text(const Settings& settings) {
  if (settings.profile == Profile::plain) {
    return fmt::format(
        "3-D structural similarity as in Wang et al. 2004: HU + {:g}, neither clipped nor masked (windows at the "
        "mask's surface see what lies outside), 11^3 Gaussian window "
        "of sigma 1.5 voxels, K1 0.01, K2 0.03, weighted covariance, L = {:g}",
        -settings.range.low_hu, settings.range.width_hu());
  }
  return fmt::format(
      "3-D structural similarity as in SynthRAD2023{}: 7^3 uniform window, K1 0.01, K2 0.03, sample covariance, "
      "clipped to {}",
      settings.profile == Profile::synthrad2025 ? " (SynthRAD2025 does not score it)" : "", range_text(settings.range));
}

std::string ms_ssim_text(const Settings& settings) {
  if (settings.profile == Profile::plain) {
    return fmt::format(
        "five-scale structural similarity as in Wang, Simoncelli & Bovik 2003: windows and values as for SSIM, weights "
        "{}, luminance at the coarsest scale only, 2^3 averages between scales, product of the powered means",
        weights_text);
  }
  return fmt::format(
      "five-scale structural similarity as in SynthRAD2025{}: 7^3 uniform windows, K1 0.01, K2 0.03, sample "
      "covariance, "
      "clipped to {}, axes continued to 97 voxels, luminance at every scale, mean of the map raised to {}, 2^3 "
      "averages "
      "between scales, product of the means",
      settings.profile == Profile::synthrad2023 ? " (SynthRAD2023 does not score it)" : "", range_text(settings.range),
      weights_text);
}

std::vector<Metric> list(const Settings& settings) {
  const bool plain = settings.profile == Profile::plain;
  const std::string border = plain ? "5" : "3";
  const std::string outside = plain ? "" : ", lower end of the range outside the mask";
  const std::string masked_mean = ", mean over the mask without a " + border + "-voxel border";
  const std::string ms_ssim = ms_ssim_text(settings);
  std::vector<Metric> metrics{
      {"mae_hu", "MAE/HU", 2, "mean absolute difference inside the mask, not clipped", "image"},
      {"psnr_db", "PSNR/dB", 2, psnr_text(settings, "inside the mask"), "image", Better::higher},
      {"ssim", "SSIM", 4, ssim_text(settings) + outside + masked_mean, "image", Better::higher},
      {"ms_ssim", "MS-SSIM", 4, ms_ssim + outside + ", means over the mask without a " + border + "-voxel border",
       "image", Better::higher}};
  if (!settings.unmasked) return metrics;
  const std::string everywhere = ", mean over all voxels without a " + border + "-voxel border";
  metrics.push_back(
      {"mae_all_hu", "MAE all/HU", 2, "mean absolute difference over all voxels, not clipped", "unmasked"});
  metrics.push_back(
      {"psnr_all_db", "PSNR all/dB", 2, psnr_text(settings, "over all voxels"), "unmasked", Better::higher});
  metrics.push_back({"ssim_all", "SSIM all", 4, ssim_text(settings) + everywhere, "unmasked", Better::higher});
  metrics.push_back({"ms_ssim_all", "MS-SSIM all", 4, ms_ssim + outside + everywhere, "unmasked", Better::higher});
  return metrics;
}

double psnr_of(const metrics::PixelMetrics& pixel, const Settings& settings) {
  if (settings.profile != Profile::plain) return pixel.psnr_db;
  if (!(pixel.rmse_hu > 0)) return std::numeric_limits<double>::infinity();
  return 20.0 * std::log10(settings.range.width_hu() / pixel.rmse_hu);
}

std::optional<double> ssim_of(const CaseVolumes& v, const Mask& mask, const Settings& settings) {
  return settings.profile == Profile::plain
             ? metrics::ssim_plain(v.prediction_hu, v.target_hu, mask, settings.range)
             : metrics::ssim_synthrad2023(v.prediction_hu, v.target_hu, mask, settings.range);
}

const char* const no_difference = "no difference within the range";

void measure_unmasked(const CaseVolumes& v, const Settings& settings, Scores& scores) {
  const auto finite = [](const Volume& volume) {
    return std::all_of(volume.voxels.begin(), volume.voxels.end(), [](float hu) { return std::isfinite(hu); });
  };
  if (!finite(v.prediction_hu) || !finite(v.target_hu)) {
    for (const char* key : {"mae_all_hu", "psnr_all_db", "ssim_all", "ms_ssim_all"}) {
      scores.set(key, std::nullopt, "NaN or infinite voxels outside the mask");
    }
    return;
  }
  const Mask all(v.mask.grid, 1);
  const metrics::PixelMetrics pixel = metrics::pixel_metrics(v.prediction_hu, v.target_hu, all, settings.range);
  scores.set("mae_all_hu", pixel.mae_hu);
  scores.set("psnr_all_db", psnr_of(pixel, settings), no_difference);
  if (scores.wants("ssim_all")) scores.set("ssim_all", ssim_of(v, all, settings), "no voxel has a whole window");
  if (settings.profile == Profile::plain && scores.wants("ms_ssim_all")) {
    scores.set("ms_ssim_all", metrics::ms_ssim_plain(v.prediction_hu, v.target_hu, all, settings.range),
               "an axis is shorter than 176 voxels");
  }
}

void measure(const CaseVolumes& v, const Settings& settings, Scores& scores) {
  const bool plain = settings.profile == Profile::plain;
  const metrics::PixelMetrics pixel = metrics::pixel_metrics(v.prediction_hu, v.target_hu, v.mask, settings.range);
  scores.set("mae_hu", pixel.mae_hu);
  scores.set("psnr_db", psnr_of(pixel, settings), no_difference);
  if (scores.wants("ssim")) {
    scores.set("ssim", ssim_of(v, v.mask, settings),
               fmt::format("no mask voxel has a whole {}^3 window", plain ? 11 : 7));
  }
  if (settings.unmasked) measure_unmasked(v, settings, scores);
  if (plain) {
    if (scores.wants("ms_ssim")) {
      scores.set("ms_ssim", metrics::ms_ssim_plain(v.prediction_hu, v.target_hu, v.mask, settings.range),
                 "an axis is shorter than 176 voxels, or the mask has no voxel left at some scale");
    }
  } else if (scores.wants("ms_ssim") || scores.wants("ms_ssim_all")) {
    const bool whole = scores.wants("ms_ssim_all");
    const metrics::MultiScale value =
        metrics::ms_ssim_synthrad2025(v.prediction_hu, v.target_hu, v.mask, settings.range, whole);
    scores.set("ms_ssim", value.masked, "the mask has no voxel left at some scale");
    if (whole) scores.set("ms_ssim_all", value.whole, "no voxel has a whole window");
  }
}

}  // namespace

MetricGroup image_group() {
  return {"image", list, measure};
}

}  // namespace gdm::grade
