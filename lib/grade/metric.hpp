// What a metric of a pair of volumes is, which there are, and how a group of them is measured. A new metric is one
// entry in the list of its group and one call of Scores::set() in its measure function; a new group is one line in
// metric.cpp.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "image/volume.hpp"
#include "metrics/gamma_index.hpp"
#include "metrics/pixel.hpp"
#include "metrics/spectrum.hpp"

namespace gdm::grade {

/// Whose definitions of PSNR, SSIM and MS-SSIM hold.
enum class Profile {
  synthrad2023,  ///< github SynthRAD2023/metrics, functions/image_metrics.py
  synthrad2025,  ///< github SynthRAD2025/evaluation, image_metrics.py
  plain          ///< as in the papers that introduced them
};
/// Throws Error (usage) for another name than those of the enumerators.
Profile profile_from_name(const std::string& name);
std::string name_of(Profile profile);
/// [-1024, 3000] HU, for synthrad2025 [-1024, 3071] (the evaluation code; SynthRAD2025/metrics says 3000).
metrics::HuRange default_range(Profile profile);

/// A segment of a label volume.
struct Label {
  int value = 0;
  std::string name;  ///< lower case letters, digits and "_"; part of the metrics' keys
};
/// "1=liver,2=spleen". Throws Error (usage) for anything else, and for a value or name given twice.
std::vector<Label> labels_from_text(const std::string& text);

/// What is measured, the same for all cases.
struct Settings {
  Profile profile = Profile::synthrad2023;
  metrics::HuRange range;                      ///< of PSNR, SSIM and MS-SSIM
  bool unmasked = false;                       ///< image metrics also over all voxels
  std::vector<Label> labels;                   ///< segments of the label volumes; empty: there are none
  bool predicted_labels = false;               ///< predictions have label volumes, too
  bool spread = false;                         ///< predictions have a standard deviation beside them
  std::optional<metrics::GammaOptions> gamma;  ///< criteria; none: there are no dose volumes
  /// Surface distance of a segment that one of the two volumes lacks, in mm; none: it is undefined.
  std::optional<double> undefined_distance_mm;
  std::string selection = "default";  ///< see metric_list()
};

/// Which values are better.
enum class Better {
  lower,         ///< errors, distances, path lengths
  higher,        ///< PSNR, SSIM, Dice, coverage, pass rates
  nearest_zero,  ///< bias
  nearest_one    ///< ratios such as that of spectra; density
};
/// "lower", "higher", "zero", "one"
std::string name_of(Better better);

/// One column of a report.
struct Metric {
  std::string key;         ///< "mae_hu": name in JSON and TSV, with its unit
  std::string title;       ///< "MAE/HU": heading of a table
  int decimals = 2;        ///< in tables for people; JSON and TSV round-trip
  std::string definition;  ///< one sentence with every parameter
  std::string block;       ///< heading of the table it stands in where one table would be too wide
  Better better = Better::lower;
};

/// Whether a user's `name` means the metric of this key: the key itself, or the key without its unit ("psnr", "mae").
bool means_metric(const std::string& name, const std::string& key);

/// The columns that settings.selection asks for, in order: metric keys (means_metric()) and names of groups, separated
/// by commas, or "all", or "default". Throws Error (usage) for a name that is neither, naming those there are.
std::vector<Metric> metric_list(const Settings& settings);

/// Volumes of one case, all on one grid; they have passed check_gradable(). Voxels outside the mask may be anything and
/// change no value, but for the image group's "_all" metrics, which are taken over all voxels, and its SSIM and MS-SSIM
/// of the profile plain, whose published definitions mask nothing (metrics/ssim.hpp).
struct CaseVolumes {
  const Volume& prediction_hu;
  const Volume& target_hu;
  const Mask& mask;
  const Volume* target_labels = nullptr;     ///< values of Label::value; needed if there are labels
  const Volume* predicted_labels = nullptr;  ///< if settings.predicted_labels; none for an input
  const Volume* target_dose = nullptr;       ///< needed with settings.gamma; the doses have a grid of their own
  const Volume* predicted_dose = nullptr;    ///< none for an input
  const Volume* spread = nullptr;            ///< HU, if settings.spread; none for an input
};

/// Values of the wanted metrics of one case; what is set but not wanted is forgotten.
class Scores {
 public:
  explicit Scores(const std::vector<Metric>& wanted);
  bool wants(const std::string& key) const;
  /// Without a value, a note says that KEY is undefined and `why`. Throws Error for NaN.
  void set(const std::string& key, const std::optional<double>& value, const std::string& why = "");

  /// One per wanted metric, in order.
  std::vector<std::optional<double>> values() const;
  std::vector<std::string> notes;
  metrics::PowerRatios power_ratios;   ///< what the group spectrum leaves for the mean over cases
  std::vector<double> within_spreads;  ///< SpreadMetrics::within, if there is a spread and a metric of it is wanted

 private:
  std::vector<std::string> keys_;
  std::map<std::string, std::optional<double>> values_;
};

/// Metrics that share their work.
struct MetricGroup {
  std::string name;  ///< as in --metrics, and of the option that a group without metrics lacks
  std::vector<Metric> (*list)(const Settings&);
  /// Called if at least one of them is wanted, with volumes in standard_orientation.
  void (*measure)(const CaseVolumes&, const Settings&, Scores&);
};

MetricGroup image_group();     ///< MAE, PSNR, SSIM, MS-SSIM: group_image.cpp
MetricGroup error_group();     ///< bias, RMSE, MAE at the edge, correlation: group_error.cpp
MetricGroup tissue_group();    ///< MAE and bias by HU class: group_tissue.cpp
MetricGroup gradient_group();  ///< through-plane gradients: group_gradient.cpp
MetricGroup spectrum_group();  ///< power spectra: group_spectrum.cpp
MetricGroup anatomy_group();   ///< bone, lung, body by HU: group_anatomy.cpp
MetricGroup label_group();     ///< the same by label volumes: group_labels.cpp
MetricGroup therapy_group();   ///< water-equivalent paths, gamma of doses: group_therapy.cpp
MetricGroup spread_group();    ///< whether a spread tells the error: group_spread.cpp

/// All of them, in the order of the report.
const std::vector<MetricGroup>& metric_groups();

/// All wanted metrics of one case. Volumes stored in another order than standard_orientation (image/orientation.hpp)
/// are turned first, at the cost of copies: the values do not depend on how files order and flip their axes. Throws
/// Error as check_gradable() does.
Scores measure(const CaseVolumes& volumes, const Settings& settings, const std::vector<Metric>& wanted);

}  // namespace gdm::grade
