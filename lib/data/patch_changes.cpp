#include "data/patch_changes.hpp"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>

#include "ct/parallel.hpp"
#include "sys/angle.hpp"
#include "sys/error.hpp"
#include "sys/random.hpp"

namespace gdm::data {
namespace {

/// Values of grid_sampler()'s enumerations.
constexpr std::int64_t linear = 0, border = 1;

using Matrix3 = std::array<std::array<double, 3>, 3>;

Matrix3 product(const Matrix3& a, const Matrix3& b) {
  Matrix3 out{};
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 3; ++c) {
      for (std::size_t n = 0; n < 3; ++n) out[r][c] += a[r][n] * b[n][c];
    }
  }
  return out;
}

Matrix3 rotation(std::size_t axis, double angle_deg) {
  const double angle = angle_deg * pi / 180.0;
  const std::size_t a = (axis + 1) % 3, b = (axis + 2) % 3;
  Matrix3 out{};
  out[axis][axis] = 1;
  out[a][a] = out[b][b] = std::cos(angle);
  out[a][b] = -std::sin(angle);
  out[b][a] = std::sin(angle);
  return out;
}

/// From offsets in voxels of the patch to offsets in voxels of the volume.
Matrix3 voxel_matrix(const std::array<double, 3>& spacing_mm, const std::array<double, 3>& angles_deg, double scale) {
  Matrix3 matrix = product(rotation(2, angles_deg[2]), product(rotation(1, angles_deg[1]), rotation(0, angles_deg[0])));
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 3; ++c) matrix[r][c] *= spacing_mm[c] / (spacing_mm[r] * scale);
  }
  return matrix;
}

/// Voxels that are needed beyond each face of the patch.
std::array<std::int64_t, 3> margin_of(const Matrix3& matrix, const model::PatchShape& shape) {
  std::array<double, 3> half{};
  for (std::size_t a = 0; a < 3; ++a) half[a] = 0.5 * static_cast<double>(shape[a] - 1);
  std::array<std::int64_t, 3> margin{};
  for (std::size_t a = 0; a < 3; ++a) {
    double reach = 0;
    for (std::size_t c = 0; c < 3; ++c) reach += std::abs(matrix[a][c]) * half[c];
    margin[a] = static_cast<std::int64_t>(std::ceil(std::max(0.0, reach - half[a]))) + 1;
  }
  return margin;
}

/// Frequency response of the filter, |f| W(f), at f cycles per detector cell: the transform of its impulse response.
double filter_response(const std::vector<float>& kernel, double frequency) {
  double sum = kernel[0];
  for (std::size_t n = 1; n < kernel.size(); ++n) {
    sum += 2.0 * static_cast<double>(kernel[n]) * std::cos(2.0 * pi * frequency * static_cast<double>(n));
  }
  return std::max(0.0, sum);
}

}  // namespace

at::Generator item_generator(std::uint64_t seed, std::int64_t step, std::int64_t place_in_batch) {
  constexpr std::uint64_t other_than_the_samplers = 0x6368616e676573ULL;
  constexpr std::int64_t largest_batch = 1024;
  Random random(seed ^ other_than_the_samplers, static_cast<std::uint64_t>(step * largest_batch + place_in_batch));
  return at::detail::createCPUGenerator(random.bits());
}

PatchChanges::PatchChanges(const std::string& augment, double fresh_noise_hu, const std::string& fbp_filter,
                           const nn::GeneratorConfig& config) {
  const Strength strength = strength_from_name(augment);
  for (std::size_t c = 0; c < config.conditions.size(); ++c) {
    const auto& condition = config.conditions[c];
    if (augment != "none" && condition.scaling == "hu") {
      throw Error("--augment " + augment + ": condition '" + condition.name +
                      "' is a reconstruction, whose streaks would not fit a turned patient; there is --fresh-noise",
                  Exit::usage);
    }
    if (condition.name == "fbp") noise_channels_.push_back(static_cast<std::int64_t>(c));
    intensity_channels_.push_back(static_cast<std::int64_t>(c));
    ranges_.push_back(nn::scaled_range(condition.scaling));
  }
  if (augment != "none") {
    rotation_deg_ = augment == "light" ? 5 : 10;
    scaling_ = augment == "light" ? 0.05 : 0.10;
    intensity_.gain = strength.gain;
    intensity_.gamma = strength.gamma;
    intensity_.bias = strength.bias;
  }
  if (fresh_noise_hu > 0) {
    if (noise_channels_.empty()) throw Error("--fresh-noise needs the condition 'fbp'", Exit::usage);
    noise_ = fresh_noise_hu / config.hu_map.hu_per_unit();
    noise_gain_ = fbp_noise_gain(config.patch[1], config.patch[2], fbp_filter);
  }
}

