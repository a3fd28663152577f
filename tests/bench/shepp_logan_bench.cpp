// How far weighted total variation is ahead of FDK on the head of Shepp and Logan from few views of a cone (goal: 5 dB
// at 30 views, 128^3). Line integrals are closed forms without noise, so the projector of the reconstruction is not
// that of the data.
//   shepp-logan-bench [SIZE [VIEWS [ITERATIONS [STRENGTH_MM]]]]     default: 128 30 100 0.3
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "../unit/ct_scans.hpp"
#include "best_of.hpp"
#include "ct/cone_projector.hpp"
#include "ct/fdk.hpp"
#include "ct/iterative.hpp"

using namespace gdm;

namespace {

constexpr double unit_per_mm = 0.02;  // of the phantom's 1

void print(const char* name, const Volume& found, const Volume& truth, double seconds) {
  double squares = 0;
  for (std::size_t n = 0; n < found.voxels.size(); ++n) {
    squares += std::pow((found.voxels[n] - truth.voxels[n]) / unit_per_mm, 2);
  }
  fmt::print("{:<24} PSNR {:5.2f} dB; {:.1f} s of the processor\n", name,
             -10 * std::log10(squares / static_cast<double>(found.voxels.size())), seconds);
}

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t size = argc > 1 ? std::atoll(argv[1]) : 128, detector = size * 3 / 2;
  const int views = argc > 2 ? std::atoi(argv[2]) : 30;
  const double edge_mm = 128.0 / static_cast<double>(size);
  const Grid grid = Grid::centred({size, size, size}, {edge_mm, edge_mm, edge_mm});
  const ct::Geometry scan = ct::scan_of(ct::ScanKind::cone, detector, detector, edge_mm, views);
  auto head = ct::shepp_logan();
  for (ct::Ellipsoid& part : head) part.value *= unit_per_mm;
  const Volume truth = ct::drawn(grid, head, 3);
  const ct::ConeProjector projector(scan, grid);
  const auto rays = ct::integrals(projector.scan(), head);

  Volume found;
  ct::FdkOptions fdk;
  for (const ct::Window window : {ct::Window::ram_lak, ct::Window::shepp_logan, ct::Window::hann}) {
    fdk.window = window;
    const auto spent = gdm_bench::best_of(1, [&] { found = ct::fdk(scan, rays.data(), grid, fdk); });
    print(fmt::format("fdk, {}", name_of(window)).c_str(), found, truth, spent.processor);
  }
  ct::IterativeOptions options;
  options.method = ct::Method::tv;
  options.across_slices = true;
  options.iterations = argc > 3 ? std::atoll(argv[3]) : 100;
  options.strength_mm = argc > 4 ? std::atof(argv[4]) : 0.3;
  const auto spent =
      gdm_bench::best_of(1, [&] { found = ct::reconstruct(projector, rays.data(), nullptr, options, &found).volume; });
  print(fmt::format("tv, {} iterations", options.iterations).c_str(), found, truth, spent.processor);
}
