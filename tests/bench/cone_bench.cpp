// Cone-beam projectors and FDK at the sizes of the project's budgets; tests/bench/cone_peers.py runs others beside it.
//   cone-bench [SIZE [DETECTOR [VIEWS]]]     default: 256 384 60
// Prints back-projection in GUPS (voxels x views / s / 1e9), forward projection in Gsample/s (planes x rays / s / 1e9)
// and FDK in seconds, filtering included, reading and writing not. Where other work shares the machine, seconds of the
// processor (all threads) tell more than those of the clock.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#include "best_of.hpp"
#include "ct/cone_projector.hpp"
#include "ct/fdk.hpp"
#include "sys/parallel.hpp"

using namespace gdm;

namespace {

using gdm_bench::Seconds;

void print(const char* what, const Seconds& seconds, double work, const char* unit) {
  fmt::print("  {:<16} {:6.2f} s, {:5.2f} {}; {:6.2f} s of the processor, {:5.2f} {}\n", what, seconds.clock,
             work / seconds.clock / 1e9, unit, seconds.processor, work / seconds.processor / 1e9, unit);
  std::fflush(stdout);
}

ct::Geometry scan_of(std::int64_t detector, int views) {
  ct::Geometry g;
  g.kind = ct::ScanKind::cone;
  g.source_to_isocenter_mm = 1000;
  g.source_to_detector_mm = 1500;
  g.detector_columns = g.detector_rows = detector;
  g.column_spacing_mm = g.row_spacing_mm = 256.0 * 1.5 / static_cast<double>(detector);
  for (int n = 0; n < views; ++n) g.angles_deg.push_back(360.0 * n / views);
  return g;
}

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t size = argc > 1 ? std::atoll(argv[1]) : 256, detector = argc > 2 ? std::atoll(argv[2]) : 384;
  const int views = argc > 3 ? std::atoi(argv[3]) : 60;
  const double edge_mm = 256.0 / static_cast<double>(size);
  const Grid grid = Grid::centred({size, size, size}, {edge_mm, edge_mm, edge_mm});
  const ct::Geometry scan = scan_of(detector, views);
  const ct::ConeProjector projector(scan, grid);
  Volume volume(grid, 0.02F);
  std::vector<float> rays(static_cast<std::size_t>(projector.ray_count()), 1.0F);
  const double samples = static_cast<double>(size) * static_cast<double>(projector.ray_count());
  const double updates = static_cast<double>(grid.voxels()) * views;
  const int cores = available_cpus();
  for (const int threads : {1, std::min(2, cores)}) {
    set_thread_count(threads);
    fmt::print("{} thread{}, {}^3 voxels, {} x {} detector, {} views\n", threads, threads == 1 ? "" : "s", size,
               detector, detector, views);
    print("forward", gdm_bench::best_of(3, [&] { projector.forward(volume.voxels.data(), rays.data()); }), samples,
          "Gsample/s");
    print("transpose", gdm_bench::best_of(3, [&] { projector.adjoint(rays.data(), volume.voxels.data()); }), samples,
          "Gsample/s");
    ct::FdkTimes times;
    print("fdk", gdm_bench::best_of(3, [&] { volume = ct::fdk(scan, rays.data(), grid, ct::FdkOptions(), &times); }),
          updates, "GUPS");
    fmt::print("  back-projection alone {:.2f} s, {:.2f} GUPS\n", times.back_projection_s,
               updates / times.back_projection_s / 1e9);
  }
  return 0;
}
