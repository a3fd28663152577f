#include "nn/averaged_moduli.hpp"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

#include "sys/error.hpp"

namespace gdm::nn {
namespace {

/// Sizes of a batch of padded volumes and of what is made of it.
struct Sizes {
  std::int64_t batch, filters, edge;
  std::int64_t depth, height, width;  ///< without the border

  Sizes(const Tensor& padded, std::int64_t filter_count, std::int64_t cell_edge)
      : batch(padded.size(0)),
        filters(filter_count),
        edge(cell_edge),
        depth(padded.size(2) - 2),
        height(padded.size(3) - 2),
        width(padded.size(4) - 2) {}
  std::int64_t row() const { return width + 2; }
  std::int64_t plane() const { return (height + 2) * row(); }
  std::int64_t layers() const { return depth / edge; }  ///< of cells
  std::int64_t cells_of_layer() const { return (height / edge) * (width / edge); }
  std::vector<std::int64_t> cells() const { return {batch, filters, depth / edge, height / edge, width / edge}; }
};

/// A filter's values as offsets from the first of the voxels that it meets.
struct Filter {
  std::vector<std::int64_t> offsets;
  std::vector<float> values;
};

std::vector<Filter> by_filter(const std::vector<FilterValue>& values, const Sizes& sizes) {
  std::vector<Filter> filters(static_cast<std::size_t>(sizes.filters));
  for (const FilterValue& v : values) {
    Filter& filter = filters[static_cast<std::size_t>(v.filter)];
    filter.offsets.push_back(v.place[0] * sizes.plane() + v.place[1] * sizes.row() + v.place[2]);
    filter.values.push_back(static_cast<float>(v.value));
  }
  return filters;
}

/// The response at `Count` neighbours in a row, in registers.
template <int Count>
void respond(const Filter& filter, const float* x, float* response) {
  float sum[Count] = {};
  for (std::size_t k = 0; k < filter.offsets.size(); ++k) {
    const float* met = x + filter.offsets[k];
    const float value = filter.values[k];
    for (int i = 0; i < Count; ++i) sum[i] += value * met[i];
  }
  std::copy_n(sum, Count, response);
}

void respond_row(const Filter& filter, const float* x, std::int64_t width, float* response) {
  std::int64_t i = 0;
  for (; i + 8 <= width; i += 8) respond<8>(filter, x + i, response + i);
  for (; i + 2 <= width; i += 2) respond<2>(filter, x + i, response + i);
  for (; i < width; ++i) respond<1>(filter, x + i, response + i);
}

/// Of 0 as of its modulus: 0.
void times_sign(const float* gradient, std::int64_t width, float* response) {
  for (std::int64_t i = 0; i < width; ++i) {
    response[i] = gradient[i] * (static_cast<float>(response[i] > 0) - static_cast<float>(response[i] < 0));
  }
}

/// One layer of cells of one volume; `x` is its first voxel with the border, `cells` its cells of the first filter.
void average_layer(const Sizes& s, const std::vector<Filter>& filters, const float* x, float* cells) {
  const auto width = static_cast<std::size_t>(s.width);
  std::vector<float> response(width), sums(filters.size() * width);
  const float per_cell = 1.0F / static_cast<float>(s.edge * s.edge * s.edge);
  for (std::int64_t row = 0; row < s.height / s.edge; ++row) {
    std::fill(sums.begin(), sums.end(), 0.0F);
    for (std::int64_t line = 0; line < s.edge * s.edge; ++line) {
      const float* start = x + (line / s.edge) * s.plane() + (row * s.edge + line % s.edge) * s.row();
      for (std::size_t f = 0; f < filters.size(); ++f) {
        respond_row(filters[f], start, s.width, response.data());
        float* sum = sums.data() + f * width;
        for (std::size_t i = 0; i < width; ++i) sum[i] += std::abs(response[i]);
      }
    }
    for (std::int64_t f = 0; f < s.filters; ++f) {
      const float* sum = sums.data() + f * s.width;
      float* out = cells + f * s.layers() * s.cells_of_layer() + row * (s.width / s.edge);
      for (std::int64_t cell = 0; cell < s.width / s.edge; ++cell) {
        float total = 0;
        for (std::int64_t i = 0; i < s.edge; ++i) total += sum[cell * s.edge + i];
        out[cell] = total * per_cell;
      }
    }
  }
}

/// What a layer of cells sends back to its voxels: signs of responses times the gradients of their cells, gathered by
/// the filters turned round.
class LayerGradient {
 public:
  LayerGradient(const Sizes& sizes, const std::vector<FilterValue>& values)
      : s_(sizes), filters_(by_filter(values, sizes)), signed_(signed_size()), gradient_(sizes.width) {
    for (std::int64_t plane = 0; plane < s_.edge + 2; ++plane) turned_.push_back(turned(values, plane));
  }

