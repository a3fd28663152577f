// Pearson's correlation by Welford's updates, which never subtract two large sums.
#include "metrics/correlation.hpp"

#include <algorithm>
#include <cmath>

namespace gdm::metrics {

void PairMoments::add(double x, double y) {
  ++count_;
  const double n = static_cast<double>(count_), dx = x - mean_x_, dy = y - mean_y_;
  mean_x_ += dx / n;
  mean_y_ += dy / n;
  xx_ += dx * (x - mean_x_);
  yy_ += dy * (y - mean_y_);
  xy_ += dx * (y - mean_y_);
}

void PairMoments::merge(const PairMoments& other) {
  if (other.count_ == 0) return;
  const double n = static_cast<double>(count_), m = static_cast<double>(other.count_), total = n + m;
  const double dx = other.mean_x_ - mean_x_, dy = other.mean_y_ - mean_y_;
  xx_ += other.xx_ + dx * dx * n * m / total;
  yy_ += other.yy_ + dy * dy * n * m / total;
  xy_ += other.xy_ + dx * dy * n * m / total;
  mean_x_ += dx * m / total;
  mean_y_ += dy * m / total;
  count_ += other.count_;
}

std::optional<double> PairMoments::correlation() const {
  if (count_ < 2 || !(xx_ > 0) || !(yy_ > 0)) return std::nullopt;
  return std::clamp(xy_ / (std::sqrt(xx_) * std::sqrt(yy_)), -1.0, 1.0);
}

}  // namespace gdm::metrics
