// Times the parallel-beam projector, its adjoint and iterations of each method on a volume like those of ct-hn and
// prints one JSON object. ct_peers.py runs this program and ASTRA's CPU code at the same sizes.
// Usage: ct-bench [FOLDER [THREADS [NI NJ NK VIEWS]]]: the phantom is left in FOLDER ("" for none) as float32.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>

#include "best_of.hpp"
#include "ct/iterative.hpp"
#include "ct/parallel_projector.hpp"
#include "sys/parallel.hpp"

namespace {

using namespace gdm;

/// A head of ellipses: skull, brain, some holes.
Volume head(const Grid& grid) {
  Volume volume(grid, 0.0F);
  const auto part = [](std::int64_t n, std::int64_t size) {
    return 2.0 * (static_cast<double>(n) + 0.5) / static_cast<double>(size) - 1.0;
  };
  for (std::int64_t k = 0; k < grid.shape_ijk[2]; ++k) {
    for (std::int64_t j = 0; j < grid.shape_ijk[1]; ++j) {
      for (std::int64_t i = 0; i < grid.shape_ijk[0]; ++i) {
        const double x = part(i, grid.shape_ijk[0]), y = part(j, grid.shape_ijk[1]), z = part(k, grid.shape_ijk[2]);
        const double r = std::hypot(x / 0.8, y / 0.9), hole = std::hypot(x - 0.3 * z, y + 0.2);
        volume.at(i, j, k) = r > 1 ? 0.0F : r > 0.9 ? 0.035F : hole < 0.15 ? 0.005F : 0.02F;
      }
    }
  }
  return volume;
}

/// Best of `times` runs.
Volume time_it(const std::string& name, int times, const std::function<Volume()>& work) {
  Volume made;
  const gdm_bench::Seconds best = gdm_bench::best_of(times, [&] { made = work(); });
  fmt::print(",\n \"{}\": {{\"wall_s\": {:.5f}, \"cpu_s\": {:.5f}}}", name, best.clock, best.processor);
  return made;
}

void write_floats(const std::string& path, const float* values, std::size_t count) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(values), static_cast<std::streamsize>(count * sizeof(float)));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "";
  set_thread_count(argc > 2 ? std::atoi(argv[2]) : 2);
  const auto number = [&](int n, std::int64_t otherwise) { return argc > n ? std::atoll(argv[n]) : otherwise; };
  const Index3 shape{number(3, 128), number(4, 128), number(5, 90)};
  const Volume volume = head(Grid::centred(shape, {4.0, 4.0, 3.0}));
  const ct::ParallelScan scan = ct::default_scan(volume.grid, number(6, 24));
  const ct::ParallelProjector projector(volume.grid, scan);
  fmt::print("{{\"shape\": [{}, {}, {}], \"views\": {}, \"detectors\": {}, \"threads\": {}", shape[0], shape[1],
             shape[2], scan.views, scan.detectors, thread_count());
  ct::Sinogram noisy = ct::project(volume, scan);
  if (!folder.empty()) {
    write_floats(folder + "/volume.f32", volume.voxels.data(), volume.voxels.size());
    write_floats(folder + "/rays.f32", noisy.line_integrals.data(), noisy.line_integrals.size());
  }
  std::vector<float> rays(noisy.line_integrals.size());
  time_it("forward", 5, [&] { return projector.forward(volume.voxels.data(), rays.data()), Volume(); });
  time_it("adjoint", 5, [&] {
    Volume back(volume.grid, 0.0F);
    projector.adjoint(rays.data(), back.voxels.data());
    return back;
  });
  ct::add_poisson_noise(noisy, 1e5, 1);
  const std::vector<float> weights =
      ct::weights_from_counts(noisy.line_integrals.data(), static_cast<std::int64_t>(noisy.line_integrals.size()));
  for (const auto& [method, iterations] : {std::pair("sirt", 20), {"cgls", 20}, {"os-sart", 20}, {"tv", 60}}) {
    ct::IterativeOptions options;
    options.method = value_named<ct::Method>(method);
    options.iterations = iterations;
    options.strength_mm = 0.005;
    time_it(fmt::format("{} x {}", method, iterations), 2, [&, weighted = options.method == ct::Method::tv] {
      return ct::reconstruct(projector, noisy.line_integrals.data(), weighted ? weights.data() : nullptr, options)
          .volume;
    });
    if (options.method != ct::Method::tv) continue;
    options.across_slices = true;
    time_it("tv across slices x 60", 1,
            [&] { return ct::reconstruct(projector, noisy.line_integrals.data(), weights.data(), options).volume; });
  }
  fmt::print("}}\n");
}
