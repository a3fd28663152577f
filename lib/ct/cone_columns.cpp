// Whole detector columns at once. The volume goes through in slabs of eight planes, for the columns that cross it along
// a and then for those along b, with the lines of c side by side. On each plane that a column's rays cross, the two
// lines between which they pass are blended once, and every ray of the column takes its sample from the blend. The
// transpose spreads onto such a line and shares it out between the two. A slab of planes is nobody else's, so the
// transpose is computed slab by slab in parallel without a race.
#include <algorithm>
#include <vector>

#include "ct/cone_slab.hpp"
#include "ct/cone_walk.hpp"
#include "sys/parallel.hpp"

namespace gdm::ct {
namespace {

/// Detector columns of some views, the rows of a column side by side with zeros on both sides.
struct Block {
  std::int64_t columns, rows, stride;
  ViewChoice views;
  std::int64_t first, count;  ///< of the views chosen
  std::vector<ColumnRays> rays;
  Voxels<float> values;

  Block(const PosedScan& scan, const LineFrame& frame, const ViewChoice& chosen, std::int64_t from, std::int64_t n)
      : columns(scan.geometry().detector_columns),
        rows(scan.geometry().detector_rows),
        stride((rows + 2 * rows_margin + eight - 1) / eight * eight),
        views(chosen),
        first(from),
        count(n),
        rays(static_cast<std::size_t>(n * columns)),
        values(static_cast<std::size_t>(n * columns * stride)) {
    parallel_for(count, [&](std::int64_t view) {
      std::fill_n(values.data() + view * columns * stride, columns * stride, 0.0F);
      for (std::int64_t u = 0; u < columns; ++u) {
        rays[static_cast<std::size_t>(view * columns + u)] = column_rays(scan, frame, views.view(first + view), u);
      }
    });
  }
  const ColumnRays& column(std::int64_t view, std::int64_t u) const {
    return rays[static_cast<std::size_t>(view * columns + u)];
  }
  float* rows_of(std::int64_t view, std::int64_t u) {
    return values.data() + (view * columns + u) * stride + rows_margin;
  }
  const float* rows_of(std::int64_t view, std::int64_t u) const {
    return values.data() + (view * columns + u) * stride + rows_margin;
  }
  bool has(bool planes_of_a) const {
    return std::any_of(rays.begin(), rays.end(), [=](const ColumnRays& r) { return r.planes_of_a == planes_of_a; });
  }
  /// Calls body(value, ray's element, its sample length) for each ray of a view.
  template <class Body>
  void for_each_ray(std::int64_t view, Body&& body) {
    const std::int64_t at = views.view(first + view) * columns * rows;
    constexpr std::int64_t together = 16;  // columns, so that the rays of a row are read side by side
    for (std::int64_t u0 = 0; u0 < columns; u0 += together) {
      const std::int64_t end = std::min(columns, u0 + together);
      for (std::int64_t v = 0; v < rows; ++v) {
        for (std::int64_t u = u0; u < end; ++u) {
          body(rows_of(view, u)[v], at + v * columns + u, static_cast<float>(column(view, u).sample_mm(v)));
        }
      }
    }
  }
};

/// Views whose columns are held at a time: about 32 MB of them, the same number in each block.
std::int64_t views_at_once(const PosedScan& scan, std::int64_t views) {
  constexpr std::int64_t floats = std::int64_t{8} << 20;
  const std::int64_t most = std::max<std::int64_t>(4, floats / scan.geometry().rays_per_view());
  const std::int64_t blocks = std::max<std::int64_t>(1, (views + most - 1) / most);
  return (views + blocks - 1) / blocks;
}

/// Calls body(block) for the views chosen, some at a time.
template <class Body>
void for_each_block(const PosedScan& scan, const LineFrame& frame, const ViewChoice& views, Body&& body) {
  const std::int64_t at_once = views_at_once(scan, views.count());
  for (std::int64_t first = 0; first < views.count(); first += at_once) {
    Block block(scan, frame, views, first, std::min(at_once, views.count() - first));
    body(block);
  }
}

/// While the views of the block pass one slab, the next one is loaded: one loop a slab, since its threads have to
/// start.
void forward_block(const LineFrame& frame, const float* volume, bool planes_of_a, Block& block) {
  const Sampler sample = column_sampler();
  Slab slabs[2] = {Slab(frame, planes_of_a), Slab(frame, planes_of_a)};
  const auto load_piece = [&](Slab& slab, std::int64_t piece) {
    for_each_voxel(slab, frame, piece, [&](float& cell, std::int64_t element) { cell = volume[element]; });
  };
  constexpr std::int64_t together = 64;  // columns: small tasks end at about the same time
  const std::int64_t slab_count = slabs[0].count(), pieces = piece_count(frame);
  const std::int64_t tasks_of_view = (block.columns + together - 1) / together;
  parallel_for(pieces, [&](std::int64_t piece) { load_piece(slabs[0], piece); });
  for (std::int64_t n = 0; n < slab_count; ++n) {
    const Slab& slab = slabs[n % 2];
    Slab& next = slabs[(n + 1) % 2];
    next.p0 = (n + 1) * planes_of_slab;
    const std::int64_t to_load = n + 1 < slab_count ? pieces : 0;
    parallel_for(to_load + block.count * tasks_of_view, [&](std::int64_t task) {
      if (task < to_load) return load_piece(next, task);
      const std::int64_t view = (task - to_load) / tasks_of_view, from = (task - to_load) % tasks_of_view * together;
      Lines lines(frame, block.rows);
      for (std::int64_t u = from; u < std::min(block.columns, from + together); ++u) {
        const ColumnRays& rays = block.column(view, u);
        if (rays.planes_of_a == planes_of_a) sample(rays, slab, block.rows, lines, block.rows_of(view, u));
      }
    });
  }
}

/// Adds the block to the volume.
void adjoint_block(const LineFrame& frame, const Block& block, bool planes_of_a, float* volume) {
  const Spreader spread = column_spreader();
  parallel_for(Slab(frame, planes_of_a).count(), [&](std::int64_t n) {
    Slab slab(frame, planes_of_a);
    slab.p0 = n * planes_of_slab;
    for (std::int64_t view = 0; view < block.count; ++view) {
      for (std::int64_t u = 0; u < block.columns; ++u) {
        const ColumnRays& rays = block.column(view, u);
        if (rays.planes_of_a == planes_of_a) spread(rays, block.rows_of(view, u), block.rows, slab);
      }
    }
    for (std::int64_t piece = 0; piece < piece_count(frame); ++piece) {
      for_each_voxel(slab, frame, piece, [&](float& cell, std::int64_t element) { volume[element] += cell; });
    }
  });
}

}  // namespace

void forward_columns(const PosedScan& scan, const LineFrame& frame, const ViewChoice& views, const float* volume,
                     float* rays) {
  for_each_block(scan, frame, views, [&](Block& block) {
    for (const bool planes_of_a : {false, true}) {
      if (block.has(planes_of_a)) forward_block(frame, volume, planes_of_a, block);
    }
    parallel_for(block.count, [&](std::int64_t view) {
      block.for_each_ray(view, [&](float& sum, std::int64_t ray, float sample_mm) { rays[ray] = sum * sample_mm; });
    });
  });
}

void adjoint_columns(const PosedScan& scan, const LineFrame& frame, const ViewChoice& views, const float* rays,
                     float* volume) {
  const Index3& shape = frame.shape();
  std::fill(volume, volume + shape[0] * shape[1] * shape[2], 0.0F);
  for_each_block(scan, frame, views, [&](Block& block) {
    parallel_for(block.count, [&](std::int64_t view) {
      block.for_each_ray(view, [&](float& value, std::int64_t ray, float sample_mm) { value = rays[ray] * sample_mm; });
    });
    for (const bool planes_of_a : {false, true}) {
      if (block.has(planes_of_a)) adjoint_block(frame, block, planes_of_a, volume);
    }
  });
}

}  // namespace gdm::ct
