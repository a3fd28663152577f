// Which objectives do unrelated networks agree on? For patches of the val split and what a generator predicts there,
// prints the cosine, at the predicted voxels, between the gradients of one objective in the features of several
// encoders, for each kind of objective. An encoder's artefacts are its own; what others share is more likely anatomy.
//   agreement-bench MODEL MANIFEST PATCHES VIEWS BANK BANK...
// The diagonal holds the cosine between two halves of the views, the ceiling that noise leaves. The last column is the
// cosine with target - prediction: how far the objective asks for what is missing.
#include <fmt/format.h>

#include <cstdlib>
#include <functional>
#include <memory>

#include "data/samples.hpp"
#include "nn/generator.hpp"
#include "nn/step_generator.hpp"
#include "objective/encoder_objective.hpp"

using namespace gdm;
using torch::Tensor;

namespace {

constexpr int warm_up = 24;  // patches that fill the rings and the averages first

struct Kind {
  std::string name;
  objective::EncoderObjectiveOptions options;
  int tap = -1;  ///< of the perceptual loss alone; -1: see options
};

std::vector<Kind> kinds(const nn::HuMap& units, double edge_mm) {
  std::vector<Kind> out;
  const auto add = [&](const std::string& name, bool drift, double g, double l, double s, double pairs) {
    Kind kind{name, {}, -1};
    (drift ? kind.options.drift_share : kind.options.perceptual_share) = 1.0;
    kind.options.drift.weight_global = g;
    kind.options.drift.weight_local = l;
    kind.options.drift.weight_spatial = s;
    kind.options.drift.pair_weight = pairs;
    kind.options.seeing.units = units;
    kind.options.seeing.edge_mm = edge_mm;
    out.push_back(kind);
  };
  add("perceptual, all taps", false, 0, 0, 0, 1);
  for (int tap = 0; tap < 3; ++tap) {
    add(fmt::format("perceptual, tap {}", tap + 1), false, 0, 0, 0, 1);
    out.back().tap = tap;
  }
  add("drift, global", true, 1, 0, 0, 1);
  add("drift, local", true, 0, 1, 0, 1);
  add("drift, local, marginal", true, 0, 1, 0, 0);
  add("drift, global, marginal", true, 1, 0, 0, 0);
  add("drift, spatial", true, 0, 0, 1, 1);
  add("drift, all levels", true, 0.25, 0.5, 1, 1);
  return out;
}

double cosine(const Tensor& a, const Tensor& b) {
  return ((a * b).sum() / (a.norm() * b.norm()).clamp_min(1e-30)).item<double>();
}

/// Mean gradient over views first .. first + count - 1 of one patch.
Tensor mean_gradient(const Kind& kind, const bank::RealBank& bank, objective::EncoderObjective& objective,
                     const objective::OutputPatch& patch, std::int64_t number, int first, int count) {
  Tensor sum = torch::zeros_like(patch.target);
  for (int view = first; view < first + count; ++view) {
    at::Generator generator = nn::step_generator(7, number * 1000 + view);
    if (kind.tap < 0) {
      sum += objective.gradients(patch, generator).at(0).gradient;
      continue;
    }
    objective::Seeing seeing = kind.options.seeing;
    seeing.size = bank.patch();
    auto pair = objective::feature_pair(bank.encoder(), patch, seeing, generator);
    const auto tap = std::min(static_cast<std::size_t>(kind.tap), pair.real.size() - 1);
    pair.predicted = {pair.predicted[tap]};
    pair.real = {pair.real[tap]};
    const Tensor loss = objective::perceptual_loss(pair);
    if (loss.defined()) sum += torch::autograd::grad({loss}, {patch.predicted})[0];
  }
  return sum * patch.mask;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 7) {
    fmt::print(stderr, "agreement-bench MODEL MANIFEST PATCHES VIEWS BANK BANK...\n");
    return 2;
  }
  const torch::Device cpu(torch::kCPU);
  nn::LoadedGenerator model = nn::load_generator(argv[1], cpu);
  model.network->eval();
  const Manifest manifest = read_manifest(argv[2]);
  const int patches = std::atoi(argv[3]), half = std::max(1, std::atoi(argv[4]) / 2);
  std::vector<std::shared_ptr<const bank::RealBank>> banks;
  for (int i = 5; i < argc; ++i) banks.push_back(std::make_shared<const bank::RealBank>(argv[i], cpu));
  Provenance provenance("agreement-bench", {});
  const auto samples =
      data::load_samples(data::usable_cases(manifest, "val"), model.config.conditions, model.config.hu_map, provenance);
  const data::PatchSampler sampler(samples, model.config.patch, 1, 5);
  const auto patch_at = [&](std::int64_t n) {
    const data::Batch batch = sampler.draw(n, cpu);
    const torch::NoGradGuard no_grad;
    return objective::OutputPatch{model.network(batch.conditions).detach().requires_grad_(true), batch.target,
                                  batch.mask, batch.host_mask};
  };
  const std::size_t n = banks.size();
  for (const Kind& kind : kinds(model.config.hu_map, data::median_edge_mm(samples))) {
    std::vector<std::unique_ptr<objective::EncoderObjective>> objectives;
    for (const auto& bank : banks) {
      objectives.push_back(std::make_unique<objective::EncoderObjective>("e", bank, kind.options));
      for (int i = 0; i < warm_up && kind.options.drift_share > 0; ++i) {
        at::Generator generator = nn::step_generator(6, i);
        objectives.back()->gradients(patch_at(i), generator);
      }
    }
    std::vector<double> table(n * (n + 1), 0.0);
    for (int w = 0; w < patches; ++w) {
      const objective::OutputPatch patch = patch_at(warm_up + w);
      std::vector<Tensor> whole, one, two;
      for (std::size_t e = 0; e < n; ++e) {
        one.push_back(mean_gradient(kind, *banks[e], *objectives[e], patch, w, 0, half));
        two.push_back(mean_gradient(kind, *banks[e], *objectives[e], patch, w, half, half));
        whole.push_back(one.back() + two.back());
      }
      const Tensor missing = (patch.predicted.detach() - patch.target) * patch.mask;
      for (std::size_t a = 0; a < n; ++a) {
        for (std::size_t b = 0; b < n; ++b) {
          table[a * (n + 1) + b] += (a == b ? cosine(one[a], two[a]) : cosine(whole[a], whole[b])) / patches;
        }
        table[a * (n + 1) + n] += cosine(whole[a], missing) / patches;
      }
    }
    fmt::print("{}\n", kind.name);
    for (std::size_t a = 0; a < n; ++a) {
      fmt::print("  {:28}", std::filesystem::path(argv[5 + a]).stem().string());
      for (std::size_t b = 0; b <= n; ++b) fmt::print(" {:6.3f}", table[a * (n + 1) + b]);
      fmt::print("\n");
    }
    std::fflush(stdout);
  }
  return 0;
}