  /// `x` and `sent`: edge + 2 planes with the border; `gradients`: of the layer's cells, of the first filter.
  void operator()(const float* x, const float* gradients, float* sent) {
    for (std::int64_t f = 0; f < s_.filters; ++f) sign(f, x, gradients + f * s_.layers() * s_.cells_of_layer());
    for (std::int64_t plane = 0; plane < s_.edge + 2; ++plane) {
      for (std::int64_t y = 0; y < s_.height + 2; ++y) {
        respond_row(turned_[static_cast<std::size_t>(plane)], signed_.data() + y * row(), s_.row(),
                    sent + plane * s_.plane() + y * s_.row());
      }
    }
  }

 private:
  // Two zeros around each plane, so that turned filters may look beyond it.
  std::int64_t row() const { return s_.width + 4; }
  std::int64_t plane() const { return (s_.height + 4) * row(); }
  std::size_t signed_size() const { return static_cast<std::size_t>(s_.filters * s_.edge * plane()); }

  /// All values whose responses lie in the layer, for the voxels of one of its planes.
  Filter turned(const std::vector<FilterValue>& values, std::int64_t plane_of_voxel) const {
    Filter filter;
    for (const FilterValue& v : values) {
      const std::int64_t z = plane_of_voxel - v.place[0];
      if (z < 0 || z >= s_.edge) continue;
      filter.offsets.push_back((v.filter * s_.edge + z) * plane() + (2 - v.place[1]) * row() + 2 - v.place[2]);
      filter.values.push_back(static_cast<float>(v.value));
    }
    return filter;
  }

  void sign(std::int64_t f, const float* x, const float* gradients) {
    const float per_cell = 1.0F / static_cast<float>(s_.edge * s_.edge * s_.edge);
    for (std::int64_t y = 0; y < s_.height; ++y) {
      const float* of_cells = gradients + y / s_.edge * (s_.width / s_.edge);
      for (std::int64_t cell = 0; cell < s_.width / s_.edge; ++cell) {
        std::fill_n(gradient_.data() + cell * s_.edge, s_.edge, of_cells[cell] * per_cell);
      }
      for (std::int64_t z = 0; z < s_.edge; ++z) {
        float* out = signed_.data() + (f * s_.edge + z) * plane() + (y + 2) * row() + 2;
        respond_row(filters_[static_cast<std::size_t>(f)], x + z * s_.plane() + y * s_.row(), s_.width, out);
        times_sign(gradient_.data(), s_.width, out);
      }
    }
  }

  Sizes s_;
  std::vector<Filter> filters_, turned_;  ///< turned_: for each plane
  std::vector<float> signed_, gradient_;
};

Tensor forward_cpu(const Tensor& padded, const std::vector<FilterValue>& values, const Sizes& s) {
  const Tensor x = padded.contiguous();
  Tensor cells = torch::empty(s.cells(), x.options());
  const std::vector<Filter> filters = by_filter(values, s);
  const float* in = x.data_ptr<float>();
  float* out = cells.data_ptr<float>();
  at::parallel_for(0, s.batch * s.layers(), 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t n = first; n < last; ++n) {
      const std::int64_t volume = n / s.layers(), layer = n % s.layers();
      average_layer(s, filters, in + (volume * (s.depth + 2) + layer * s.edge) * s.plane(),
                    out + (volume * s.filters * s.layers() + layer) * s.cells_of_layer());
    }
  });
  return cells;
}

Tensor backward_cpu(const Tensor& padded, const Tensor& of_cells, const std::vector<FilterValue>& values,
                    const Sizes& s) {
  const Tensor x = padded.contiguous(), gradient = of_cells.contiguous();
  const std::int64_t planes = s.edge + 2;
  Tensor sent = torch::empty({s.batch, s.layers(), planes, s.height + 2, s.width + 2}, x.options());
  const float* in = x.data_ptr<float>();
  const float* in_cells = gradient.data_ptr<float>();
  float* out = sent.data_ptr<float>();
  at::parallel_for(0, s.batch * s.layers(), 1, [&](std::int64_t first, std::int64_t last) {
    LayerGradient send_back(s, values);
    for (std::int64_t n = first; n < last; ++n) {
      const std::int64_t volume = n / s.layers(), layer = n % s.layers();
      send_back(in + (volume * (s.depth + 2) + layer * s.edge) * s.plane(),
                in_cells + (volume * s.filters * s.layers() + layer) * s.cells_of_layer(),
                out + n * planes * s.plane());
    }
  });
  Tensor whole = torch::zeros_like(x);  // neighbouring layers meet in two planes: always added in the same order
  for (std::int64_t layer = 0; layer < s.layers(); ++layer) {
    whole.narrow(2, layer * s.edge, planes).add_(sent.select(1, layer).unsqueeze(1));
  }
  return whole;
}

