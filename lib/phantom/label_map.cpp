#include "phantom/label_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "image/mask.hpp"
#include "image/orientation.hpp"
#include "phantom/label_parts.hpp"
#include "sys/error.hpp"

namespace gdm::phantom {
namespace {

constexpr std::int64_t largest_label = 65535;
constexpr double cut_share = 0.125;
constexpr std::uint8_t unknown = 255;

std::vector<std::uint8_t> places_by_label(const TissueTable& table) {
  std::vector<std::uint8_t> places(static_cast<std::size_t>(largest_label) + 1, unknown);
  for (std::size_t n = 0; n < table.tissues.size(); ++n) {
    for (const std::int64_t label : table.tissues[n].labels)
      places[static_cast<std::size_t>(label)] = static_cast<std::uint8_t>(n);
  }
  return places;
}

/// Tissues of all voxels, before parts.
std::vector<std::uint8_t> tissues_of(const Volume& labels, const TissueTable& table) {
  const std::vector<std::uint8_t> places = places_by_label(table);
  std::vector<std::uint8_t> tissues(labels.voxels.size());
  std::map<std::int64_t, std::int64_t> strangers;
  for (std::size_t n = 0; n < tissues.size(); ++n) {
    const float value = labels.voxels[n];
    if (!(value >= 0 && value <= static_cast<float>(largest_label)) || value != std::floor(value)) {
      throw Error(
          fmt::format("holds the value {:g}, expected labels: whole numbers from 0 to {}", value, largest_label));
    }
    tissues[n] = places[static_cast<std::size_t>(value)];
    if (tissues[n] == unknown) ++strangers[static_cast<std::int64_t>(value)];
  }
  if (strangers.empty()) return tissues;
  std::string list;
  for (const auto& [label, count] : strangers) {
    list += fmt::format("{}{} ({} voxels)", list.empty() ? "" : ", ", label, count);
  }
  throw Error(fmt::format("no tissue of {} covers the label{} {}", table.name, strangers.size() > 1 ? "s" : "", list));
}

struct Box {
  Index3 low{0, 0, 0}, high{-1, -1, -1};  ///< inclusive
};

Box box_of(const Mask& mask) {
  Box box{mask.grid.shape_ijk, {-1, -1, -1}};
  for (std::int64_t k = 0; k < mask.grid.shape_ijk[2]; ++k) {
    for (std::int64_t j = 0; j < mask.grid.shape_ijk[1]; ++j) {
      for (std::int64_t i = 0; i < mask.grid.shape_ijk[0]; ++i) {
        if (mask.at(i, j, k) == 0) continue;
        const Index3 at{i, j, k};
        for (std::size_t axis = 0; axis < 3; ++axis) {
          box.low[axis] = std::min(box.low[axis], at[axis]);
          box.high[axis] = std::max(box.high[axis], at[axis]);
        }
      }
    }
  }
  return box;
}

/// Whether the slice at `index` of the axis is so full that the field of view must have ended there.
bool is_cut(const Mask& mask, const Box& box, std::size_t axis, std::int64_t index) {
  Index3 from = box.low, to = box.high;
  from[axis] = to[axis] = index;
  std::int64_t inside = 0, all = 0;
  for (std::int64_t k = from[2]; k <= to[2]; ++k) {
    for (std::int64_t j = from[1]; j <= to[1]; ++j) {
      for (std::int64_t i = from[0]; i <= to[0]; ++i, ++all) inside += mask.at(i, j, k);
    }
  }
  return static_cast<double>(inside) > cut_share * static_cast<double>(all);
}

/// The box with its margins; it may reach beyond the image.
Box field_of_view(const Mask& body, double margin_mm) {
  const Box tight = box_of(body);
  Box box = tight;
  const Point3 spacing_mm = body.grid.spacing_mm();
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const auto margin = static_cast<std::int64_t>(std::ceil(margin_mm / spacing_mm[axis]));
    box.low[axis] += is_cut(body, tight, axis, tight.low[axis]) ? 1 : -margin;
    box.high[axis] -= is_cut(body, tight, axis, tight.high[axis]) ? 1 : -margin;
    if (box.low[axis] >= box.high[axis]) throw Error("holds a body of less than three slices");
  }
  return box;
}

/// The part of an image of this shape in the box, 0 beyond the image.
template <class Values>
auto cut_out(const Values& values, const Index3& shape, const Box& box) {
  std::vector<typename Values::value_type> result;
  for (std::int64_t k = box.low[2]; k <= box.high[2]; ++k) {
    for (std::int64_t j = box.low[1]; j <= box.high[1]; ++j) {
      for (std::int64_t i = box.low[0]; i <= box.high[0]; ++i) {
        const bool there = i >= 0 && j >= 0 && k >= 0 && i < shape[0] && j < shape[1] && k < shape[2];
        result.push_back(there ? values[static_cast<std::size_t>(i + shape[0] * (j + shape[1] * k))] : 0);
      }
    }
  }
  return result;
}

}  // namespace

LabelMap label_map(const Volume& labels, const TissueTable& table, Random& random, double margin_mm) {
  const Volume upright = reoriented(labels, "LAS");
  std::vector<std::uint8_t> tissues = tissues_of(upright, table);
  Mask body(upright.grid, 0);
  for (std::size_t n = 0; n < tissues.size(); ++n) {
    body.voxels[n] = table.tissues[tissues[n]].kind == TissueKind::air ? 0 : 1;
  }
  body = largest_filled(std::move(body));
  if (count_inside(body) == 0) throw Error("holds no tissue but air");
  for (std::size_t n = 0; n < tissues.size(); ++n) tissues[n] = body.voxels[n] != 0 ? tissues[n] : 0;
  const Box box = field_of_view(body, margin_mm);
  LabelMap map;
  map.grid = upright.grid;
  const Point3 corner = upright.grid.ras_of_index(
      {static_cast<double>(box.low[0]), static_cast<double>(box.low[1]), static_cast<double>(box.low[2])});
  for (std::size_t axis = 0; axis < 3; ++axis) {
    map.grid.shape_ijk[axis] = box.high[axis] - box.low[axis] + 1;
    map.grid.ijk_to_ras_mm[axis][3] = corner[axis];
  }
  map.tissue = cut_out(tissues, upright.grid.shape_ijk, box);
  map.body = cut_out(body.voxels, upright.grid.shape_ijk, box);
  divide_into_parts(map, table, cut_out(upright.voxels, upright.grid.shape_ijk, box), random);
  return map;
}

}  // namespace gdm::phantom
