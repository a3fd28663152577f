// Branch and bound: cells around a point in the order of their distance, refined only while they can lower gamma.
#include "metrics/gamma_index.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include "image/grid_match.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"

namespace gdm::metrics {
namespace {

/// A box between 8 voxels, by the offset of its first corner from the point.
struct Cell {
  Index3 offset{};
  double least = 0;  ///< squared distance to the point, in units of distance_mm
};

/// Samples of a cell along one axis.
struct Samples {
  std::vector<double> fraction;                ///< 0 .. 1
  std::vector<std::vector<double>> distance2;  ///< of the cells at each offset, in units of distance_mm squared
  std::vector<double> least;                   ///< of each offset
  std::int64_t first = 0;                      ///< the lowest offset
};

Samples samples_of(double spacing_mm, std::int64_t extent, const GammaOptions& options) {
  Samples samples;
  const std::int64_t parts =
      extent < 2 ? 0 : static_cast<std::int64_t>(std::ceil(spacing_mm * options.steps / options.distance_mm - 1e-9));
  for (std::int64_t n = 0; n <= parts; ++n) {
    samples.fraction.push_back(parts == 0 ? 0.0 : static_cast<double>(n) / static_cast<double>(parts));
  }
  const std::int64_t reach =
      extent < 2 ? 0 : static_cast<std::int64_t>(std::floor(options.cap * options.distance_mm / spacing_mm)) + 1;
  samples.first = -reach;
  for (std::int64_t offset = -reach; offset < std::max<std::int64_t>(reach, 1); ++offset) {
    std::vector<double> distance2;
    for (const double fraction : samples.fraction) {
      const double distance = (static_cast<double>(offset) + fraction) * spacing_mm / options.distance_mm;
      distance2.push_back(distance * distance);
    }
    samples.least.push_back(*std::min_element(distance2.begin(), distance2.end()));
    samples.distance2.push_back(std::move(distance2));
  }
  return samples;
}

class Search {
 public:
  Search(const Volume& reference, const Volume& evaluated, const GammaOptions& options, double maximum)
      : reference_(reference),
        evaluated_(evaluated),
        shape_(reference.grid.shape_ijk),
        scale_(1.0 / (options.dose_difference * maximum)),
        cap2_(options.cap * options.cap),
        low_(evaluated),
        high_(evaluated) {
    const Point3 spacing = reference.grid.spacing_mm();
    for (std::size_t a = 0; a < 3; ++a) samples_[a] = samples_of(spacing[a], shape_[a], options);
    std::int64_t step = 1;
    for (std::size_t a = 0; a < 3; ++a) {
      steps_[a] = shape_[a] < 2 ? 0 : step;
      step *= shape_[a];
    }
    list_cells();
    bound_cells();
  }

  /// Squared gamma, at most cap^2.
  double gamma2(std::int64_t i, std::int64_t j, std::int64_t k) const {
    const double dose = reference_.at(i, j, k), here = (evaluated_.at(i, j, k) - dose) * scale_;
    double best = std::min(cap2_, here * here);
    for (const Cell& cell : cells_) {
      if (cell.least >= best) break;
      const Index3 at{i + cell.offset[0], j + cell.offset[1], k + cell.offset[2]};
      if (!holds(at)) continue;
      const std::size_t first = evaluated_.offset(at[0], at[1], at[2]);
      const double gap = scale_ * std::max({0.0, low_.voxels[first] - dose, dose - high_.voxels[first]});
      if (cell.least + gap * gap < best) best = refine(cell.offset, first, dose, best);
    }
    return best;
  }

 private:
  bool holds(const Index3& at) const {
    for (std::size_t a = 0; a < 3; ++a) {
      if (at[a] < 0 || at[a] > std::max<std::int64_t>(0, shape_[a] - 2)) return false;
    }
    return true;
  }

  void list_cells() {
    const auto offsets = [this](std::size_t a) { return static_cast<std::int64_t>(samples_[a].least.size()); };
    for (std::int64_t k = 0; k < offsets(2); ++k) {
      for (std::int64_t j = 0; j < offsets(1); ++j) {
        for (std::int64_t i = 0; i < offsets(0); ++i) {
          const double least = samples_[0].least[static_cast<std::size_t>(i)] +
                               samples_[1].least[static_cast<std::size_t>(j)] +
                               samples_[2].least[static_cast<std::size_t>(k)];
          if (least >= cap2_) continue;
          cells_.push_back({{i + samples_[0].first, j + samples_[1].first, k + samples_[2].first}, least});
        }
      }
    }
    std::stable_sort(cells_.begin(), cells_.end(), [](const Cell& a, const Cell& b) { return a.least < b.least; });
  }

  /// Turns copies of the dose into the least and the greatest of each cell's corners.
  void bound_cells() {
    for (std::size_t a = 0; a < 3; ++a) {
      if (steps_[a] == 0) continue;
      const std::size_t step = static_cast<std::size_t>(steps_[a]);
      for (std::size_t n = 0; n + step < low_.voxels.size(); ++n) {  // cells at the far border are never asked for
        low_.voxels[n] = std::min(low_.voxels[n], low_.voxels[n + step]);
        high_.voxels[n] = std::max(high_.voxels[n], high_.voxels[n + step]);
      }
    }
  }

