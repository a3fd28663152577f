#include "train/build_bank.hpp"

#include "drift/bank.hpp"
#include "drift/levels.hpp"
#include "sys/log.hpp"
#include "sys/progress.hpp"
#include "sys/signals.hpp"
#include "train/data.hpp"

namespace gdm::train {
namespace {

/// Vectors of one window: global ones all, of the other levels up to `tokens` for each map, from inside the patient.
void add_window(const std::vector<drift::Candidates>& found, std::int64_t tokens, std::int64_t patient,
                at::Generator& generator, drift::BankBuilder& builder) {
  for (const drift::Candidates& candidates : found) {
    const std::string level = drift::level_of(candidates.key);
    Tensor vectors = candidates.vectors;
    if (level == "local") {
      vectors = drift::gather_rows(vectors, drift::choose(candidates.inside, tokens, generator));
    } else if (level == "spatial") {
      const Tensor block = drift::choose(candidates.inside, 1, generator);
      if (block.size(1) == 0) continue;
      const Tensor cells = drift::gather_blocks(vectors, block);
      const Tensor all = torch::ones({cells.size(0), cells.size(1)}, torch::kBool);
      vectors = drift::gather_rows(cells, drift::choose(all, tokens, generator).to(cells.device()));
    }
    if (vectors.size(1) > 0) builder.add(candidates.key, vectors.reshape({-1, vectors.size(2)}), patient);
  }
}

bool build(const Manifest& manifest, const net::BankOptions& options, const net::Compute& compute,
           Provenance& provenance) {
  const c10::InferenceMode inference;
  const torch::Device device = nn::device_from_text(compute.device);
  const nn::FrozenEncoder encoder = nn::load_encoder(options.encoder, device);
  provenance.add_source(options.encoder);
  const std::vector<Case> cases = usable_cases(manifest, "train");
  const nn::HuMap& units = encoder.input.hu_map;
  drift::BankBuilder builder;
  auto patients = nlohmann::ordered_json::array();
  Progress progress("bank", static_cast<std::int64_t>(cases.size()), "case");
  for (std::size_t c = 0; c < cases.size(); ++c) {
    const std::vector<Sample> samples{load_sample(cases[c], {}, units, provenance)};
    const WindowSampler sampler(samples, options.window, 1, compute.seed + c);
    patients.push_back(cases[c].patient());
    for (std::int64_t w = 0; w < options.windows_per_case; ++w) {
      throw_if_stop_requested();
      at::Generator generator =
          drift::step_generator(compute.seed, static_cast<std::int64_t>(c) * options.windows_per_case + w);
      const Batch batch = sampler.draw(w, device);
      const auto view = drift::View::random(options.window, options.window, generator);
      const auto maps = encoder.features(view.apply(batch.target), units);
      add_window(drift::candidates(encoder.taps(), maps, view.apply(batch.mask)), options.tokens_per_window,
                 static_cast<std::int64_t>(c), generator, builder);
    }
    progress.advance();
  }
  builder.write(options.output,
                {{"window_voxels", options.window},
                 {"windows_per_case", options.windows_per_case},
                 {"tokens_per_window", options.tokens_per_window},
                 {"seed", compute.seed},
                 {"split", "train"},
                 {"patients", patients},
                 {"provenance", provenance.json()}},
                encoder, options.overwrite);
  return true;
}

}  // namespace

bool build_bank(const Manifest& manifest, const net::BankOptions& options, const net::Compute& compute,
                Provenance& provenance) {
  try {
    return build(manifest, options, compute, provenance);
  } catch (const StopRequested&) {
    log_info("stopped by a signal; a bank is made in one go, the same command begins again");
    return false;
  }
}

}  // namespace gdm::train
