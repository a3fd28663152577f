#include "grade/bank_distances.hpp"

#include <Eigen/Core>
#include <algorithm>

#include "engine/engine.hpp"
#include "image/mask.hpp"
#include "metrics/distribution.hpp"
#include "metrics/kernel_distance.hpp"

namespace gdm::grade {
namespace {

using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
constexpr std::int64_t most_rows = 2048;  // of a key in the kernel distance, whose cost grows with their square
constexpr float least_deviation = 1e-6F;

Eigen::Map<const Rows> rows_of(const metrics::FeatureMatrix& matrix) {
  return {matrix.values.data(), matrix.rows(), matrix.dims};
}

/// Both on the scale of the bank's entries.
struct Standard {
  Eigen::RowVectorXf mean, deviation;

  explicit Standard(const metrics::FeatureMatrix& entries) : mean(rows_of(entries).colwise().mean()) {
    const Rows centred = rows_of(entries).rowwise() - mean;
    deviation = (centred.array().square().colwise().mean().sqrt()).max(least_deviation).matrix();
  }
  metrics::FeatureMatrix apply(const metrics::FeatureMatrix& matrix) const {
    metrics::FeatureMatrix out = matrix;
    Eigen::Map<Rows> rows(out.values.data(), out.rows(), out.dims);
    rows = ((rows.rowwise() - mean).array().rowwise() / deviation.array()).matrix();
    return out;
  }
};

metrics::FeatureMoments moments_of(const metrics::FeatureMatrix& matrix) {
  metrics::FeatureMoments moments;
  moments.add(matrix.values.data(), matrix.rows(), matrix.dims);
  return moments;
}

/// Mean over the keys of a level that have enough rows; none if no key has.
class Mean {
 public:
  void add(double value) {
    sum_ += value;
    ++count_;
  }
  std::optional<double> value() const {
    return count_ > 0 ? std::optional<double>(sum_ / static_cast<double>(count_)) : std::nullopt;
  }

 private:
  double sum_ = 0;
  int count_ = 0;
};

}  // namespace

BankComparison::BankComparison(const fs::path& path, std::size_t sets, const engine::Compute& compute)
    : bank_(engine::services().open_bank(path, compute)), sets_(sets) {
  result_.name = path.stem().string();
  result_.digest = bank_->digest();
}

BankComparison::Features BankComparison::features(const Case& item, const Volume& volume, const Mask& mask) {
  const Volume masked = with_outside(volume, mask);
  engine::BankSubject subject;
  subject.id = item.id;
  subject.ct_hu = &masked;
  subject.mask = &mask;
  subject.patches = bank_->description().at("build").at("patches_per_case").get<std::int64_t>();
  return bank_->features(subject);
}

void BankComparison::add(std::size_t set, const Features& features) {
  for (const auto& [key, matrix] : features) {
    metrics::FeatureMatrix& all = sets_[set][key];
    all.dims = matrix.dims;
    all.values.insert(all.values.end(), matrix.values.begin(), matrix.values.end());
  }
}

LevelDistances BankComparison::level_distances(const std::string& level) {
  LevelDistances out;
  out.level = level;
  std::vector<Mean> frechet(sets_.size()), kernel(sets_.size());
  for (const auto& [key, unused] : bank_->description().at("keys").items()) {
    if (key.compare(0, key.find('.'), level) != 0) continue;
    const metrics::FeatureMatrix all = bank_->entries(key, 2 * most_rows);
    if (all.rows() < 2) continue;
    const Standard standard(all);
    const metrics::FeatureMatrix real = standard.apply(all);
    const metrics::FeatureMoments moments = moments_of(real);
    out.dims = std::max(out.dims, real.dims);
    out.patches = std::max(out.patches, real.rows());
    for (std::size_t s = 0; s < sets_.size(); ++s) {
      const auto found = sets_[s].find(key);
      if (found == sets_[s].end() || found->second.rows() < 2) continue;
      const metrics::FeatureMatrix mine = standard.apply(found->second);
      frechet[s].add(metrics::frechet_distance(moments_of(mine), moments) / static_cast<double>(mine.dims));
      kernel[s].add(metrics::kernel_distance(metrics::some_rows(mine, most_rows, 0, 0),
                                             metrics::some_rows(real, most_rows, 0, 1)));
    }
  }
  out.patches_found = out.patches;
  for (std::size_t s = 0; s < sets_.size(); ++s) {
    MethodDistances distances;
    distances.frechet = frechet[s].value();
    distances.kernel = kernel[s].value();
    out.methods.push_back(distances);
  }
  return out;
}

BankDistances BankComparison::distances() {
  for (const char* level : {"upright", "global", "local", "spatial"}) result_.levels.push_back(level_distances(level));
  return result_;
}

}  // namespace gdm::grade
