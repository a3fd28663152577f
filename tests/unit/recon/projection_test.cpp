// Rays as functions of tensors: gradients, the transpose, and the part of a volume that no ray sees, on a scan whose
// null space is known.
#include "recon/projection.hpp"

#include <doctest/doctest.h>

#include "recon/toward_rays.hpp"
#include "sys/error.hpp"

using namespace gdm;
using torch::Tensor;

namespace {

/// Rays along i and along j of a single slice: sums of its rows and of its columns, each times 2 mm. What no ray sees
/// are the images whose rows and columns all sum to 0.
class RowsAndColumns : public ct::Projector {
 public:
  explicit RowsAndColumns(std::int64_t edge) : edge_(edge), grid_(Grid::centred({edge, edge, 1}, {2, 2, 2})) {}
  const Grid& grid() const override { return grid_; }
  std::int64_t ray_count() const override { return 2 * edge_; }
  std::int64_t view_count() const override { return 2; }
  void forward(const float* volume, float* rays) const override {
    std::fill(rays, rays + ray_count(), 0.0F);
    for (std::int64_t n = 0; n < edge_ * edge_; ++n) {
      rays[n / edge_] += 2 * volume[n];
      rays[edge_ + n % edge_] += 2 * volume[n];
    }
  }
  void adjoint(const float* rays, float* volume) const override {
    for (std::int64_t n = 0; n < edge_ * edge_; ++n) volume[n] = 2 * (rays[n / edge_] + rays[edge_ + n % edge_]);
  }

 private:
  std::int64_t edge_;
  Grid grid_;
};

}  // namespace

TEST_CASE("rays of tensors: gradients are those of finite differences, and again of the transpose") {
  torch::manual_seed(4);
  const auto scan = std::make_shared<RowsAndColumns>(6);
  const Tensor x = torch::rand({2, 1, 6, 6}).requires_grad_(true);
  const Tensor measured = torch::rand({2, 12});
  const auto misfit = [&](const Tensor& v) { return (recon::project(v, scan) - measured).square().sum(); };
  const Tensor gradient = torch::autograd::grad({misfit(x)}, {x}, {}, true, true)[0];
  const torch::AutoGradMode graded(true);
  for (const std::int64_t n : {0, 17, 71}) {
    Tensor step = torch::zeros(72);
    step[n] = 0.5;
    step = step.view({2, 1, 6, 6});
    const double slope = (misfit(x.detach() + step) - misfit(x.detach() - step)).item<double>();
    CHECK(gradient.flatten()[n].item<double>() == doctest::Approx(slope).epsilon(1e-3));
  }
  // |A^T r|^2 has the gradient 4 A^T A A^T r, which autograd finds only if it goes through both.
  const Tensor rays = torch::rand({1, 12}).requires_grad_(true);
  const Tensor twice = torch::autograd::grad({recon::back_project(rays, scan).square().sum()}, {rays})[0];
  const Tensor expected = 2 * recon::project(recon::back_project(rays.detach(), scan), scan);
  CHECK((twice - expected).abs().max().item<double>() < 1e-4 * expected.abs().max().item<double>());
  CHECK_THROWS_AS(recon::project(torch::zeros({1, 1, 6, 5}), scan), Error);
}

TEST_CASE("rays of tensors: towards rays of 0 is left the image without the means of its rows and columns") {
  torch::manual_seed(5);
  const RowsAndColumns scan(8);
  const Tensor x = torch::rand({1, 8, 8});
  const Tensor unseen = recon::toward_rays(x, scan, nullptr, nullptr, {4, 0.0});
  const Tensor expected = x - x.mean(1, true) - x.mean(2, true) + x.mean({1, 2}, true);
  CHECK((unseen - expected).abs().max().item<double>() < 1e-5);
  CHECK(torch::equal(recon::toward_rays(torch::zeros({1, 8, 8}), scan, nullptr, nullptr, {3, 0.0}),
                     torch::zeros({1, 8, 8})));
  // Towards those of another image is left its rows and columns, with what no ray sees of the first.
  const Tensor other = torch::rand({1, 8, 8});
  std::vector<float> rays(16);
  scan.forward(other.data_ptr<float>(), rays.data());
  const Tensor between = recon::toward_rays(x, scan, rays.data(), nullptr, {4, 0.0});
  const Tensor seen = other.mean(1, true) + other.mean(2, true) - other.mean({1, 2}, true);
  CHECK((between - expected - seen).abs().max().item<double>() < 1e-5);
}
