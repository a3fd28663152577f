// Cone-beam projectors and FDK at the sizes of the project's budgets; tests/bench/cone_peers.py runs RTK beside it and
// tests/bench/plastimatch_oracle.py plastimatch.
//   cone-bench [SIZE [DETECTOR [VIEWS [RUNS [FOLDER [ITERATIONS]]]]]]     default: 256 384 60 3 "" 0
// Prints back-projection in GUPS (voxels x views / s / 1e9), forward projection in Gsample/s (planes x rays / s / 1e9)
// and FDK in seconds, filtering included, reading and writing not, the best of RUNS runs; and the most memory that the
// process held, beside what goes in and out. Where other work shares the machine, seconds of the processor (all
// threads) tell more than those of the clock. The phantom, its line integrals and its FDK are left in FOLDER as
// float32. With ITERATIONS the phantom is found again from its line integrals by so many of conjugate gradients and of
// total variation in three dimensions, once each, with the error that is left.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "best_of.hpp"
#include "ct/cone_projector.hpp"
#include "ct/fdk.hpp"
#include "ct/iterative.hpp"
#include "peak_memory.hpp"
#include "sys/parallel.hpp"

using namespace gdm;

namespace {

struct Row {
  const char *what, *unit;
  double work;  ///< samples or updates
  double in_and_out_mb;
};

void time_it(const Row& row, int runs, const std::function<void()>& work) {
  gdm_bench::forget_peak();
  const gdm_bench::Seconds seconds = gdm_bench::best_of(runs, work);
  fmt::print("  {:<16} {:6.2f} s, {:5.2f} {}; {:6.2f} s of the processor, {:5.2f} {}; {:.0f} MB ({:.0f} in and out)\n",
             row.what, seconds.clock, row.work / seconds.clock / 1e9, row.unit, seconds.processor,
             row.work / seconds.processor / 1e9, row.unit, gdm_bench::peak_mb(), row.in_and_out_mb);
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

/// A head that no turn and no flip maps onto itself, attenuation per mm. Its edges are soft, so that rays through
/// voxels and rays between their centres have the same integrals.
Volume phantom(const Grid& grid) {
  struct Part {
    double value, x, y, z, rx, ry, rz;
  };
  static constexpr Part parts[] = {{.02, 0, 0, 0, .66, .8, .74},
                                   {.018, .3, .25, .2, .2, .15, .3},
                                   {-.015, -.3, .1, 0, .15, .35, .3},
                                   {.01, .1, -.4, -.3, .3, .12, .2},
                                   {.02, -.25, -.45, .3, .1, .1, .1}};
  Volume volume(grid, 0.0F);
  constexpr double softness = 2;  // 1 / part of the radius over which an edge rises
  const double half = 0.5 * static_cast<double>(grid.shape_ijk[0]);
  const auto part_of = [&](std::int64_t n) { return (static_cast<double>(n) + 0.5) / half - 1.0; };
  parallel_for(grid.shape_ijk[2], [&](std::int64_t k) {
    for (std::int64_t j = 0; j < grid.shape_ijk[1]; ++j) {
      for (std::int64_t i = 0; i < grid.shape_ijk[0]; ++i) {
        for (const Part& p : parts) {
          const double x = (part_of(i) - p.x) / p.rx, y = (part_of(j) - p.y) / p.ry, z = (part_of(k) - p.z) / p.rz;
          const double depth = std::clamp((1 - std::sqrt(x * x + y * y + z * z)) * softness, 0.0, 1.0);
          volume.at(i, j, k) += static_cast<float>(p.value * depth * depth * (3 - 2 * depth));
        }
      }
    }
  });
  return volume;
}

template <class Values>
void leave(const std::string& folder, const char* name, const Values& values) {
  if (folder.empty()) return;
  std::ofstream(folder + "/" + name, std::ios::binary)
      .write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
}

void time_all(const ct::Geometry& scan, const Grid& grid, int runs, const std::string& folder) {
  const ct::ConeProjector projector(scan, grid);
  Volume volume = phantom(grid);
  leave(folder, "volume.f32", volume.voxels);
  std::vector<float> rays(static_cast<std::size_t>(projector.ray_count()));
  const double samples = static_cast<double>(grid.shape_ijk[0]) * static_cast<double>(projector.ray_count());
  const double updates = static_cast<double>(grid.voxels()) * static_cast<double>(scan.view_count());
  const double held_mb = static_cast<double>(volume.voxels.size() + rays.size()) * sizeof(float) * 1e-6;
  time_it({"forward", "Gsample/s", samples, held_mb}, runs,
          [&] { projector.forward(volume.voxels.data(), rays.data()); });
  leave(folder, "rays.f32", rays);
  time_it({"transpose", "Gsample/s", samples, held_mb}, runs,
          [&] { projector.adjoint(rays.data(), volume.voxels.data()); });
  ct::FdkOptions options;
  options.window = ct::Window::ram_lak;  // as others have it
  ct::FdkTimes least;
  least.filter_s = least.back_projection_s = 1e30;
  time_it({"fdk", "GUPS", updates, held_mb}, runs, [&] {
    volume = Volume();  // or there are two of them
    ct::FdkTimes times;
    volume = ct::fdk(scan, rays.data(), grid, options, &times);
    least.filter_s = std::min(least.filter_s, times.filter_s);
    least.back_projection_s = std::min(least.back_projection_s, times.back_projection_s);
  });
  fmt::print("  filter alone {:.2f} s; back-projection alone {:.2f} s, {:.2f} GUPS\n", least.filter_s,
             least.back_projection_s, updates / least.back_projection_s / 1e9);
  leave(folder, "fdk.f32", volume.voxels);
}

/// `name` is that of gdm-recon iterative --method.
void time_iterations(const char* name, std::int64_t iterations, const ct::Geometry& scan, const Grid& grid) {
  const ct::ConeProjector projector(scan, grid);
  const Volume truth = phantom(grid);
  std::vector<float> rays(static_cast<std::size_t>(projector.ray_count()));
  projector.forward(truth.voxels.data(), rays.data());
  ct::IterativeOptions options;
  options.method = value_named<ct::Method>(name);
  options.iterations = iterations;
  options.across_slices = true;
  options.strength_mm = 0.05;
  Volume found;
  const gdm_bench::Seconds spent =
      gdm_bench::best_of(1, [&] { found = ct::reconstruct(projector, rays.data(), nullptr, options).volume; });
  double squares = 0;
  for (std::size_t n = 0; n < found.voxels.size(); ++n) squares += std::pow(found.voxels[n] - truth.voxels[n], 2);
  fmt::print("  {} x {}: {:.2f} s, {:.2f} s of the processor, error {:.2f} HU\n", name, iterations, spent.clock,
             spent.processor, std::sqrt(squares / static_cast<double>(found.voxels.size())) / 0.02 * 1000);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t size = argc > 1 ? std::atoll(argv[1]) : 256, detector = argc > 2 ? std::atoll(argv[2]) : 384;
  const int views = argc > 3 ? std::atoi(argv[3]) : 60, runs = argc > 4 ? std::atoi(argv[4]) : 3;
  const std::int64_t iterations = argc > 6 ? std::atoll(argv[6]) : 0;
  const double edge_mm = 256.0 / static_cast<double>(size);
  const Grid grid = Grid::centred({size, size, size}, {edge_mm, edge_mm, edge_mm});
  for (const int threads : {1, std::min(2, available_cpus())}) {
    set_thread_count(threads);
    fmt::print("{} thread{}, {}^3 voxels, {} x {} detector, {} views\n", threads, threads == 1 ? "" : "s", size,
               detector, detector, views);
    time_all(scan_of(detector, views), grid, runs, argc > 5 ? argv[5] : "");
    if (iterations == 0) continue;
    for (const char* method : {"cgls", "tv"}) time_iterations(method, iterations, scan_of(detector, views), grid);
  }
  return 0;
}
