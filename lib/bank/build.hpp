// Building a bank of real features, whole or in shards, and checking one.
#pragma once

#include "engine/bank.hpp"
#include "engine/compute.hpp"
#include "io/json.hpp"
#include "io/manifest.hpp"
#include "io/sidecar.hpp"

namespace gdm::bank {

/// Random patches of the targets of a split, seen as the drift will see them (bank/levels.hpp, random view), through
/// the encoder into a bank or a shard of one. Memory: two volumes and the bank. Throws
/// StopRequested after a signal; nothing is written then.
void build_bank(const Manifest& manifest, const engine::BankOptions& options, const engine::Compute& compute,
                Provenance& provenance);

/// Throws Error naming the file if a shard is missing, there twice, or made in another way than the first.
void merge_banks(const std::vector<std::filesystem::path>& shards, const std::filesystem::path& output,
                 Overwrite overwrite, Provenance& provenance);

/// Digests are checked by opening; then values, counts, statistics and encoder; with a manifest also the rows of
/// `options.cases` cases, computed anew. Throws Error for the first thing that is wrong.
Json verify_bank(const engine::BankVerifyOptions& options, const Manifest* manifest, const engine::Compute& compute,
                 Provenance& provenance);

}  // namespace gdm::bank
