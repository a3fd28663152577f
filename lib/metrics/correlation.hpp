// Pearson's correlation, gathered slice by slice.
#pragma once

#include <cstdint>
#include <optional>

namespace gdm::metrics {

/// Moments of pairs of values, added one by one (Welford, Technometrics 4, 1962) and merged (Chan, Golub & LeVeque,
/// Technical Report STAN-CS-79-773, 1979).
class PairMoments {
 public:
  void add(double x, double y);
  void merge(const PairMoments& other);
  std::int64_t count() const { return count_; }
  /// Between -1 and 1; none for fewer than two pairs or where one of the values does not vary.
  std::optional<double> correlation() const;

 private:
  std::int64_t count_ = 0;
  double mean_x_ = 0, mean_y_ = 0, xx_ = 0, yy_ = 0, xy_ = 0;  ///< centred sums
};

}  // namespace gdm::metrics
