#include "bank/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "bank/distances.hpp"
#include "sys/quantile.hpp"

namespace gdm::bank {
namespace {

constexpr double least_deviation = 1e-6;
constexpr double least_variance = 1e-12;
constexpr std::int64_t most_whitened = 2048;
constexpr std::int64_t most_compared = 1024;  // rows; they stand by priority, so the first ones are a random sample

}  // namespace

std::vector<double> rising_values(const Tensor& values) {
  const Tensor finite = values.masked_select(torch::isfinite(values)).to(torch::kCPU, torch::kFloat64).contiguous();
  std::vector<double> out(finite.data_ptr<double>(), finite.data_ptr<double>() + finite.numel());
  std::sort(out.begin(), out.end());
  return out;
}

double mean_distance(const Tensor& vectors) {
  const std::int64_t n = vectors.size(0), step = std::max<std::int64_t>(1, n / 512);
  const Tensor some = vectors.slice(0, 0, n, step).to(torch::kFloat32);
  const std::int64_t m = some.size(0);
  if (m < 2) return 0;
  return torch::cdist(some, some).sum().item<double>() / static_cast<double>(m * (m - 1));
}

double effective_rank(const Tensor& vectors) {
  if (vectors.size(0) < 2) return 0;
  const Tensor x = vectors.to(torch::kFloat64);
  const Tensor centred = x - x.mean(0, true);
  const Tensor values = torch::linalg_eigvalsh(centred.t().mm(centred), "L").clamp_min(0.0);
  const double sum = values.sum().item<double>();
  if (!(sum > 0)) return 0;
  const Tensor part = values / sum;
  return std::exp(-(part * part.clamp_min(std::numeric_limits<double>::min()).log()).sum().item<double>());
}

ChannelStatistics channel_statistics(const Tensor& vectors) {
  const Tensor x = vectors.to(torch::kFloat64);
  const Tensor mean = x.mean(0), variance = (x - mean).square().mean(0);
  return {mean.to(torch::kFloat32), variance.sqrt().clamp_min(least_deviation).to(torch::kFloat32)};
}

PatchSpace::PatchSpace(const std::map<std::string, Tensor>& entries) {
  for (const auto& [key, rows] : entries) statistics_[key] = channel_statistics(rows.to(torch::kCPU));
  const Tensor x = standardised(entries).to(torch::kCPU, torch::kFloat64);
  if (x.size(1) > most_whitened) return;
  const auto [values, vectors] = torch::linalg_eigh(x.t().mm(x), "L");
  const Tensor ridge = values.clamp_min(0.0) + (whitening_ridge * values.max().item<double>() + least_variance);
  whitening_ = (vectors / (ridge / static_cast<double>(x.size(0))).sqrt()).to(torch::kFloat32);
}

Tensor PatchSpace::standardised(const std::map<std::string, Tensor>& rows) const {
  std::vector<Tensor> parts;
  for (const auto& [key, statistics] : statistics_) {
    const auto device = rows.at(key).device();
    const double weight = std::sqrt(static_cast<double>(statistics.mean.numel()));
    parts.push_back((rows.at(key).to(torch::kFloat32) - statistics.mean.to(device)) /
                    (statistics.deviation.to(device) * weight));
  }
  return torch::cat(parts, 1);
}

Tensor PatchSpace::project(const std::map<std::string, Tensor>& rows) const {
  const Tensor x = standardised(rows);
  return whitening_.defined() ? x.mm(whitening_.to(x.device())) : x;
}

double outlier_score(const Tensor& nearest_distances) {
  const std::vector<double> patches = rising_values(nearest_distances.mean(1));
  return quantile_of_sorted(patches, 0.5);
}

std::vector<double> left_out_scores(const Tensor& points, const Tensor& patients) {
  const auto* number = patients.data_ptr<std::int32_t>();
  std::map<std::int32_t, std::vector<std::int64_t>> rows;
  for (std::int64_t n = 0; n < patients.size(0); ++n) rows[number[n]].push_back(n);
  if (rows.size() < 2) return {};
  const Tensor distance = nearest(points, patients, points, patients, nearest_rows).distance;
  std::vector<double> scores;
  for (const auto& [patient, own] : rows) {
    const double score = outlier_score(distance.index_select(0, torch::tensor(own, torch::kInt64)));
    if (std::isfinite(score)) scores.push_back(score);
  }
  std::sort(scores.begin(), scores.end());
  return scores;
}

Json describe_rows(const BankRows& rows, std::size_t strata) {
  std::vector<std::int64_t> of_stratum(strata, 0);
  std::vector<double> weights(strata, 0);
  std::set<std::int32_t> patients;
  for (std::int64_t n = 0; n < rows.size(); ++n) {
    const auto stratum = static_cast<std::size_t>(rows.stratum[n].item<std::int32_t>());
    ++of_stratum[stratum];
    weights[stratum] += static_cast<double>(rows.weight[n].item<float>());
    patients.insert(rows.patient[n].item<std::int32_t>());
  }
  const Tensor some = rows.vectors.slice(0, 0, most_compared).to(torch::kFloat32);
  const Tensor owners = rows.patient.slice(0, 0, most_compared);
  const auto between = rising_values(nearest(some, owners, some, owners, 1).distance);
  Json json{{"count", rows.size()},
            {"channels", rows.vectors.size(1)},
            {"patients", patients.size()},
            {"strata", of_stratum},
            {"strata_weights", weights},
            {"mean_distance", mean_distance(rows.vectors)},
            {"effective_rank", effective_rank(rows.vectors)}};
  if (!between.empty()) {
    json["nearest_other_patient"] = {quantile_of_sorted(between, 0.05), quantile_of_sorted(between, 0.5),
                                     quantile_of_sorted(between, 0.95)};
  }
  return json;
}

}  // namespace gdm::bank
