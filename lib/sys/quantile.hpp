// Order statistics: the one quantile and the one median.
#pragma once

#include <vector>

namespace gdm {

/// Quantile 0 <= q <= 1 of rising values by linear interpolation between order statistics (Hyndman & Fan, 1996, type 7,
/// as numpy.quantile); NaN if there are none.
double quantile_of_sorted(const std::vector<double>& rising, double q);

/// Of values in any order; the mean of the middle two if their number is even, NaN if there are none.
double median_of(std::vector<double> values);

}  // namespace gdm
