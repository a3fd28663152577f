// What gdm-featbank, gdm-synth and gdm-recon share: cases held against a bank, and a bank in words.
#pragma once

#include <string>

#include "engine/bank.hpp"
#include "io/json.hpp"
#include "io/manifest.hpp"

namespace gdm::cli {

/// A bank's description as `gdm-featbank info` prints it. `digest` is the payload's.
std::string bank_text(const Json& description, const std::string& digest);

/// A volume of a case with its mask in memory: its target, or the input of that name.
class BankCase {
 public:
  /// `input` empty: the target. The mask is the case's, or that of the body in the volume. Throws Error naming the
  /// case.
  BankCase(const Case& item, const std::string& input, const engine::FeatureBank& bank, std::int64_t patches);
  const engine::BankSubject& subject() const { return subject_; }

 private:
  Volume volume_;
  Mask mask_;
  engine::BankSubject subject_;
};

/// One line about each level, retrieval and the outlier score.
std::string query_text(const Json& query);

Json score_json(const engine::OutlierScore& score);

}  // namespace gdm::cli
