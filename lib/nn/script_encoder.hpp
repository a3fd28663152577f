// TorchScript encoders: networks that no description of layers covers. A script is code of its maker, so it is loaded
// only where that was asked for, and only if its bytes are those that were imported.
#pragma once

#include <filesystem>

#include "io/json.hpp"
#include "nn/encoder_network.hpp"

namespace gdm::nn {

/// Whether scripts may be loaded from now on (engine::Compute::allow_code); for the whole process, as the number of
/// threads is. At first they may not.
void set_code_allowed(bool allowed);

class ScriptEncoder : public EncoderNetwork {
 public:
  /// From {"architecture": "torchscript", "script_bytes", "script_sha256", "taps"}; prepare() loads the script, which
  /// stands as bytes in the buffer "script". Throws Error if scripts may not be loaded.
  static std::shared_ptr<ScriptEncoder> from_json(const Json& json);
  /// A TorchScript file: (B, 1, D, H, W) -> a list or tuple of maps (B, C, d, h, w). Channels, strides and receptive
  /// fields of its taps "t1", "t2", ... are found with random patches of 64 voxels; a field that reaches the patch's
  /// border is not known. Throws Error for other outputs.
  static std::shared_ptr<ScriptEncoder> from_file(const std::filesystem::path& path);

  ~ScriptEncoder() override;
  Json json() const;
  const std::vector<Tap>& taps() const override { return taps_; }
  /// Throws Error, before anything is run, if the bytes do not have the recorded SHA-256.
  void prepare(torch::Device device) override;

 private:
  ScriptEncoder(std::int64_t bytes, std::string sha256);
  /// The whole script is run, whatever `count` is.
  std::vector<Tensor> first_maps(const Tensor& x, std::size_t count) override;
  std::vector<Tensor> call(const Tensor& x) const;
  void probe();

  struct Script;
  std::unique_ptr<Script> script_;
  Tensor bytes_;
  std::string sha256_;
  std::vector<Tap> taps_;
};

}  // namespace gdm::nn
