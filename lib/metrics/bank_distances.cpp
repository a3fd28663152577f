#include "metrics/bank_distances.hpp"

#include <Eigen/Dense>
#include <algorithm>

#include "metrics/distribution.hpp"

namespace gdm::metrics {
namespace {

using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
constexpr std::int64_t most_rows = 2048;  // of a key in the kernel distance, whose cost grows with their square
constexpr float least_deviation = 1e-6F;

Eigen::Map<const Rows> rows_of(const net::FeatureMatrix& matrix) {
  return {matrix.values.data(), matrix.rows(), matrix.dims};
}

/// Both on the scale of the bank's entries.
struct Standard {
  Eigen::RowVectorXf mean, deviation;

  explicit Standard(const net::FeatureMatrix& entries) : mean(rows_of(entries).colwise().mean()) {
    const Rows centred = rows_of(entries).rowwise() - mean;
    deviation = (centred.array().square().colwise().mean().sqrt()).max(least_deviation).matrix();
  }
  net::FeatureMatrix apply(const net::FeatureMatrix& matrix) const {
    net::FeatureMatrix out = matrix;
    Eigen::Map<Rows> rows(out.values.data(), out.rows(), out.dims);
    rows = ((rows.rowwise() - mean).array().rowwise() / deviation.array()).matrix();
    return out;
  }
};

FeatureMoments moments_of(const net::FeatureMatrix& matrix) {
  FeatureMoments moments;
  moments.add(matrix.values.data(), matrix.rows(), matrix.dims);
  return moments;
}

net::FeatureMatrix first_rows(const net::FeatureMatrix& matrix) {
  const std::int64_t step = std::max<std::int64_t>(1, (matrix.rows() + most_rows - 1) / most_rows);
  if (step == 1) return matrix;
  net::FeatureMatrix out{matrix.dims, {}};
  for (std::int64_t r = 0; r < matrix.rows(); r += step) {
    const auto from = matrix.values.begin() + r * matrix.dims;
    out.values.insert(out.values.end(), from, from + matrix.dims);
  }
  return out;
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

BankComparison::BankComparison(const fs::path& path, std::size_t sets, const net::Compute& compute)
    : bank_(net::network().open_bank(path, compute)), sets_(sets) {
  result_.name = path.stem().string();
  result_.digest = bank_->digest();
}

BankComparison::Features BankComparison::features(const Case& item, const Volume& volume, const Mask& mask) {
  net::BankSubject subject;
  subject.id = item.id;
  subject.ct_hu = &volume;
  subject.mask = &mask;
  subject.windows = bank_->description().at("build").at("windows_per_case").get<std::int64_t>();
  return bank_->features(subject);
}

void BankComparison::add(std::size_t set, const Features& features) {
  for (const auto& [key, matrix] : features) {
    net::FeatureMatrix& all = sets_[set][key];
    all.dims = matrix.dims;
    all.values.insert(all.values.end(), matrix.values.begin(), matrix.values.end());
  }
}

BankDistances BankComparison::distances() {
  for (const char* level : {"upright", "global", "local", "spatial"}) {
    std::vector<Mean> frechet(sets_.size()), kernel(sets_.size());
    for (const auto& [key, unused] : bank_->description().at("keys").items()) {
      if (key.compare(0, key.find('.'), level) != 0) continue;
      const net::FeatureMatrix all = bank_->entries(key, 2 * most_rows);
      const Standard standard(all);
      const net::FeatureMatrix real = standard.apply(all);
      if (real.rows() < 2) continue;
      const FeatureMoments moments = moments_of(real);
      for (std::size_t s = 0; s < sets_.size(); ++s) {
        const auto found = sets_[s].find(key);
        if (found == sets_[s].end() || found->second.rows() < 2) continue;
        const net::FeatureMatrix mine = standard.apply(found->second);
        frechet[s].add(frechet_distance(moments_of(mine), moments) / static_cast<double>(mine.dims));
        const net::FeatureMatrix a = first_rows(mine), b = first_rows(real);
        kernel[s].add(kernel_distance(a.values.data(), a.rows(), b.values.data(), b.rows(), a.dims));
      }
    }
    BankDistances::Level out{level, {}, {}};
    for (std::size_t s = 0; s < sets_.size(); ++s) {
      out.frechet.push_back(frechet[s].value());
      out.kernel.push_back(kernel[s].value());
    }
    result_.levels.push_back(std::move(out));
  }
  return result_;
}

}  // namespace gdm::metrics