/// Filters travel from forward to backward as what they are: the graph owns a share of them.
void keep_filters(torch::autograd::AutogradContext& context, const SharedFilters& filters) {
  context.saved_data["filters"] = c10::IValue::make_capsule(filters);
}
SharedFilters kept_filters(torch::autograd::AutogradContext& context) {
  return c10::static_intrusive_pointer_cast<SparseFilters>(context.saved_data["filters"].toCapsule());
}

class OnCpu : public torch::autograd::Function<OnCpu> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x, const SharedFilters& filters,
                        std::int64_t edge) {
    context->save_for_backward({x});
    keep_filters(*context, filters);
    context->saved_data["edge"] = edge;
    return forward_cpu(x, filters->values, Sizes(x, filters->count(), edge));
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const SharedFilters filters = kept_filters(*context);
    const Tensor x = context->get_saved_variables().at(0);
    const Sizes sizes(x, filters->count(), context->saved_data["edge"].toInt());
    return {backward_cpu(x, gradients.at(0), filters->values, sizes), Tensor(), Tensor()};
  }
};

/// The part of x (B, 1, D + 2, H + 2, W + 2) that a filter value meets, (B, 1, D, H, W); shares memory.
Tensor met_by(const Tensor& x, const FilterValue& v) {
  Tensor part = x;
  for (std::int64_t axis = 0; axis < 3; ++axis) {
    part = part.narrow(axis + 2, v.place[static_cast<std::size_t>(axis)], x.size(axis + 2) - 2);
  }
  return part;
}

/// Responses (B, F, D, H, W) on other devices and of other types, by sums of shifted copies. No convolution: autocast
/// would make it one of bf16, which has 16 HU for a step.
class Responses : public torch::autograd::Function<Responses> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x, const SharedFilters& filters) {
    keep_filters(*context, filters);
    Tensor y = torch::zeros({x.size(0), filters->count(), x.size(2) - 2, x.size(3) - 2, x.size(4) - 2}, x.options());
    for (const FilterValue& v : filters->values) y.narrow(1, v.filter, 1).add_(met_by(x, v), v.value);
    return y;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const SharedFilters filters = kept_filters(*context);
    const Tensor g = gradients.at(0);
    Tensor x = torch::zeros({g.size(0), 1, g.size(2) + 2, g.size(3) + 2, g.size(4) + 2}, g.options());
    for (const FilterValue& v : filters->values) met_by(x, v).add_(g.narrow(1, v.filter, 1), v.value);
    return {x, Tensor()};
  }
};

}  // namespace

SharedFilters sparse_filters(const Tensor& filters) {
  auto sparse = c10::make_intrusive<SparseFilters>();
  const Tensor on_cpu = filters.to(torch::kCPU, torch::kFloat32).contiguous();
  const float* value = on_cpu.data_ptr<float>();
  for (std::int64_t filter = 0; filter < filters.size(0); ++filter) {
    for (std::int64_t n = 0; n < 27; ++n, ++value) {
      if (*value != 0) sparse->values.push_back({filter, {n / 9, n / 3 % 3, n % 3}, *value});
    }
  }
  std::int64_t filled = 0;
  for (const FilterValue& v : sparse->values) filled += v.filter == filled ? 1 : 0;
  if (filled != filters.size(0)) throw Error("one of its filters is zero");
  return sparse;
}

Tensor averaged_moduli(const Tensor& x, const SharedFilters& filters, std::int64_t edge) {
  for (const std::int64_t dim : {2, 3, 4}) {
    if ((x.size(dim) - 2) % edge != 0) throw Error("a patch is not made of whole cells of its scattering encoder");
  }
  if (x.device().is_cpu() && x.scalar_type() == torch::kFloat32) return OnCpu::apply(x, filters, edge);
  const Tensor moduli = Responses::apply(x, filters).abs();
  return edge == 1 ? moduli : torch::avg_pool3d(moduli, edge);
}

}  // namespace gdm::nn
