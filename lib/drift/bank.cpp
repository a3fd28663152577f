#include "drift/bank.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace gdm::drift {
namespace {

constexpr const char* patient_suffix = ".patient";
constexpr const char* encoder_prefix = "encoder.";
}  // namespace

RealBank::RealBank(const std::filesystem::path& path, torch::Device device) {
  const SafetensorsFile file(path);
  file.require_kind("bank");
  description_ = file.description();
  digest_ = file.payload_sha256();
  encoder_ = nn::load_encoder(file, description_.value("encoder_file", nlohmann::ordered_json::object()),
                              encoder_prefix, device);
  with_context(path.string(), [&] {
    try {
      window_ = description_.at("window_voxels").get<std::int64_t>();
      for (const auto& [key, level] : description_.at("keys").items()) {
        scales_[key] = level.at("mean_distance").get<double>();
      }
    } catch (const nlohmann::json::exception& error) {
      throw Error(std::string("incomplete bank description: ") + error.what());
    }
    if (description_.value("encoder_digest", "") != encoder_.digest) {
      throw Error("the encoder in the bank is not the one that made its features");
    }
    if (scales_.empty()) throw Error("the bank holds no features");
  });
  for (const auto& [key, scale] : scales_) features_[key] = nn::load_tensor(file, key).to(device);
}

Tensor RealBank::sample(const std::string& key, std::int64_t count, at::Generator& generator) const {
  const Tensor& all = features_.at(key);
  const std::int64_t n = all.size(0);
  const Tensor rows = torch::randperm(n, generator).slice(0, 0, count);
  return all.index_select(0, rows.to(all.device())).to(torch::kFloat32);
}

void BankBuilder::add(const std::string& key, const Tensor& vectors, std::int64_t patient) {
  Rows& rows = rows_[key];
  rows.vectors.push_back(vectors.detach().to(torch::kCPU).to(torch::kFloat16));
  rows.patients.push_back(torch::full({vectors.size(0)}, patient, torch::kInt32));
}

std::string BankBuilder::write(const std::filesystem::path& path, nlohmann::ordered_json description,
                               const nn::FrozenEncoder& encoder, Overwrite overwrite) const {
  nn::TensorWriter writer;
  auto keys = nlohmann::ordered_json::object();
  for (const auto& [key, rows] : rows_) {
    const Tensor vectors = torch::cat(rows.vectors);
    writer.add(key, vectors);
    writer.add(key + patient_suffix, torch::cat(rows.patients));
    keys[key] = {{"count", vectors.size(0)}, {"channels", vectors.size(1)}, {"mean_distance", mean_distance(vectors)}};
  }
  description["kind"] = "bank";
  description["keys"] = keys;
  description["encoder_digest"] = encoder.digest;
  description["encoder_file"] = encoder.description;
  writer.add(encoder_prefix, nn::named_state(*encoder.network));
  return writer.write(path, description, overwrite);
}

double mean_distance(const Tensor& vectors) {
  const std::int64_t n = vectors.size(0), step = std::max<std::int64_t>(1, n / 512);
  const Tensor some = vectors.slice(0, 0, n, step).to(torch::kFloat32);
  const std::int64_t m = some.size(0);
  if (m < 2) return 0;
  return torch::cdist(some, some).sum().item<double>() / static_cast<double>(m * (m - 1));
}

void Ring::push(const Tensor& vectors) {
  const Tensor rows = vectors.detach().to(torch::kFloat32);
  if (!data_.defined()) data_ = torch::zeros({capacity_, rows.size(1)}, rows.options());
  const std::int64_t n = std::min(rows.size(0), capacity_);
  const Tensor where = (torch::arange(n, torch::kInt64) + pushed_).remainder(capacity_).to(rows.device());
  data_.index_copy_(0, where, rows.slice(0, 0, n));
  pushed_ += n;
}

Tensor Ring::content() const {
  return data_.defined() ? data_.slice(0, 0, filled()) : Tensor();
}

void Ring::restore(const Tensor& content, std::int64_t pushed) {
  data_ = torch::zeros({capacity_, content.size(1)}, content.options());
  data_.slice(0, 0, content.size(0)).copy_(content);
  pushed_ = pushed;
}

}  // namespace gdm::drift
