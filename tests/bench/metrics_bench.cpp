// Times SSIM, MS-SSIM and surface distances (and ITK's distance maps beside the latter) and prints one JSON object.
// metrics_bench.py runs this program and the Python equivalents on the same volumes, which it leaves in the folder that
// is its argument. Usage: bench-metrics FOLDER [THREADS]
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>
#include <string>

#include "best_of.hpp"
#include "metrics/segmentation.hpp"
#include "metrics/ssim.hpp"
#include "metrics/surface.hpp"
#include "sys/parallel.hpp"
#ifdef GDM_BENCH_ITK
#include <itkImage.h>
#include <itkMultiThreaderBase.h>
#include <itkSignedMaurerDistanceMapImageFilter.h>
#endif

namespace {

using namespace gdm;
using namespace gdm::metrics;

/// Best of five. Processor time is what can be compared where other work shares the machine.
void time_it(const std::string& name, const std::function<double()>& work) {
  double value = 0;
  const gdm_bench::Seconds best = gdm_bench::best_of(5, [&] { value = work(); });
  fmt::print("  \"{}\": {{\"wall_s\": {:.4f}, \"cpu_s\": {:.4f}, \"value\": {}}},\n", name, best.clock, best.processor,
             value);
}

/// From -1 to 1 along each axis.
std::array<double, 3> place(const Index3& extent, const Index3& voxel) {
  std::array<double, 3> xyz{};
  for (std::size_t a = 0; a < 3; ++a) {
    xyz[a] = 2.0 * static_cast<double>(voxel[a]) / static_cast<double>(extent[a]) - 1.0;
  }
  return xyz;
}

/// A head-like body with texture; the prediction differs by smooth and by fine errors.
void fill(Volume& target, Volume& prediction, Mask& mask) {
  const Index3& n = target.grid.shape_ijk;
  for (std::int64_t k = 0; k < n[2]; ++k) {
    for (std::int64_t j = 0; j < n[1]; ++j) {
      for (std::int64_t i = 0; i < n[0]; ++i) {
        const auto [x, y, z] = place(n, {i, j, k});
        const double r = std::sqrt(x * x + y * y + 0.5 * z * z);
        const float noise = static_cast<float>((i * 1299 + j * 7919 + k * 10473) % 101 - 50);
        const float tissue = r > 0.85 ? -1000.0F : r > 0.7 ? 900.0F : 40.0F;
        target.at(i, j, k) = tissue + 0.3F * noise;
        prediction.at(i, j, k) = tissue * 0.95F + 20.0F * static_cast<float>(std::sin(9 * x) * std::cos(7 * y)) - noise;
        mask.at(i, j, k) = r < 0.95 ? 1 : 0;
      }
    }
  }
}

/// An ellipsoid with a wavy surface.
Mask wavy(const Grid& grid, double phase) {
  Mask mask(grid, 0);
  const Index3& n = grid.shape_ijk;
  for (std::int64_t k = 0; k < n[2]; ++k) {
    for (std::int64_t j = 0; j < n[1]; ++j) {
      for (std::int64_t i = 0; i < n[0]; ++i) {
        const auto [x, y, z] = place(n, {i, j, k});
        const double r2 = x * x + y * y + z * z;
        mask.at(i, j, k) = r2 < 0.8 + 0.1 * std::sin(11 * x + phase) * std::sin(13 * y) && r2 > 0.3 ? 1 : 0;
      }
    }
  }
  return mask;
}

template <class T>
void save(const std::string& path, const Image<T>& image) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(image.voxels.data()),
             static_cast<std::streamsize>(image.voxels.size() * sizeof(T)));
}

#ifdef GDM_BENCH_ITK
/// Largest distance from the surface voxels of `from`, by ITK's exact distance map of `to`.
double itk_directed_mm(const Mask& from, const Mask& to, int threads) {
  using Bytes = itk::Image<unsigned char, 3>;
  using Floats = itk::Image<float, 3>;
  const auto image = Bytes::New();
  Bytes::SizeType size;
  Bytes::SpacingType spacing;
  for (unsigned a = 0; a < 3; ++a) {
    size[a] = static_cast<Bytes::SizeValueType>(to.grid.shape_ijk[a]);
    spacing[a] = to.grid.spacing_mm()[a];
  }
  image->SetRegions(Bytes::RegionType(size));
  image->SetSpacing(spacing);
  image->Allocate();
  std::copy(to.voxels.begin(), to.voxels.end(), image->GetBufferPointer());
  const auto filter = itk::SignedMaurerDistanceMapImageFilter<Bytes, Floats>::New();
  filter->SetInput(image);
  filter->SetUseImageSpacing(true);
  filter->SetSquaredDistance(false);
  filter->SetNumberOfWorkUnits(static_cast<itk::ThreadIdType>(threads));
  filter->Update();
  const float* distances = filter->GetOutput()->GetBufferPointer();
  double largest = 0;
  for (std::size_t n = 0; n < from.voxels.size(); ++n) {
    if (from.voxels[n] != 0) largest = std::max(largest, static_cast<double>(distances[n]));
  }
  return largest;
}
#endif

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: bench-metrics FOLDER [THREADS]\n", stderr);
    return 2;
  }
  const std::string folder = argv[1];
  const int threads = argc > 2 ? std::stoi(argv[2]) : available_cpus();
  set_thread_count(threads);
  const Grid grid = Grid::centred({256, 256, 128}, {1, 1, 2});
  Volume target(grid, 0), prediction(grid, 0);
  Mask mask(grid, 0);
  fill(target, prediction, mask);
  const Mask a = wavy(Grid::centred({256, 256, 256}, {1, 1, 1.5}), 0.0), b = wavy(a.grid, 0.7);
  save(folder + "/target.f32", target);
  save(folder + "/prediction.f32", prediction);
  save(folder + "/mask.u8", mask);
  save(folder + "/a.u8", a);
  save(folder + "/b.u8", b);
  fmt::print("{{\n  \"threads\": {},\n", threads);
  time_it("ssim", [&] { return *ssim_synthrad2023(prediction, target, mask, {}); });
  time_it("ms_ssim", [&] { return *ms_ssim_synthrad2025(prediction, target, mask, {}, false).masked; });
  time_it("ssim_plain", [&] { return *ssim_plain(prediction, target, mask, {}); });
  time_it("hd95", [&] { return surface_distances(a, b)->hd95_mm; });
#ifdef GDM_BENCH_ITK
  itk::MultiThreaderBase::SetGlobalMaximumNumberOfThreads(static_cast<itk::ThreadIdType>(threads));
  time_it("itk_maps", [&] { return std::max(itk_directed_mm(a, b, threads), itk_directed_mm(b, a, threads)); });
#endif
  fmt::print("  \"end\": 0\n}}\n");
  return 0;
}
