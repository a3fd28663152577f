#include "phantom/label_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "image/mask.hpp"
#include "image/orientation.hpp"
#include "phantom/label_holes.hpp"
#include "phantom/label_parts.hpp"
#include "sys/error.hpp"

namespace gdm::phantom {
namespace {

constexpr double cut_share = 0.125;
constexpr double least_pocket_mm3 = 100;  // cells of the mastoid hang together
constexpr std::uint8_t unknown = 255;

std::vector<std::uint8_t> places_by_label(const TissueTable& table) {
  std::vector<std::uint8_t> places(static_cast<std::size_t>(largest_label) + 1, unknown);
  for (std::size_t n = 0; n < table.tissues.size(); ++n) {
    for (const std::int64_t label : table.tissues[n].labels)
      places[static_cast<std::size_t>(label)] = static_cast<std::uint8_t>(n);
  }
  return places;
}

Image<std::uint16_t> whole_labels(const Volume& labels) {
  Image<std::uint16_t> image(labels.grid, 0);
  Voxels<std::uint16_t>& whole = image.voxels;
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const float value = labels.voxels[n];
    const bool fits = value >= 0 && value <= static_cast<float>(largest_label);
    if (fits) whole[n] = static_cast<std::uint16_t>(value);
    if (!fits || static_cast<float>(whole[n]) != value) {
      throw Error(
          fmt::format("holds the value {:g}, expected labels: whole numbers from 0 to {}", value, largest_label));
    }
  }
  return image;
}

/// Tissues of all voxels, before parts.
std::vector<std::uint8_t> tissues_of(const Voxels<std::uint16_t>& labels, const TissueTable& table) {
  const std::vector<std::uint8_t> places = places_by_label(table);
  std::vector<std::uint8_t> tissues(labels.size());
  std::map<std::int64_t, std::int64_t> strangers;
  for (std::size_t n = 0; n < tissues.size(); ++n) {
    tissues[n] = places[labels[n]];
    if (tissues[n] == unknown) ++strangers[labels[n]];
  }
  if (strangers.empty()) return tissues;
  std::string list;
  constexpr std::size_t most_named = 10;
  std::size_t named = 0;
  for (const auto& [label, count] : strangers) {
    if (named++ == most_named) {
      list += fmt::format(" and {} others, which does not look like a label map", strangers.size() - most_named);
      break;
    }
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
std::vector<typename Values::value_type> cut_out(const Values& values, const Index3& shape, const Box& box) {
  const std::int64_t ni = box.high[0] - box.low[0] + 1, nj = box.high[1] - box.low[1] + 1;
  const std::int64_t from = std::max<std::int64_t>(box.low[0], 0), to = std::min(box.high[0], shape[0] - 1);
  std::vector<typename Values::value_type> result(static_cast<std::size_t>(ni * nj * (box.high[2] - box.low[2] + 1)));
  for (std::int64_t k = std::max<std::int64_t>(box.low[2], 0); k <= std::min(box.high[2], shape[2] - 1); ++k) {
    for (std::int64_t j = std::max<std::int64_t>(box.low[1], 0); j <= std::min(box.high[1], shape[1] - 1); ++j) {
      const auto* row = values.data() + shape[0] * (j + shape[1] * k);
      std::copy(row + from, row + to + 1,
                result.data() + from - box.low[0] + ni * (j - box.low[1] + nj * (k - box.low[2])));
    }
  }
  return result;
}

}  // namespace

LabelSource::Whole LabelSource::whole_of(const Volume& labels, const TissueTable& table, double margin_mm) {
  const Image<std::uint16_t> upright = reoriented(whole_labels(labels), "LAS");
  std::vector<std::uint8_t> tissues = tissues_of(upright.voxels, table);
  Mask body(upright.grid, 0);
  for (std::size_t n = 0; n < tissues.size(); ++n) {
    body.voxels[n] = table.tissues[tissues[n]].kind == TissueKind::air ? 0 : 1;
  }
  body = largest_filled(std::move(body));
  if (count_inside(body) == 0) throw Error("holds no tissue but air");
  for (std::size_t n = 0; n < tissues.size(); ++n) tissues[n] = body.voxels[n] != 0 ? tissues[n] : 0;
  fill_pockets(tissues, body, least_pocket_mm3);
  const Box box = field_of_view(body, margin_mm);
  const Index3& shape = upright.grid.shape_ijk;
  Whole whole;
  LabelMap& map = whole.map;
  map.grid = upright.grid;
  const Point3 corner = upright.grid.ras_of_index(
      {static_cast<double>(box.low[0]), static_cast<double>(box.low[1]), static_cast<double>(box.low[2])});
  for (std::size_t axis = 0; axis < 3; ++axis) {
    map.grid.shape_ijk[axis] = box.high[axis] - box.low[axis] + 1;
    map.grid.ijk_to_ras_mm[axis][3] = corner[axis];
  }
  map.tissue = cut_out(tissues, shape, box);
  map.body = cut_out(body.voxels, shape, box);
  whole.labels = cut_out(upright.voxels, shape, box);
  return whole;
}

LabelSource::LabelSource(Whole whole, const TissueTable& table)
    : table_(&table), whole_(std::move(whole.map)), distances_(whole_, table, whole.labels) {}

LabelSource::LabelSource(const Volume& labels, const TissueTable& table, double margin_mm)
    : LabelSource(whole_of(labels, table, margin_mm), table) {}

LabelMap LabelSource::subject(Random& random) const {
  LabelMap map = whole_;
  divide_into_parts(map, *table_, distances_, random);
  return map;
}

}  // namespace gdm::phantom