  /// The least of `best` and the cell's samples.
  double refine(const Index3& offset, std::size_t first, double dose, double best) const {
    const auto distances = [&](std::size_t a) -> const std::vector<double>& {
      return samples_[a].distance2[static_cast<std::size_t>(offset[a] - samples_[a].first)];
    };
    const std::vector<double>&di = distances(0), &dj = distances(1), &dk = distances(2);
    const double least_i = samples_[0].least[static_cast<std::size_t>(offset[0] - samples_[0].first)];
    const auto corner = [&](std::int64_t i, std::int64_t j, std::int64_t k) {
      const std::int64_t at = static_cast<std::int64_t>(first) + i * steps_[0] + j * steps_[1] + k * steps_[2];
      return (static_cast<double>(evaluated_.voxels[static_cast<std::size_t>(at)]) - dose) * scale_;
    };
    const auto between = [](double a, double b, double t) { return a + t * (b - a); };
    std::array<double, 8> c{};  // i fastest, as the volume
    for (std::size_t n = 0; n < 8; ++n) c[n] = corner(n & 1U, (n >> 1U) & 1U, (n >> 2U) & 1U);
    for (std::size_t z = 0; z < dk.size(); ++z) {
      const double tz = samples_[2].fraction[z];
      const double a0 = between(c[0], c[4], tz), a1 = between(c[1], c[5], tz);
      const double b0 = between(c[2], c[6], tz), b1 = between(c[3], c[7], tz);
      for (std::size_t y = 0; y < dj.size(); ++y) {
        const double ty = samples_[1].fraction[y], e0 = between(a0, b0, ty), e1 = between(a1, b1, ty);
        const double row = dk[z] + dj[y], gap = std::max({0.0, std::min(e0, e1), -std::max(e0, e1)});
        if (row + least_i + gap * gap >= best) continue;
        for (std::size_t x = 0; x < di.size(); ++x) {
          const double difference = between(e0, e1, samples_[0].fraction[x]);
          best = std::min(best, row + di[x] + difference * difference);
        }
      }
    }
    return best;
  }

  const Volume &reference_, &evaluated_;
  Index3 shape_, steps_{};  ///< steps: elements from a voxel to the next; 0 along an axis of one voxel
  double scale_, cap2_;
  Volume low_, high_;
  std::array<Samples, 3> samples_;
  std::vector<Cell> cells_;  ///< nearest first
};

double check_doses(const Volume& reference, const Volume& evaluated, const GammaOptions& options) {
  if (!(options.dose_difference > 0 && options.distance_mm > 0 && options.low_dose_cut >= 0 && options.steps >= 1 &&
        options.cap >= 1)) {
    throw Error("gamma criteria must be above 0, steps and the cap at least 1");
  }
  require_same_grid(evaluated.grid, "the evaluated dose", reference.grid, "the reference");
  if (!reference.grid.is_orthogonal()) throw Error("the axes of the dose grid are not orthogonal");
  double maximum = 0;
  for (const Volume* dose : {&evaluated, &reference}) {
    maximum = 0;
    for (const float v : dose->voxels) {
      if (!std::isfinite(v)) throw Error("a dose has NaN or infinite voxels");
      maximum = std::max(maximum, static_cast<double>(v));
    }
  }
  if (maximum <= 0) throw Error("the reference dose is nowhere above 0");
  return maximum;
}

}  // namespace

GammaOptions gamma_from_text(const std::string& text) {
  const auto number = [&text](std::size_t begin, std::size_t end, const std::string& unit) {
    double value = 0;
    const auto parsed = std::from_chars(text.data() + begin, text.data() + end, value);
    const auto rest = static_cast<std::size_t>(parsed.ptr - text.data());
    const bool whole = parsed.ec == std::errc{} && text.substr(rest, end - rest) == unit;
    return whole && value > 0 && value <= 100 ? value : 0.0;
  };
  const std::size_t slash = std::min(text.find('/'), text.size());
  GammaOptions options;
  options.dose_difference = number(0, slash, "%") / 100.0;
  options.distance_mm = slash < text.size() ? number(slash + 1, text.size(), "mm") : 0.0;
  if (options.dose_difference > 0 && options.distance_mm > 0) return options;
  throw Error(fmt::format("--gamma: '{}' is not PERCENT%/DISTANCEmm, such as 2%/2mm, with numbers above 0 and at most "
                          "100",
                          text),
              Exit::usage);
}

GammaResult gamma_index(const Volume& reference_dose, const Volume& evaluated_dose, const GammaOptions& options) {
  constexpr double rounding = 1e-6;  // of float32 doses: a difference of exactly the criterion passes
  const double maximum = check_doses(reference_dose, evaluated_dose, options);
  const Search search(reference_dose, evaluated_dose, options, maximum);
  const Index3& shape = reference_dose.grid.shape_ijk;
  std::vector<GammaResult> slices(static_cast<std::size_t>(shape[2]));
  parallel_for(shape[2], [&](std::int64_t k) {
    GammaResult& sums = slices[static_cast<std::size_t>(k)];
    for (std::int64_t j = 0; j < shape[1]; ++j) {
      for (std::int64_t i = 0; i < shape[0]; ++i) {
        if (reference_dose.at(i, j, k) < options.low_dose_cut * maximum) continue;
        const double gamma2 = search.gamma2(i, j, k);
        ++sums.points;
        sums.passed += static_cast<std::int64_t>(gamma2 <= 1.0 + rounding);
        sums.mean += std::sqrt(gamma2);
      }
    }
  });
  GammaResult result;
  for (const GammaResult& sums : slices) {
    result.points += sums.points;
    result.passed += sums.passed;
    result.mean += sums.mean;
  }
  result.mean /= static_cast<double>(result.points);
  result.pass_rate = static_cast<double>(result.passed) / static_cast<double>(result.points);
  return result;
}

}  // namespace gdm::metrics