CutPatch PatchChanges::draw(const Cut& cut, const std::array<std::int64_t, 3>& start_dhw,
                            const model::PatchShape& shape, const std::array<double, 3>& spacing_dhw_mm,
                            at::Generator& generator) const {
  CutPatch patch;
  if (rotation_deg_ > 0) {
    const Tensor draws = torch::rand({5}, generator);
    const auto around_zero = [&](std::int64_t n, double most) { return (2 * draws[n].item<double>() - 1) * most; };
    if (draws[0].item<double>() < 0.5) {
      patch =
          warped_patch(cut, start_dhw, shape, spacing_dhw_mm,
                       {around_zero(1, rotation_deg_), around_zero(2, rotation_deg_), around_zero(3, rotation_deg_)},
                       1 + around_zero(4, scaling_));
    }
  }
  if (!patch.target.defined()) patch = cut(start_dhw, shape);
  if (intensity_.gain > 0) {  // each condition for itself: contrasts of one patient vary apart
    for (const std::int64_t c : intensity_channels_) {
      Tensor channel = patch.conditions.slice(0, c, c + 1);
      const nn::ScaledRange& kept = ranges_[static_cast<std::size_t>(c)];
      channel.copy_(
          random_intensity(channel.unsqueeze(0), intensity_, generator).squeeze(0).clamp(kept.least, kept.most));
    }
  }
  if (noise_ > 0) {
    for (const std::int64_t c : noise_channels_) {
      Tensor channel = patch.conditions[c];
      const nn::ScaledRange& kept = ranges_[static_cast<std::size_t>(c)];
      channel.add_(fbp_noise(shape[0], noise_gain_, generator), noise_).clamp_(kept.least, kept.most);
    }
  }
  return patch;
}

CutPatch warped_patch(const PatchChanges::Cut& cut, const std::array<std::int64_t, 3>& start_dhw,
                      const model::PatchShape& shape, const std::array<double, 3>& spacing_dhw_mm,
                      const std::array<double, 3>& angles_deg, double scale) {
  const Matrix3 matrix = voxel_matrix(spacing_dhw_mm, angles_deg, scale);
  const std::array<std::int64_t, 3> margin = margin_of(matrix, shape);
  model::PatchShape source_shape;
  std::array<std::int64_t, 3> source_start{};
  for (std::size_t a = 0; a < 3; ++a) {
    source_start[a] = start_dhw[a] - margin[a];
    source_shape.dhw[a] = shape[a] + 2 * margin[a];
  }
  const CutPatch source = cut(source_start, source_shape);
  Tensor theta = torch::zeros({1, 3, 4});
  // affine_grid counts from -1 to 1 between the outermost centres, and in the order W, H, D.
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 3; ++c) {
      const double ratio = static_cast<double>(shape[c] - 1) / static_cast<double>(source_shape[r] - 1);
      theta[0][static_cast<std::int64_t>(2 - r)][static_cast<std::int64_t>(2 - c)] = matrix[r][c] * ratio;
    }
  }
  const Tensor all = torch::cat({source.conditions, source.target, source.mask.to(torch::kFloat32)}).unsqueeze(0);
  const Tensor places =
      torch::affine_grid_generator(theta, {1, all.size(1), shape[0], shape[1], shape[2]}, /*align_corners=*/true);
  const Tensor moved = torch::grid_sampler(all, places, linear, border, /*align_corners=*/true)[0];
  const std::int64_t channels = source.conditions.size(0);
  return {moved.slice(0, 0, channels), moved.slice(0, channels, channels + 1),
          (moved.slice(0, channels + 1, channels + 2) >= 0.5).to(torch::kUInt8)};
}

Tensor fbp_noise_gain(std::int64_t height, std::int64_t width, const std::string& filter) {
  constexpr std::int64_t lags = 256;
  const auto kernel = ct::ramp_kernel(lags, 1.0, value_named<ct::Window>(filter.empty() ? "ram-lak" : filter));
  Tensor gain = torch::zeros({height, width});
  const auto frequency = [](std::int64_t n, std::int64_t edge) {
    return static_cast<double>(std::min(n, edge - n)) / static_cast<double>(edge);
  };
  for (std::int64_t h = 0; h < height; ++h) {
    for (std::int64_t w = 0; w < width; ++w) {
      const double radial = std::hypot(frequency(h, height), frequency(w, width));
      if (radial == 0 || radial > 0.5) continue;
      gain.data_ptr<float>()[h * width + w] = static_cast<float>(filter_response(kernel, radial) / std::sqrt(radial));
    }
  }
  return gain / gain.square().mean().sqrt();
}

Tensor fbp_noise(std::int64_t slices, const Tensor& gain, at::Generator& generator) {
  // A spectrum that is even along each axis is diagonal in products of the discrete Hartley transform's vectors
  // cas(x) = cos(x) + sin(x), so independent draws for each of them, times the amplitudes, are the noise's transform.
  const auto hartley = [](std::int64_t edge) {
    const Tensor n = torch::arange(edge, torch::kFloat64);
    const Tensor phase = torch::outer(n, n) * (2.0 * pi / static_cast<double>(edge));
    return ((phase.cos() + phase.sin()) / std::sqrt(static_cast<double>(edge))).to(torch::kFloat32);
  };
  const std::int64_t height = gain.size(0), width = gain.size(1);
  const Tensor white = torch::randn({slices, height, width}, generator);
  return torch::matmul(torch::matmul(hartley(height), white * gain), hartley(width));
}

}  // namespace gdm::data
