// Whether models may be given scans of other views, filters or photons than those that they were trained on.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "cli/app.hpp"
#include "io/json.hpp"

namespace gdm::cli {

class AcquisitionCheck {
 public:
  /// `any`: no difference is an error.
  explicit AcquisitionCheck(bool any) : any_(any) {}

  /// Throws Error for a scan that differs from those of the training (model/acquisition.hpp) unless any may pass; warns
  /// of what differs less or is not known, once for the same difference. `input`: which of the model's it is; `name`
  /// begins both messages.
  void check(const Json& model, const std::string& input, const Json& acquisition, const std::string& name);
  /// The same for what a reconstruction of this sinogram for the model would tell. Throws Error if it is not there.
  void check_sinogram(const Json& model, const std::vector<std::string>& inputs, const fs::path& sinogram);

 private:
  bool any_;
  std::set<std::string> differences_;  ///< that a warning has named
};

}  // namespace gdm::cli
