// Curves of a training, and what is told about a generator.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>

#include "io_fixture.hpp"
#include "model/trained_voxels.hpp"
#include "picture/chart.hpp"
#include "report/training_plot.hpp"

using namespace gdm;
using namespace gdm::picture;
using gdm_test::contains;
using gdm_test::error_of;

namespace {

std::int64_t pixels_of(const Picture& picture, Rgb colour) {
  std::int64_t count = 0;
  for (std::size_t n = 0; n + 2 < picture.rgb.size(); n += 3) {
    count += std::equal(colour.begin(), colour.end(), picture.rgb.begin() + static_cast<std::ptrdiff_t>(n)) ? 1 : 0;
  }
  return count;
}

}  // namespace

TEST_CASE("chart: a rising curve ends above where it began") {
  Picture picture(400, 300, picture::paper);
  const picture::Axes axes{60, 60, 300, 150, 0, 3, 0, 1};
  picture::draw_curves(picture, axes, "t", "x", "y", {{"c", {0, 1, 2, 3}, {1, 2, 3, 4}}}, false);
  const auto is_curve = [&](int x, int y) {
    const auto place = static_cast<std::size_t>(3 * (y * picture.width + x));
    return std::equal(picture::chart_colours[0].begin(), picture::chart_colours[0].end(), picture.rgb.begin() + place);
  };
  const auto row = [&](int x) {
    for (int y = 60; y < 210; ++y) {
      if (is_curve(x, y)) return y;
    }
    return -1;
  };
  CHECK(row(61) > row(200));
  CHECK(row(200) > row(358));
  CHECK(row(358) >= 60);
}

TEST_CASE("chart: names that do not fit beside each other go on below") {
  Picture picture(700, 300, picture::paper);
  const picture::Axes axes{60, 60, 300, 150, 0, 1, 0, 1};
  std::vector<picture::Curve> curves;
  for (int n = 0; n < 4; ++n) curves.push_back({"ten_letter", {0, 1}, {1.0 + n, 2.0 + n}});
  picture::draw_curves(picture, axes, "t", "x", "y", curves, false);
  std::int64_t beyond = 0;
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 400; x < picture.width; ++x) {
      beyond += picture.rgb[static_cast<std::size_t>(3 * (y * picture.width + x))] != picture::paper[0] ? 1 : 0;
    }
  }
  CHECK(beyond == 0);
  for (int n = 0; n < 4; ++n) CHECK(pixels_of(picture, picture::chart_colours[static_cast<std::size_t>(n)]) >= 144);
}

TEST_CASE("training plot: panels fill with what is logged, gaps do not matter") {
  std::vector<Json> log;
  for (int n = 0; n < 50; ++n) {
    log.push_back({{"step", n}, {"l1_hu", 100.0 - n}, {"parameter_gradient_norm", nullptr}});
    if (n >= 20) {
      log.back()["objectives"]["drift.1"] = {
          {"norm", 0.1}, {"cosine", -0.1}, {"raw_force_rms", {{"local", {1.0, 2.0}}}}};
    }
    if (n % 10 == 9) log.back()["validation"] = {{"mae_hu", 90.0 - n}, {"ssim", nullptr}};
  }
  const Picture all = report::training_plot(log);
  log.resize(20);
  const Picture some = report::training_plot(log);
  CHECK(all.width == some.width);
  log.back()["l1_hu"] = nullptr;
  CHECK(report::training_plot(log).width == some.width);
  CHECK(pixels_of(all, picture::chart_colours[0]) > pixels_of(some, picture::chart_colours[0]) + 1000);
  CHECK(pixels_of(some, picture::chart_colours[0]) > 500);
}

TEST_CASE("training plot: a discriminator's scores and a process's loss have panels of their own") {
  std::vector<Json> plain, scored, process;
  for (int n = 0; n < 50; ++n) {
    plain.push_back({{"step", n}, {"l1_hu", 100.0 - n}});
    scored.push_back(plain.back());
    scored.back()["objectives"]["adversarial"] = {{"score_real", 0.6 + 0.001 * n}, {"score_generated", 0.4}};
    process.push_back(plain.back());
    process.back()["process_loss"] = 1.0 - 0.01 * n;
  }
  const Picture without = report::training_plot(plain), scores = report::training_plot(scored),
                loss = report::training_plot(process);
  CHECK(scores.height > without.height);
  CHECK(loss.height == scores.height);
  const auto drawn = [](const Picture& picture, std::size_t colour) {
    return pixels_of(picture, picture::chart_colours[colour]);
  };
  CHECK(drawn(scores, 1) > drawn(without, 1) + 500);
  CHECK(drawn(loss, 0) > drawn(without, 0) + 500);
}

TEST_CASE("training log: the line that is none is named") {
  const gdm_test::TemporaryFolder folder;
  std::ofstream(folder / "log.jsonl") << "{\"step\": 0}\n[1]\n";
  CHECK(contains(error_of([&] { report::read_training_log(folder / "log.jsonl"); }), "log.jsonl:2: "));
  std::ofstream(folder / "empty.jsonl").flush();
  CHECK(contains(error_of([&] { report::read_training_log(folder / "empty.jsonl"); }), "is empty"));
}

TEST_CASE("generator: voxels of a shape that the training did not have") {
  const Json description{{"training",
                          {{"data",
                            {{"voxel_edge_mm", {{"least", 1.0}, {"largest", 2.0}}},
                             {"anisotropy", {{"least", 1.0}, {"largest", 2.0}}}}}}}};
  const auto warning = [&](const Point3& spacing) {
    return model::voxel_edge_warning(description, Grid::centred({4, 4, 4}, spacing)).value_or("");
  };
  CHECK(warning({1, 1, 2.4}).empty());
  CHECK(contains(warning({1, 1, 3}), "3 times as long as wide, those of the training 1 to 2 times"));
}

TEST_CASE("generator: voxels smaller or larger by more than a quarter than what it was trained on") {
  const Json description{
      {"training", {{"data", {{"voxel_edge_mm", {{"least", 1.0}, {"median", 1.5}, {"largest", 2.0}}}}}}}};
  const auto warns = [&](double edge) {
    return model::voxel_edge_warning(description, Grid::centred({4, 4, 4}, {edge, edge, edge})).has_value();
  };
  CHECK(warns(0.79));
  CHECK_FALSE(warns(0.81));
  CHECK_FALSE(warns(2.49));
  CHECK(warns(2.51));
  CHECK_FALSE(model::voxel_edge_warning({{"kind", "generator"}}, Grid::centred({4, 4, 4}, {9, 9, 9})).has_value());
}
