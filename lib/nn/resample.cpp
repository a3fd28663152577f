// Lengths are whole numbers: along an axis of `before` voxels that become `now`, an old voxel has the length `now` and
// a new one `before`, so that ties are exact.
#include "nn/resample.hpp"

#include <algorithm>
#include <vector>

#include "image/votes.hpp"
#include "sys/parallel.hpp"

namespace gdm::nn {
namespace {

/// What a new voxel covers: old voxels from `first` on, by the length of each inside it.
struct Cover {
  std::int64_t first = 0;
  std::vector<std::int64_t> lengths;
};

std::vector<Cover> covers(std::int64_t before, std::int64_t now) {
  std::vector<Cover> all;
  for (std::int64_t n = 0; n < now; ++n) {
    const std::int64_t from = n * before, to = from + before;
    Cover cover{from / now, {}};
    for (std::int64_t m = cover.first; m * now < to; ++m) {
      cover.lengths.push_back(std::min(to, (m + 1) * now) - std::max(from, m * now));
    }
    all.push_back(std::move(cover));
  }
  return all;
}

/// (now, before): the part of each new voxel that each old one fills.
Tensor shares(std::int64_t before, std::int64_t now) {
  Tensor out = torch::zeros({now, before});
  const std::vector<Cover> all = covers(before, now);
  for (std::int64_t n = 0; n < now; ++n) {
    const Cover& cover = all[static_cast<std::size_t>(n)];
    float* row = out.data_ptr<float>() + n * before + cover.first;
    for (const std::int64_t length : cover.lengths) {
      *row++ = static_cast<float>(static_cast<double>(length) / static_cast<double>(before));
    }
  }
  return out;
}

}  // namespace

Tensor area_mean(const Tensor& x, const Extent& size) {
  Tensor out = x;
  const auto matrix = [&](std::int64_t dim) {
    return shares(out.size(dim), size[static_cast<std::size_t>(dim) - 1]).to(x.device());
  };
  if (out.size(3) != size[2]) out = torch::matmul(out, matrix(3).t());
  if (out.size(2) != size[1]) out = torch::matmul(matrix(2), out);
  if (out.size(1) != size[0]) {
    out = torch::matmul(matrix(1), out.flatten(2)).reshape({out.size(0), size[0], size[1], size[2]});
  }
  return out.contiguous();
}

Tensor majority(const Tensor& x, const Extent& size) {
  const Tensor values = x.to(torch::kFloat32).contiguous();
  Tensor out = torch::empty({1, size[0], size[1], size[2]});
  const std::int64_t height = values.size(2), width = values.size(3);
  const std::vector<Cover> d = covers(values.size(1), size[0]), h = covers(height, size[1]), w = covers(width, size[2]);
  const float* const old = values.data_ptr<float>();
  float* const fresh = out.data_ptr<float>();
  const auto vote = [&](const Cover& cd, const Cover& ch, const Cover& cw, Votes& votes) {
    votes.clear();
    for (std::size_t a = 0; a < cd.lengths.size(); ++a) {
      for (std::size_t b = 0; b < ch.lengths.size(); ++b) {
        const auto plane = (cd.first + static_cast<std::int64_t>(a)) * height + ch.first + static_cast<std::int64_t>(b);
        const float* row = old + plane * width + cw.first;
        for (const std::int64_t length : cw.lengths) votes.add(*row++, cd.lengths[a] * ch.lengths[b] * length);
      }
    }
    return votes.winner();
  };
  parallel_for(size[0], [&](std::int64_t n) {
    Votes votes;
    float* place = fresh + n * size[1] * size[2];
    for (const Cover& row : h) {
      for (const Cover& column : w) *place++ = vote(d[static_cast<std::size_t>(n)], row, column, votes);
    }
  });
  return out.to(x.scalar_type());
}

}  // namespace gdm::nn
