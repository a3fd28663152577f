#include "cli/tune.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "grade/grade.hpp"
#include "io/nifti/nifti.hpp"
#include "metrics/pixel.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/signals.hpp"
#include "sys/table.hpp"

namespace gdm::cli {
namespace {

/// Means over cases.
struct Score {
  double strength_mm = 0.0, mae_hu = 0.0, rmse_hu = 0.0, psnr_db = 0.0, residual = 0.0;
};

class Search {
 public:
  Search(std::vector<Case> cases, const TuneCommand& command) : cases_(std::move(cases)), command_(command) {
    for (const Case& item : cases_) {
      with_context(fmt::format("case '{}'", item.id), [&] {
        if (!item.target) throw Error("has no target to compare with");
        item.input("sinogram");
      });
    }
  }

  /// Doubles and halves from a first guess until the best lies between two worse ones, then looks half as far to each
  /// side. The error is taken for a valley of log(strength), so the best is off by less than a factor of 1.2.
  void run() {
    // What auto stands for is a matter of the scan; twice a step of the search more or less does no harm.
    const double first = strength_from_text("auto", command_.choice.weights != "none");
    constexpr int reach = 16;
    int best = 0;
    visit(first, 0), visit(first, -2), visit(first, 2);
    for (best = lowest(); std::abs(best) < reach && (!seen(best - 2) || !seen(best + 2)); best = lowest()) {
      visit(first, seen(best - 2) ? best + 2 : best - 2);
    }
    interior_ = std::abs(best) < reach;
    visit(first, best - 1), visit(first, best + 1);
  }

  const Score& best() const { return scores_.at(lowest()); }
  bool interior() const { return interior_; }
  std::vector<Score> table() const {
    std::vector<Score> table;
    for (const auto& [step, score] : scores_) table.push_back(score);
    return table;
  }

 private:
  double error(const Score& score) const { return command_.by == "mae" ? score.mae_hu : score.rmse_hu; }
  bool seen(int step) const { return scores_.count(step) > 0; }
  int lowest() const {
    int best = scores_.begin()->first;
    for (const auto& [step, score] : scores_) best = error(score) < error(scores_.at(best)) ? step : best;
    return best;
  }
  /// `step` counts factors of the square root of 2.
  void visit(double first, int step) {
    if (seen(step)) return;
    const Score score = score_of(first * std::pow(2.0, 0.5 * step));
    log_info(fmt::format("strength {:.3g} mm: MAE {:.2f} HU, RMSE {:.2f} HU", score.strength_mm, score.mae_hu,
                         score.rmse_hu));
    scores_[step] = score;
  }

  Score score_of(double strength_mm) const {
    IterativeChoice choice = command_.choice;
    choice.strength = fmt::format("{:.9g}", strength_mm);
    Score mean;
    for (const Case& item : cases_) {
      with_context(fmt::format("case '{}'", item.id), [&] {
        throw_if_stop_requested();
        const IterativeOutcome outcome = reconstruct(item.input("sinogram"), choice, start_of(choice, &item));
        const Volume target = read_volume(*item.target);
        const Mask mask = grade::mask_of(item, target);
        metrics::check_gradable(outcome.hu, target, mask);
        const auto metrics = metrics::pixel_metrics(outcome.hu, target, mask, {});
        mean.mae_hu += metrics.mae_hu;
        mean.rmse_hu += metrics.rmse_hu;
        mean.psnr_db += metrics.psnr_db;
        mean.residual += outcome.record.at("residual").get<double>();
      });
    }
    const auto count = static_cast<double>(cases_.size());
    return {strength_mm, mean.mae_hu / count, mean.rmse_hu / count, mean.psnr_db / count, mean.residual / count};
  }

  std::vector<Case> cases_;
  const TuneCommand& command_;
  std::map<int, Score> scores_;
  bool interior_ = true;
};

Json score_json(const Score& score) {
  return {{"strength_mm", score.strength_mm},
          {"mae_hu", score.mae_hu},
          {"rmse_hu", score.rmse_hu},
          {"psnr_db", score.psnr_db},
          {"residual", score.residual}};
}

std::string score_table(const Search& search) {
  std::vector<Row> rows{{"strength/mm", "MAE/HU", "RMSE/HU", "PSNR/dB", "residual", ""}};
  for (const Score& score : search.table()) {
    rows.push_back({fmt::format("{:.4g}", score.strength_mm), fmt::format("{:.2f}", score.mae_hu),
                    fmt::format("{:.2f}", score.rmse_hu), fmt::format("{:.2f}", score.psnr_db),
                    fmt::format("{:.5f}", score.residual),
                    score.strength_mm == search.best().strength_mm ? "best" : ""});
  }
  return aligned(rows, 0);
}

int run_tune(const Program& program, const TuneCommand& command) {
  const Manifest manifest = read_manifest(command.manifest);
  std::vector<Case> cases;
  for (const Case& item : manifest.split(command.split)) {
    if (item.error) {
      log_warning(fmt::format("case '{}' is left out: {}", item.id, *item.error));
    } else {
      cases.push_back(item);
    }
  }
  if (cases.empty()) throw Error(fmt::format("{}: no case is left to tune on", command.manifest.string()));
  const std::size_t count = cases.size();
  Search search(std::move(cases), command);
  search.run();
  if (!search.interior()) {
    log_warning("the best strength lies at the end of the range that was searched: it may lie beyond");
  }
  if (program.standard().json) {
    Json table = Json::array();
    for (const Score& score : search.table()) table.push_back(score_json(score));
    write_stdout(Json({{"split", command.split},
                       {"cases", count},
                       {"by", command.by},
                       {"best", score_json(search.best())},
                       {"table", std::move(table)}})
                     .dump(1) +
                 "\n");
  } else {
    write_stdout(score_table(search));
  }
  return 0;
}

}  // namespace

void add_tune_command(Program& program, TuneCommand& command) {
  CLI::App& app = program.command("tune", "Strength of total variation that suits the cases of a split",
                                  has_json | has_volumes, [&program, &command] { return run_tune(program, command); });
  app.add_option("manifest", command.manifest, "Manifest (.json, .jsonl, -) with inputs.sinogram and targets")
      ->required()
      ->type_name("MANIFEST");
  takes_one_of(app.add_option("--split", command.split, "Only these cases"), Manifest::split_names());
  takes_one_of(app.add_option("--by", command.by, "Error inside the mask that decides"), {"mae", "rmse"});
  add_iterative_choice(app, command.choice, false);
  app.footer("Example:\n  gdm-recon tune scans/manifest.json --split val");
}

}  // namespace gdm::cli
