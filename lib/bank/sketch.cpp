#include "bank/sketch.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sys/sha256.hpp"

namespace gdm::bank {
namespace {

constexpr std::int64_t least_pending = 4096;

BankRows joined(const std::vector<BankRows>& parts) {
  const auto cat = [&](Tensor BankRows::*member) {
    std::vector<Tensor> tensors;
    for (const BankRows& part : parts) tensors.push_back(part.*member);
    return torch::cat(tensors);
  };
  return {cat(&BankRows::vectors), cat(&BankRows::priority), cat(&BankRows::patient), cat(&BankRows::stratum), {}};
}

}  // namespace

std::int64_t row_priority(std::uint64_t seed, const std::string& case_id, std::int64_t patch, const std::string& key,
                          std::int64_t token) {
  const std::string name = fmt::format("{}\n{}\n{}\n{}\n{}", seed, patch, key, token, case_id);
  return static_cast<std::int64_t>(std::stoull(sha256_hex(name.data(), name.size()).substr(0, 16), nullptr, 16) >> 1U);
}

BankRows BankRows::select(const Tensor& rows) const {
  return {vectors.index_select(0, rows), priority.index_select(0, rows), patient.index_select(0, rows),
          stratum.index_select(0, rows), weight.defined() ? weight.index_select(0, rows) : Tensor()};
}

void RowSketch::add(const BankRows& rows) {
  SeenRows seen;
  const auto *patient = rows.patient.data_ptr<std::int32_t>(), *stratum = rows.stratum.data_ptr<std::int32_t>();
  for (std::int64_t n = 0; n < rows.size(); ++n) ++seen[{patient[n], stratum[n]}];
  merge(rows, seen);
}

void RowSketch::merge(const BankRows& rows, const SeenRows& seen) {
  for (const auto& [of, count] : seen) seen_[of] += count;
  if (rows.size() == 0) return;
  pending_.push_back(rows);
  pending_size_ += rows.size();
  if (pending_size_ > std::max(least_pending, kept_.size())) compact();
}

const BankRows& RowSketch::rows() {
  compact();
  return kept_;
}

/// A patient's rows beyond the limit are passed over in order of priority. This is exact under merging: the number of
/// rows below a priority that pass, the sum over patients of min(limit, rows below it), never falls when rows are
/// added.
void RowSketch::compact() {
  if (pending_.empty()) return;
  if (kept_.size() > 0) pending_.push_back(kept_);
  const BankRows all = joined(pending_);
  pending_.clear();
  pending_size_ = 0;
  const Tensor order = all.priority.argsort();
  const auto* at = order.data_ptr<std::int64_t>();
  const auto* patient = all.patient.data_ptr<std::int32_t>();
  const auto* stratum = all.stratum.data_ptr<std::int32_t>();
  std::map<std::int32_t, std::int64_t> of_stratum;
  std::map<std::pair<std::int32_t, std::int32_t>, std::int64_t> of_patient;
  std::vector<std::int64_t> stay;
  for (std::int64_t n = 0; n < all.size(); ++n) {
    const std::int64_t row = at[n];
    std::int64_t& in_stratum = of_stratum[stratum[row]];
    if (in_stratum >= limits_.per_stratum) continue;
    std::int64_t& own = of_patient[{stratum[row], patient[row]}];
    if (limits_.per_patient > 0 && own >= limits_.per_patient) continue;
    ++own;
    ++in_stratum;
    stay.push_back(row);
  }
  kept_ = all.select(torch::tensor(stay, torch::kInt64));
}

Tensor row_weights(const BankRows& rows, const SeenRows& seen) {
  std::map<std::int32_t, double> of_patient, of_stratum, present;
  for (const auto& [of, count] : seen) of_patient[of.first] += static_cast<double>(count);
  const auto share = [&](const std::pair<std::int32_t, std::int32_t>& of) {
    const auto found = seen.find(of);
    return found == seen.end() ? 0.0 : static_cast<double>(found->second) / of_patient.at(of.first);
  };
  SeenRows stayed;
  const Tensor patients = rows.patient.contiguous(), strata = rows.stratum.contiguous();
  const auto *patient = patients.data_ptr<std::int32_t>(), *stratum = strata.data_ptr<std::int32_t>();
  for (std::int64_t n = 0; n < rows.size(); ++n) ++stayed[{patient[n], stratum[n]}];
  for (const auto& [of, count] : seen) of_stratum[of.second] += share(of);
  for (const auto& [of, count] : stayed) present[of.second] += share(of);
  Tensor weight = torch::empty({rows.size()}, torch::kFloat64);
  for (std::int64_t n = 0; n < rows.size(); ++n) {
    const std::pair<std::int32_t, std::int32_t> of{patient[n], stratum[n]};
    const double known = present.at(of.second) > 0 ? of_stratum.at(of.second) / present.at(of.second) : 0.0;
    weight.data_ptr<double>()[n] = share(of) / static_cast<double>(stayed.at(of)) * known;
  }
  return (weight / weight.sum()).to(torch::kFloat32);
}

Tensor weighted_draw(const Tensor& weight, std::int64_t count, at::Generator& generator) {
  const Tensor order = torch::randperm(weight.size(0), generator);
  const Tensor rising = weight.to(torch::kFloat64).index_select(0, order).cumsum(0);
  const Tensor start = torch::rand({1}, generator, torch::kFloat64);
  const Tensor places = (torch::arange(count, torch::kFloat64) + start) * (rising[-1] / static_cast<double>(count));
  const Tensor found = torch::searchsorted(rising, places, /*out_int32=*/false, /*right=*/true);
  return order.index_select(0, found.clamp_max(weight.size(0) - 1));
}

Tensor k_centre(const Tensor& vectors, std::int64_t count) {
  const std::int64_t n = vectors.size(0);
  if (count >= n) return torch::arange(n, torch::kInt64);
  std::vector<std::int64_t> chosen{0};
  Tensor distance = (vectors - vectors[0]).square().sum(1);
  while (static_cast<std::int64_t>(chosen.size()) < count) {
    const auto farthest = distance.argmax().item<std::int64_t>();
    chosen.push_back(farthest);
    distance = torch::minimum(distance, (vectors - vectors[farthest]).square().sum(1));
    distance[farthest] = -1.0;  // not again, even where rows are the same
  }
  std::sort(chosen.begin(), chosen.end());
  return torch::tensor(chosen, torch::kInt64);
}

}  // namespace gdm::bank
