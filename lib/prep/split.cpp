#include "prep/split.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <numeric>
#include <sstream>

#include "sys/error.hpp"
#include "sys/sha256.hpp"

namespace gdm::prep {
namespace {

/// Uniform on [0, 1) over patients.
double place_of(const std::string& patient, std::uint64_t seed) {
  const std::string text = fmt::format("gdm split {} {}", seed, patient);
  constexpr int digits = 13;  // 52 bits, which a double holds
  const std::string hex = sha256_hex(text.data(), text.size()).substr(0, digits);
  return std::ldexp(static_cast<double>(std::stoull(hex, nullptr, 16)), -4 * digits);
}

std::map<std::string, std::string> by_percent(const std::map<std::string, double>& patients,
                                              const SplitShares& shares) {
  std::map<std::string, std::string> splits;
  for (const auto& [patient, place] : patients) {
    const double at = 100 * place;
    splits[patient] = at < shares.share[2] ? "test" : at < shares.share[2] + shares.share[1] ? "val" : "train";
  }
  return splits;
}

/// How many patients go to train, val and test.
std::array<std::size_t, 3> sizes(const SplitShares& shares, std::size_t patients) {
  std::array<std::size_t, 3> size{};
  for (std::size_t n = 0; n < 3; ++n) size[n] = static_cast<std::size_t>(shares.share[n]);
  const std::size_t sum = size[0] + size[1] + size[2];
  if (sum > patients || (shares.rest < 0 && sum != patients)) {
    throw Error(fmt::format("--split: {} patients asked for, there are {}; expected percent that add up to 100, or "
                            "numbers of patients with 'rest' for one of them",
                            sum, patients),
                Exit::usage);
  }
  if (shares.rest >= 0) size[static_cast<std::size_t>(shares.rest)] = patients - sum;
  return size;
}

std::map<std::string, std::string> by_count(const std::map<std::string, double>& patients, const SplitShares& shares) {
  const std::array<std::size_t, 3> size = sizes(shares, patients.size());
  std::vector<std::pair<double, std::string>> order;
  for (const auto& [patient, place] : patients) order.emplace_back(place, patient);
  std::sort(order.begin(), order.end());
  std::map<std::string, std::string> splits;
  for (std::size_t n = 0; n < order.size(); ++n) {
    splits[order[n].second] = n < size[2] ? "test" : n < size[2] + size[1] ? "val" : "train";
  }
  return splits;
}

}  // namespace

SplitShares parse_split(const std::string& text) {
  SplitShares shares;
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  const auto refuse = [&text]() {
    throw Error(
        fmt::format("'{}' is not TRAIN,VAL,TEST: percent such as 70,15,15, or patients such as rest,8,12", text),
        Exit::usage);
  };
  if (parts.size() != 3 || text.back() == ',') refuse();
  bool whole = true;
  for (std::size_t n = 0; n < 3; ++n) {
    if (parts[n] == "rest" && shares.rest < 0) {
      shares.rest = static_cast<int>(n);
      continue;
    }
    double& share = shares.share[n];
    const auto parsed = std::from_chars(parts[n].data(), parts[n].data() + parts[n].size(), share);
    if (parsed.ec != std::errc() || parsed.ptr != parts[n].data() + parts[n].size() || !(share >= 0 && share < 1e9)) {
      refuse();
    }
    whole = whole && share == std::floor(share);
  }
  const double sum = std::accumulate(shares.share.begin(), shares.share.end(), 0.0);
  shares.percent = shares.rest < 0 && std::abs(sum - 100) < 1e-9;
  if (!shares.percent && !whole) refuse();
  return shares;
}

void split_by_patient(std::vector<Case>& cases, const SplitShares& shares, std::uint64_t seed) {
  std::map<std::string, double> patients;
  for (const Case& item : cases) patients.emplace(item.patient(), 0);
  for (auto& [patient, place] : patients) place = place_of(patient, seed);
  const std::map<std::string, std::string> splits =
      shares.percent ? by_percent(patients, shares) : by_count(patients, shares);
  for (Case& item : cases) item.split = splits.at(item.patient());
}

}  // namespace gdm::prep
