#include "ct/cone_projector.hpp"

#include <algorithm>
#include <optional>

#include "ct/cone_walk.hpp"
#include "sys/error.hpp"

namespace gdm::ct {
namespace {

bool is_steep(const PosedScan& scan, const LineFrame& frame) {
  const Geometry& g = scan.geometry();
  for (std::int64_t view = 0; view < scan.view_count(); ++view) {
    for (std::int64_t u = 0; u < g.detector_columns; ++u) {
      if (column_rays(scan, frame, view, u).steepest(g.detector_rows, frame.spacing_mm()[2]) > 1.0) return true;
    }
  }
  return false;
}

}  // namespace

struct ConeProjector::Columns {
  LineFrame frame;
};

ConeProjector::ConeProjector(const Geometry& geometry, const Grid& grid)
    : grid_(grid), scan_(geometry, centre_of(grid)) {
  if (!grid.is_orthogonal()) throw Error("projections need orthogonal axes, and this grid is sheared");
  const std::optional<LineFrame> frame = frame_along_rows(scan_, grid);
  if (frame && !is_steep(scan_, *frame)) columns_ = std::make_unique<Columns>(Columns{*frame});
}

ConeProjector::~ConeProjector() = default;

bool ConeProjector::is_fast() const {
  return columns_ != nullptr;
}

void ConeProjector::forward(const float* volume, float* rays) const {
  forward_views(0, 1, volume, rays);
}

void ConeProjector::adjoint(const float* rays, float* volume) const {
  adjoint_views(0, 1, rays, volume);
}

void ConeProjector::forward_views(std::int64_t first, std::int64_t step, const float* volume, float* rays) const {
  const ViewChoice views{first, step, view_count()};
  if (columns_) {
    forward_columns(scan_, columns_->frame, views, volume, rays);
  } else {
    forward_rays(scan_, stored_frame(grid_), views, volume, rays);
  }
}

void ConeProjector::adjoint_views(std::int64_t first, std::int64_t step, const float* rays, float* volume) const {
  const ViewChoice views{first, step, view_count()};
  if (columns_) {
    adjoint_columns(scan_, columns_->frame, views, rays, volume);
  } else {
    adjoint_rays(scan_, stored_frame(grid_), views, rays, volume);
  }
}

}  // namespace gdm::ct
