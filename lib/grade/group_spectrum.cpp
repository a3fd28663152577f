// Power spectra as metrics: fine structure that is missing, or invented.
#include <fmt/format.h>

#include <cmath>

#include "grade/metric.hpp"

namespace gdm::grade {
namespace {

/// Windows of 32 voxels do not fit into half of the heads of 3 to 4 mm voxels.
constexpr metrics::SpectrumOptions options{16, 0.9};

std::vector<Metric> list(const Settings& /*settings*/) {
  const std::string how = fmt::format(
      "radial power spectra of 3-D Hann windows of at most {} voxels that overlap by half and of which {:.0f} % lie "
      "inside the mask",
      options.window, 100 * options.inside);
  return {{"power_high_db", "power-high/dB", 2,
           "power of the prediction over that of the target in the highest octave of frequencies, up to the Nyquist "
           "frequency of the coarsest axis: 0 is as fine as the target, below is blur, above is noise; " +
               how,
           "spectrum", Better::nearest_zero},
          {"power_error_db", "power-error/dB", 2,
           "root of the mean squared ratio of the powers in dB over all bands of frequencies: " + how, "spectrum"}};
}

void measure(const CaseVolumes& v, const Settings& /*settings*/, Scores& scores) {
  const metrics::SpectrumRatio spectrum = metrics::spectrum_ratio(v.prediction_hu, v.target_hu, v.mask, options);
  std::optional<double> high_db;
  if (spectrum.top_octave) high_db = 10.0 * std::log10(*spectrum.top_octave);
  const std::string why = spectrum.windows == 0 ? "no window of at least 8 voxels along each axis lies inside the mask"
                          : spectrum.top_octave ? "the prediction has no power there"
                                                : "the target has no power there";
  scores.set("power_high_db", high_db, why);
  scores.set("power_error_db", spectrum.error_db(), why);
  scores.power_ratios = spectrum.binned();
}

}  // namespace

MetricGroup spectrum_group() {
  return {"spectrum", list, measure};
}

}  // namespace gdm::grade
