#include "nn/log_line.hpp"

#include <utility>

namespace gdm::nn {
namespace {

Json& at(Json& json, const std::string& place) {
  return json[Json::json_pointer(place)];
}

}  // namespace

void LogLine::set(const std::string& place, Json value) {
  at(json_, place) = std::move(value);
}

void LogLine::set(const std::string& place, const Tensor& value) {
  at(json_, place) = nullptr;
  pending_.push_back({place, value.detach(), false});
}

void LogLine::set_if_any(const std::string& place, const Tensor& count) {
  set(place, count);
  pending_.back().if_any = true;
}

void LogLine::set(const std::string& place, const LogLine& part) {
  at(json_, place) = part.json_;
  for (const Pending& inner : part.pending_) pending_.push_back({place + inner.place, inner.value, inner.if_any});
}

Json LogLine::finished() const {
  Json line = json_;
  if (pending_.empty()) return line;
  std::vector<Tensor> values;
  for (const Pending& pending : pending_) values.push_back(pending.value.to(torch::kFloat64).reshape({1}));
  const Tensor together = torch::cat(values).to(torch::kCPU);
  const double* value = together.data_ptr<double>();
  for (const Pending& pending : pending_) {
    const double now = *value++;
    const Json::json_pointer place(pending.place);
    if (pending.if_any && now == 0) {
      line[place.parent_pointer()].erase(place.back());
    } else if (pending.value.scalar_type() == torch::kBool) {
      line[place] = now != 0;
    } else if (pending.if_any) {
      line[place] = static_cast<std::int64_t>(now);
    } else {
      line[place] = now;
    }
  }
  return line;
}

}  // namespace gdm::nn
