#include "bank/bank.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "bank/levels.hpp"
#include "image/voxel_edge.hpp"
#include "nn/host.hpp"
#include "sys/error.hpp"

namespace gdm::bank {
namespace {

bool all_below(const Tensor& numbers, std::size_t end) {
  return numbers.numel() == 0 || (numbers.min().item<std::int64_t>() >= 0 &&
                                  numbers.max().item<std::int64_t>() < static_cast<std::int64_t>(end));
}

}  // namespace

bool Stratum::operator<(const Stratum& other) const {
  return std::tie(anatomy, axial_bin, user) < std::tie(other.anatomy, other.axial_bin, other.user);
}

std::string Stratum::name() const {
  return fmt::format("{} axial {}{}{}", anatomy, axial_bin + 1, user.empty() ? "" : " ", user);
}

Json Stratum::json() const {
  return {{"name", name()}, {"anatomy", anatomy}, {"axial_bin", axial_bin}, {"user", user}};
}

Stratum Stratum::from_json(const Json& json) {
  return {json.at("anatomy").get<std::string>(), json.at("axial_bin").get<std::int64_t>(),
          json.at("user").get<std::string>()};
}

BankRows load_rows(const SafetensorsFile& file, const std::string& key, std::size_t patients, std::size_t strata) {
  BankRows rows{nn::load_tensor(file, key),
                nn::load_tensor(file, key + bank_tensor::priority),
                nn::load_tensor(file, key + bank_tensor::patient),
                nn::load_tensor(file, key + bank_tensor::stratum),
                {}};
  const auto fits = [&](const Tensor& numbers, torch::ScalarType type) {
    return numbers.scalar_type() == type && numbers.dim() == 1 && numbers.size(0) == rows.vectors.size(0);
  };
  if (rows.vectors.dim() != 2 || rows.vectors.scalar_type() != torch::kFloat16 || !fits(rows.priority, torch::kInt64) ||
      !fits(rows.patient, torch::kInt32) || !fits(rows.stratum, torch::kInt32)) {
    throw Error(fmt::format("{}: {}: vectors, priorities, patients and strata do not belong together",
                            file.path().string(), key));
  }
  if (!all_below(rows.patient, patients) || !all_below(rows.stratum, strata)) {
    throw Error(
        fmt::format("{}: {}: a row names a patient or stratum that is not in the lists", file.path().string(), key));
  }
  return rows;
}

RealBank::RealBank(const std::filesystem::path& path, torch::Device device) : device_(device) {
  const SafetensorsFile file(path);
  file.require_kind("bank");
  description_ = file.description();
  digest_ = file.payload_sha256();
  encoder_ = nn::load_encoder(file, description_.value("encoder_file", Json::object()), bank_tensor::encoder, device);
  with_context(path.string(), [&] { read_description(); });
  for (const auto& [key, scale] : scales_) {
    BankRows& rows = rows_[key];
    rows = load_rows(file, key, patients_.size(), strata_.size());
    rows.vectors = rows.vectors.to(device);
    rows.weight = nn::load_tensor(file, key + bank_tensor::weight);
    if (rows.weight.scalar_type() != torch::kFloat32 || rows.weight.dim() != 1 || rows.weight.size(0) != rows.size() ||
        !(rows.weight.min().item<float>() >= 0) || !(rows.weight.sum().item<float>() > 0)) {
      throw Error(fmt::format("{}: {}: weights and vectors do not belong together", path.string(), key));
    }
    statistics_[key] = {nn::load_tensor(file, key + bank_tensor::mean),
                        nn::load_tensor(file, key + bank_tensor::deviation)};
  }
}

void RealBank::read_description() {
  try {
    const Json& build = description_.at("build");
    patch_ = build.at("patch_voxels").get<std::int64_t>();
    training_patch_ = build.at("training_patch_voxels").get<model::PatchShape>();
    tokens_per_patch_ = build.at("tokens_per_patch").get<std::int64_t>();
    const Json& edges = description_.at("voxel_edge_mm");
    edges_mm_ = {edges.at("least").get<double>(), edges.at("median").get<double>(), edges.at("largest").get<double>()};
    patients_ = description_.at("patients").get<std::vector<std::string>>();
    for (const Json& stratum : description_.at("strata")) strata_.push_back(Stratum::from_json(stratum));
    for (const auto& [key, level] : description_.at("keys").items()) {
      scales_[key] = level.at("mean_distance").get<double>();
    }
  } catch (const JsonError& error) {
    throw Error(std::string("incomplete bank description: ") + error.what());
  }
  if (description_.value("encoder_digest", "") != encoder_.digest) {
    throw Error("the encoder in the bank is not the one that made its features");
  }
  if (scales_.empty()) throw Error("the bank holds no features");
}

bool RealBank::fits_edge(double edge_mm) const {
  return edge_fits(edge_mm, edges_mm_[0], edges_mm_[2]);
}

void RealBank::require_edge(double edge_mm) const {
  if (fits_edge(edge_mm)) return;
  throw Error(fmt::format(
      "made from patches with voxel edges of {:.2f} to {:.2f} mm, the data have {:.2f} mm, outside by a factor of more "
      "than {:g}",
      edges_mm_[0], edges_mm_[2], edge_mm, edge_tolerance));
}

std::int32_t RealBank::patient_number(const std::string& patient) const {
  const auto place = std::find(patients_.begin(), patients_.end(), patient);
  return place == patients_.end() ? -1 : static_cast<std::int32_t>(place - patients_.begin());
}

std::map<std::string, Tensor> RealBank::vectors_of(const std::string& level) const {
  std::map<std::string, Tensor> vectors;
  for (const auto& [key, rows] : rows_) {
    if (level_of(key) == level) vectors[key] = rows.vectors;
  }
  return vectors;
}

Tensor RealBank::sample(const std::string& key, std::int64_t count, at::Generator& generator,
                        const Selection& selection) const {
  const BankRows& all = rows_.at(key);
  Tensor allowed = torch::ones({all.size()}, torch::kBool);
  if (selection.stratum >= 0) allowed.logical_and_(all.stratum.eq(selection.stratum));
  for (const std::int32_t patient : selection.without_patients) allowed.logical_and_(all.patient.ne(patient));
  const Tensor some = allowed.nonzero().flatten();
  const Tensor rows =
      some.index_select(0, weighted_draw(all.weight.index_select(0, some), std::min(count, some.size(0)), generator));
  return all.vectors.index_select(0, nn::to_device(rows, all.vectors.device())).to(torch::kFloat32);
}

void Ring::push(const Tensor& vectors, std::int64_t batch) {
  const Tensor rows = vectors.detach().to(torch::kFloat32);
  if (!data_.defined()) {
    data_ = torch::zeros({capacity_, rows.size(1)}, rows.options());
    batches_.resize(static_cast<std::size_t>(capacity_));
  }
  const std::int64_t n = std::min(rows.size(0), capacity_);
  const Tensor where = nn::to_device((torch::arange(n, torch::kInt64) + pushed_).remainder(capacity_), rows.device());
  data_.index_copy_(0, where, rows.slice(0, 0, n));
  for (std::int64_t row = 0; row < n; ++row) batches_[static_cast<std::size_t>((pushed_ + row) % capacity_)] = batch;
  pushed_ += n;
}

Tensor Ring::remembered(std::int64_t batch) const {
  std::vector<std::int64_t> young;
  for (std::int64_t row = 0; row < filled(); ++row) {
    const std::int64_t made = batches_[static_cast<std::size_t>(row)];
    if (made >= 0 && batch - made <= most_batches_) young.push_back(row);
  }
  if (young.empty()) return {};
  if (static_cast<std::int64_t>(young.size()) == filled()) return rows();
  return data_.index_select(0, nn::to_device(torch::tensor(young), data_.device()));
}

void Ring::forget(std::int64_t batch) {
  std::replace(batches_.begin(), batches_.end(), batch, std::int64_t{-1});
}

Tensor Ring::rows() const {
  return data_.defined() ? data_.slice(0, 0, filled()) : Tensor();
}

std::vector<std::int64_t> Ring::batches() const {
  return {batches_.begin(), batches_.begin() + filled()};
}

void Ring::restore(const Tensor& rows, const std::vector<std::int64_t>& batches, std::int64_t pushed) {
  data_ = torch::zeros({capacity_, rows.size(1)}, rows.options());
  data_.slice(0, 0, rows.size(0)).copy_(rows);
  batches_ = batches;
  batches_.resize(static_cast<std::size_t>(capacity_));
  pushed_ = pushed;
}

}  // namespace gdm::bank
