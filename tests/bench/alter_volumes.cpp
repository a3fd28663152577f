// Worsens the CT targets of a manifest by known steps, for tests/bench/grader_figures.sh. For each step a folder with
// volumes and a manifest in which they are predictions; the name of each folder is a line on stdout.
// Usage: alter-volumes MANIFEST SPLIT FOLDER
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <functional>

#include "image/mask.hpp"
#include "io/manifest.hpp"
#include "io/nifti/nifti.hpp"
#include "sys/random.hpp"

namespace {

using namespace gdm;

struct Step {
  std::string name;
  std::function<Volume(const Volume&)> change;
};

/// The value at (i, j, k), or of the nearest voxel inside.
float nearest(const Volume& volume, std::int64_t i, std::int64_t j, std::int64_t k) {
  const Index3& n = volume.grid.shape_ijk;
  return volume.at(std::clamp<std::int64_t>(i, 0, n[0] - 1), std::clamp<std::int64_t>(j, 0, n[1] - 1),
                   std::clamp<std::int64_t>(k, 0, n[2] - 1));
}

/// A volume whose voxels are what `value` gives for (i, j, k).
Volume made(const Grid& grid, const std::function<double(std::int64_t, std::int64_t, std::int64_t)>& value) {
  Volume out(grid, 0);
  const Index3& n = grid.shape_ijk;
  for (std::int64_t k = 0; k < n[2]; ++k) {
    for (std::int64_t j = 0; j < n[1]; ++j) {
      for (std::int64_t i = 0; i < n[0]; ++i) out.at(i, j, k) = static_cast<float>(value(i, j, k));
    }
  }
  return out;
}

/// Gaussian, standard deviation in voxels; edges are repeated.
Volume blurred(const Volume& volume, double sigma) {
  const auto radius = static_cast<std::int64_t>(std::ceil(3.5 * sigma));
  std::vector<double> weights;
  double sum = 0;
  for (std::int64_t n = -radius; n <= radius; ++n) {
    weights.push_back(std::exp(-0.5 * static_cast<double>(n * n) / (sigma * sigma)));
    sum += weights.back();
  }
  Volume out = volume;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const Volume before = out;
    out = made(volume.grid, [&](std::int64_t i, std::int64_t j, std::int64_t k) {
      double value = 0;
      for (std::int64_t n = -radius; n <= radius; ++n) {
        std::array<std::int64_t, 3> place{i, j, k};
        place[axis] += n;
        value += weights[static_cast<std::size_t>(n + radius)] / sum * nearest(before, place[0], place[1], place[2]);
      }
      return value;
    });
  }
  return out;
}

Volume sharpened(const Volume& volume, double amount) {
  Volume smooth = blurred(volume, 1.0);
  for (std::size_t n = 0; n < smooth.voxels.size(); ++n) {
    const auto value = volume.voxels[n];
    smooth.voxels[n] = std::max(-1024.0F, value + static_cast<float>(amount) * (value - smooth.voxels[n]));
  }
  return smooth;
}

Volume noisy(const Volume& volume, double deviation_hu) {
  Random random(7, volume.voxels.size());
  Volume out = volume;
  for (float& voxel : out.voxels) voxel += static_cast<float>(deviation_hu * random.normal());
  return out;
}

Volume moved(const Volume& volume, double hu) {
  Volume out = volume;
  for (float& voxel : out.voxels) voxel += static_cast<float>(hu);
  return out;
}

/// The 27 values around a voxel.
std::array<float, 27> around(const Volume& volume, std::int64_t i, std::int64_t j, std::int64_t k) {
  std::array<float, 27> values{};
  for (std::int64_t n = 0; n < 27; ++n) {
    values[static_cast<std::size_t>(n)] = nearest(volume, i + n % 3 - 1, j + n / 3 % 3 - 1, k + n / 9 - 1);
  }
  return values;
}

Volume median(const Volume& volume) {
  return made(volume.grid, [&](std::int64_t i, std::int64_t j, std::int64_t k) {
    auto values = around(volume, i, j, k);
    std::nth_element(values.begin(), values.begin() + 13, values.end());
    return values[13];
  });
}

/// A cartoon: edges stay, what differs by less than about `range_hu` becomes flat (bilateral filter, four times).
Volume cartoon(Volume volume, double range_hu) {
  for (int repeat = 0; repeat < 4; ++repeat) {
    volume = made(volume.grid, [&](std::int64_t i, std::int64_t j, std::int64_t k) {
      const double centre = volume.at(i, j, k);
      double sum = 0, weights = 0;
      for (const double value : around(volume, i, j, k)) {
        const double weight = std::exp(-0.5 * (value - centre) * (value - centre) / (range_hu * range_hu));
        sum += weight * value;
        weights += weight;
      }
      return sum / weights;
    });
  }
  return volume;
}

std::vector<Step> steps() {
  std::vector<Step> all;
  const auto add = [&](const char* name, Volume (*change)(const Volume&, double), double amount) {
    all.push_back({fmt::format("{}-{}", name, amount), [=](const Volume& volume) { return change(volume, amount); }});
  };
  for (const double sigma : {0.4, 0.5, 0.7, 1.0}) add("blur", blurred, sigma);
  for (const double amount : {0.5, 1.0, 2.0}) add("sharpen", sharpened, amount);
  for (const double hu : {10.0, 20.0, 40.0}) add("noise", noisy, hu);
  for (const double hu : {10.0, 30.0}) add("level", moved, hu);
  for (const double hu : {15.0, 30.0, 60.0}) {
    all.push_back({fmt::format("cartoon-{}", hu), [=](const Volume& volume) { return cartoon(volume, hu); }});
  }
  all.push_back({"median-3", median});
  return all;
}

void alter(const Manifest& manifest, const std::string& split, const fs::path& folder, const Step& step) {
  Manifest out = manifest;
  out.cases = manifest.split(split);
  fs::create_directories(folder / step.name);
  for (Case& item : out.cases) {
    const Volume target = read_volume(*item.target);
    const Mask mask = item.mask ? read_mask(*item.mask, &target.grid) : body_mask_from_ct(target);
    Volume changed = step.change(target);
    for (std::size_t n = 0; n < changed.voxels.size(); ++n) {
      if (mask.voxels[n] == 0) changed.voxels[n] = target.voxels[n];
    }
    item.prediction = folder / step.name / (item.id + ".nii.gz");
    write_volume(*item.prediction, changed, VoxelType::int16_hu, Overwrite::replace);
  }
  write_manifest(folder / step.name / "manifest.json", out, Overwrite::replace);
  fmt::print("{}\n", step.name);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: alter-volumes MANIFEST SPLIT FOLDER\n", stderr);
    return 2;
  }
  try {
    const Manifest manifest = read_manifest(argv[1]);
    for (const Step& step : steps()) alter(manifest, argv[2], argv[3], step);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "alter-volumes: %s\n", error.what());
    return 1;
  }
}
