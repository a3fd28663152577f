// The two ways in which ConeProjector computes: of use inside ct/ alone.
#pragma once

#include <cstdint>
#include <vector>

#include "ct/line_frame.hpp"

namespace gdm::ct {

/// Views of a scan that are computed: first, first + step, ...
struct ViewChoice {
  std::int64_t first, step, views;
  std::int64_t count() const { return first < views ? (views - first + step - 1) / step : 0; }
  std::int64_t view(std::int64_t n) const { return first + n * step; }
};

/// Detector columns at once, in a frame along the detector's rows. `rays` of the views chosen are overwritten, and
/// `volume`.
void forward_columns(const PosedScan& scan, const LineFrame& frame, const ViewChoice& views, const float* volume,
                     float* rays);
void adjoint_columns(const PosedScan& scan, const LineFrame& frame, const ViewChoice& views, const float* rays,
                     float* volume);

/// Ray by ray, in the frame of the stored grid.
void forward_rays(const PosedScan& scan, const LineFrame& frame, const ViewChoice& views, const float* volume,
                  float* rays);
void adjoint_rays(const PosedScan& scan, const LineFrame& frame, const ViewChoice& views, const float* rays,
                  float* volume);

}  // namespace gdm::ct
