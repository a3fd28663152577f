// What a step says of itself, while its numbers are still being computed: a GPU is not waited for until the line is
// finished, and then once for all of its numbers.
#pragma once

#include <string>
#include <vector>

#include "io/json.hpp"
#include "nn/tensor.hpp"

namespace gdm::nn {

class LogLine {
 public:
  LogLine() = default;
  explicit LogLine(Json known) : json_(std::move(known)) {}

  /// Places in the line are JSON pointers: "/l1_hu", "/objectives/drift.1/raw_force_rms/local/0".
  void set(const std::string& place, Json value);
  /// A tensor of one element; one of bool becomes true or false. It keeps its place among what is set before and after.
  void set(const std::string& place, const Tensor& value);
  /// The same of a count that is left out where it is 0.
  void set_if_any(const std::string& place, const Tensor& count);
  /// Another line as a part of this one.
  void set(const std::string& place, const LogLine& part);

  /// Waits for what is not computed yet, in one copy from its device.
  Json finished() const;

 private:
  struct Pending {
    std::string place;
    Tensor value;
    bool if_any = false;
  };
  Json json_ = Json::object();
  std::vector<Pending> pending_;
};

}  // namespace gdm::nn
