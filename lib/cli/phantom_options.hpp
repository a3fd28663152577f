// The options of gdm-phantom and what they mean together.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/app.hpp"
#include "phantom/phantom.hpp"

namespace gdm::cli {

struct PhantomOptions {
  fs::path folder;
  // The anatomy: a kind, or label maps.
  std::int64_t count = 10;
  std::string kind = "head";
  std::int64_t shape = 96;
  fs::path labels;
  std::int64_t variants = 1;
  double deformation_mm = 3;
  double spacing_mm = 2;
  fs::path tissues;
  // The scans.
  std::string sequence = "se";
  std::optional<double> tr_ms, te_ms, flip_deg, snr, thickness_mm;
  std::string field_strength = "1.5";
  bool susceptibility = false, beam_hardening = false, truth = false;
  std::int64_t metal = 0;
  double misregistration_mm = 0;

  bool from_labels() const { return !labels.empty(); }
};

void declare(CLI::App& app, PhantomOptions& options);

/// Throws Error (Exit::usage) for options that are of no use beside others.
void refuse_useless(const CLI::App& app, const PhantomOptions& options);

/// The scans, with the usual times of the sequence where none are given: TR 500 and TE 12 ms for a spin echo, TR 25, TE
/// 5 ms and 30 degrees for a spoiled gradient echo. Throws Error (Exit::usage) for a protocol that cannot be.
phantom::Protocol protocol_of(const PhantomOptions& options);

/// The same for sidecars and manifests.
Json json_of(const phantom::Protocol& protocol);

}  // namespace gdm::cli
