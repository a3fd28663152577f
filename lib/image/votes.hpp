// Which value fills most of a voxel: label maps and masks are never averaged.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace gdm {

/// Values and how much of a voxel each fills; few, so that they are searched one by one.
class Votes {
 public:
  void clear() { votes_.clear(); }
  void add(float value, std::int64_t volume) {
    for (auto& [known, sum] : votes_) {
      if (known != value) continue;
      sum += volume;
      return;
    }
    votes_.emplace_back(value, volume);
  }
  bool empty() const { return votes_.empty(); }
  /// Of equal parts the larger value: the patient goes before air and a label before none. Not of an empty object.
  float winner() const {
    return std::max_element(
               votes_.begin(), votes_.end(),
               [](const auto& a, const auto& b) { return std::pair(a.second, a.first) < std::pair(b.second, b.first); })
        ->first;
  }

 private:
  std::vector<std::pair<float, std::int64_t>> votes_;
};

}  // namespace gdm
