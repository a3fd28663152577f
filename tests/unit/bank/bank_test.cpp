// Banks: what stays of many rows, that shards merge to the single build, and what a bank says about itself.
#include <ATen/CPUGeneratorImpl.h>
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <set>

#include "bank/collection.hpp"
#include "bank/distances.hpp"
#include "bank/levels.hpp"
#include "bank_fixture.hpp"
#include "io_fixture.hpp"
#include "nn/residual_encoder.hpp"
#include "sys/quantile.hpp"

using namespace gdm;
using namespace gdm::bank;
using gdm_test::contains;
using gdm_test::error_of;
using torch::Tensor;

namespace {

/// n rows with priorities from `first` on in steps of `step`, owners and strata in turn.
BankRows rows_in_turn(std::int64_t n, std::int64_t first, std::int64_t step, int patients, int strata) {
  BankRows rows;
  rows.priority = torch::arange(n, torch::kInt64) * step + first;
  rows.vectors = rows.priority.unsqueeze(1).to(torch::kFloat16);
  rows.patient = torch::arange(n, torch::kInt32).remainder(patients);
  rows.stratum = torch::arange(n, torch::kInt32).div(patients, "floor").remainder(strata);
  return rows;
}

constexpr int cases = 12;

/// Case n of a made-up data set: 20 patches around the patient's own place, in one of two strata.
void add_case(BankCollection& collection, int n) {
  const std::string id = "case" + std::to_string(n), patient = "p" + std::to_string(n / 2);
  collection.begin_case({id, patient, 2.0 + 0.1 * n});
  at::Generator generator = at::detail::createCPUGenerator(static_cast<std::uint64_t>(100 + n));
  for (std::int64_t patch = 0; patch < 20; ++patch) {
    const Stratum stratum{"head", (patch + n) % 2, ""};
    for (const std::string key : {"global.s1.mean", "local.s2.k2.mean", "upright.s1.mean", "upright.s1.std"}) {
      const std::string level = level_of(key);
      const bool whole = level != "local";
      const std::int64_t tokens = whole ? 1 : 3;
      std::vector<std::int64_t> priorities;
      for (std::int64_t t = 0; t < tokens; ++t) {
        priorities.push_back(row_priority(collection.recipe().seed, id, patch, whole ? level : key, t));
      }
      const Tensor vectors = torch::randn({tokens, 5}, generator) + static_cast<double>(n / 2);
      collection.add(key, vectors, torch::tensor(priorities, torch::kInt64), stratum);
    }
  }
}

BankRecipe recipe_of(const std::string& sampling) {
  BankRecipe recipe;
  recipe.capacity = 30;
  recipe.patient_cap = 9;
  recipe.axial_bins = 2;
  recipe.sampling = sampling;
  return recipe;
}

BankCollection collected(const BankRecipe& recipe, int first, int step, int encoder_seed = 11) {
  BankCollection collection(recipe, gdm_test::untrained_encoder({4, 4}, encoder_seed));
  for (int n = first; n < cases; n += step) add_case(collection, n);
  return collection;
}

}  // namespace

TEST_CASE("sketch: keeps the rows of lowest priority under both limits, whatever the order and the parts") {
  const SketchLimits limits{40, 5};
  const BankRows all = rows_in_turn(20000, 0, 7, 30, 2);
  RowSketch whole(limits), parts(limits);
  whole.add(all);
  std::vector<RowSketch> shards(4, RowSketch(limits));
  const Tensor order = torch::randperm(20000);
  for (std::int64_t at = 0; at < 20000; at += 500) {
    shards[static_cast<std::size_t>(at / 500 % 4)].add(all.select(order.slice(0, at, at + 500)));
  }
  for (RowSketch& shard : shards) parts.add(shard.rows());
  const BankRows &one = whole.rows(), &other = parts.rows();
  CHECK(torch::equal(one.priority, other.priority));
  CHECK(torch::equal(one.patient, other.patient));
  CHECK(torch::equal(one.stratum, other.stratum));
  CHECK(one.size() == 80);
  for (int stratum = 0; stratum < 2; ++stratum) {
    for (int patient = 0; patient < 30; ++patient) {
      const Tensor own = one.stratum.eq(stratum).logical_and(one.patient.eq(patient));
      CHECK(own.sum().item<std::int64_t>() <= 5);
    }
  }
  // 30 patients in turn: without the cap the first 40 rows of a stratum would be 30 and 10.
  CHECK(one.priority[0].item<std::int64_t>() == 0);
  RowSketch few({3, 0});
  few.add(rows_in_turn(10, 5, 2, 1, 1));
  CHECK(torch::equal(few.rows().priority, torch::tensor({5, 7, 9}, torch::kInt64)));
}

TEST_CASE("sketch: the cap of a patient whose cases are in several shards is that of a single run") {
  const SketchLimits limits{6, 2};
  BankRows left = rows_in_turn(6, 0, 1, 1, 1), right = rows_in_turn(6, 100, 1, 6, 1);
  BankRows late = rows_in_turn(2, 50, 1, 1, 1);
  RowSketch one(limits), two(limits), both(limits), single(limits);
  one.add(right);
  one.add(left);
  two.add(late);
  both.add(one.rows());
  both.add(two.rows());
  for (const BankRows& rows : {late, right, left}) single.add(rows);
  CHECK(torch::equal(both.rows().priority, single.rows().priority));
  CHECK(single.rows().patient.eq(0).sum().item<std::int64_t>() == 2);
}

TEST_CASE("priorities: the same for the same row, spread evenly, and another seed gives others") {
  CHECK(row_priority(1, "a", 2, "k", 3) == row_priority(1, "a", 2, "k", 3));
  std::set<std::int64_t> seen;
  double sum = 0;
  for (int n = 0; n < 1000; ++n) {
    const std::int64_t priority = row_priority(1, "case", n, "k", 0);
    CHECK(priority >= 0);
    seen.insert(priority);
    sum += static_cast<double>(priority) / 9.223372036854775807e18;
  }
  CHECK(seen.size() == 1000);
  CHECK(sum / 1000 == doctest::Approx(0.5).epsilon(0.1));
  CHECK(row_priority(1, "case", 0, "k", 0) != row_priority(2, "case", 0, "k", 0));
}

TEST_CASE("k-centre: covers better than a random choice, and repeats") {
  torch::manual_seed(5);
  Tensor points = torch::randn({2000, 3});
  points.slice(0, 0, 20).add_(30.0);  // a far group that a sample of 40 usually misses or barely meets
  points = points.index_select(0, torch::randperm(2000));
  const auto radius = [&](const Tensor& rows) {
    return std::get<0>(torch::cdist(points, points.index_select(0, rows)).min(1)).max().item<double>();
  };
  const Tensor chosen = k_centre(points, 40);
  CHECK(chosen.size(0) == 40);
  CHECK(torch::equal(chosen, k_centre(points, 40)));
  CHECK(std::get<0>(torch::_unique(chosen)).size(0) == 40);
  for (int trial = 0; trial < 5; ++trial) CHECK(radius(chosen) < 0.8 * radius(torch::randperm(2000).slice(0, 0, 40)));
  CHECK(k_centre(torch::zeros({5, 2}), 3).size(0) == 3);
}

TEST_CASE("bank: four shards, merged in any order, are the single build byte for byte") {
  const gdm_test::TemporaryFolder folder;
  for (const std::string sampling : {"reservoir", "k-centre"}) {
    CAPTURE(sampling);
    const BankRecipe recipe = recipe_of(sampling);
    const auto single = folder / "single.safetensors", merged = folder / "merged.safetensors";
    collected(recipe, 0, 1).write_bank(single, {}, Overwrite::replace);
    for (int s = 0; s < 4; ++s) {
      collected(recipe, s, 4).write_shard(folder / std::to_string(s), {s + 1, 4}, {}, Overwrite::replace);
    }
    Shard shard;
    BankCollection all = BankCollection::from_shard(folder / "2", shard);
    CHECK(shard.number == 3);
    for (const char* other : {"0", "3", "1"}) all.merge(BankCollection::from_shard(folder / other, shard));
    all.write_bank(merged, {}, Overwrite::replace);
    CHECK(gdm_test::get_file(single) == gdm_test::get_file(merged));
    const RealBank bank(single, torch::Device(torch::kCPU));
    CHECK(bank.patients().size() == 6);
    CHECK(bank.strata().size() == 2);
    CHECK(bank.rows("local.s2.k2.mean").size() == 60);
    CHECK(torch::equal(bank.rows("upright.s1.mean").priority, bank.rows("upright.s1.std").priority));
    CHECK(bank.description().at("left_out_scores").size() == 6);
    CHECK(contains(error_of([&] { all.merge(BankCollection::from_shard(folder / "1", shard)); }), "twice"));
    CHECK(contains(error_of([&] { collected(recipe, 0, 12).merge(collected(recipe, 1, 12, 12)); }), "another encoder"));
    BankRecipe other = recipe;
    other.axial_bins = 3;
    CHECK(contains(error_of([&] { collected(recipe, 0, 12).merge(collected(other, 1, 12)); }), "axial_bins 3"));
  }
  CHECK(contains(error_of([&] { RealBank(folder / "1", torch::Device(torch::kCPU)); }), "bank-shard"));
}

TEST_CASE("bank: rows are drawn in the proportions that came, not in those that strata could hold") {
  // Of three strata come 38, 28 and 34 of 100 rows; each keeps 20. Patient 0 gives three times as many rows as the
  // others.
  torch::manual_seed(5);
  BankRows rows;
  const std::int64_t n = 3000;
  rows.priority = torch::randperm(n, torch::kInt64);
  const Tensor place = torch::arange(n, torch::kInt64).remainder(100);
  rows.stratum = (place.ge(38).to(torch::kInt32) + place.ge(66).to(torch::kInt32)).to(torch::kInt32);
  rows.vectors = rows.stratum.unsqueeze(1).to(torch::kFloat16);
  rows.patient = (torch::arange(n, torch::kInt64).div(100, "floor").remainder(6) - 2).clamp_min(0).to(torch::kInt32);
  RowSketch sketch({20, 0});
  sketch.add(rows);
  BankRows kept = sketch.rows();
  REQUIRE(kept.size() == 60);
  kept.weight = row_weights(kept, sketch.seen());
  CHECK(kept.weight.sum().item<double>() == doctest::Approx(1));
  const std::array<double, 3> share{0.38, 0.28, 0.34};
  at::Generator generator = at::detail::createCPUGenerator(3);
  Tensor drawn = torch::zeros({3}, torch::kInt64), of_patient = torch::zeros({4}, torch::kInt64);
  for (int draw = 0; draw < 200; ++draw) {
    const Tensor some = weighted_draw(kept.weight, 30, generator);
    drawn += torch::bincount(kept.stratum.index_select(0, some), {}, 3);
    of_patient += torch::bincount(kept.patient.index_select(0, some), {}, 4);
  }
  for (std::int64_t s = 0; s < 3; ++s) {
    CHECK(std::abs(drawn[s].item<double>() / 6000 - share[static_cast<std::size_t>(s)]) < 0.01);
  }
  for (std::int64_t p = 0; p < 4; ++p) CHECK(std::abs(of_patient[p].item<double>() / 6000 - 0.25) < 0.01);
}

TEST_CASE("bank: k centres are drawn as often as the rows that they stand for") {
  const gdm_test::TemporaryFolder folder;
  const auto path = folder / "bank.safetensors";
  BankRecipe recipe = recipe_of("k-centre");
  recipe.capacity = 4;
  recipe.patient_cap = 0;
  BankCollection collection(recipe, gdm_test::untrained_encoder({4, 4}));
  collection.begin_case({"a", "a", 2.0});
  Tensor crowd = torch::zeros({16, 3});
  crowd.slice(0, 13).copy_(torch::eye(3) * 50);  // three outliers of one row each
  crowd += torch::arange(16).unsqueeze(1) * 1e-3;
  collection.add("local.s2.k2.mean", crowd, torch::arange(16, torch::kInt64), {"head", 0, ""});
  collection.write_bank(path, {}, Overwrite::replace);
  const RealBank bank(path, torch::Device(torch::kCPU));
  const BankRows& rows = bank.rows("local.s2.k2.mean");
  REQUIRE(rows.size() == 4);
  CHECK(rows.weight.max().item<double>() == doctest::Approx(13.0 / 16));
  CHECK(rows.weight.min().item<double>() == doctest::Approx(1.0 / 16));
}

TEST_CASE("bank: patients and strata can be left out of a sample") {
  const gdm_test::TemporaryFolder folder;
  const auto path = folder / "bank.safetensors";
  collected(recipe_of("reservoir"), 0, 1).write_bank(path, {}, Overwrite::replace);
  const RealBank bank(path, torch::Device(torch::kCPU));
  const BankRows& rows = bank.rows("global.s1.mean");
  const std::int32_t patient = bank.patient_number("p3");
  REQUIRE(patient == 3);
  CHECK(bank.patient_number("nobody") == -1);
  const auto drawn = [&](const Selection& selection) {
    at::Generator generator = at::detail::createCPUGenerator(1);
    return bank.sample("global.s1.mean", 1000, generator, selection);
  };
  CHECK(drawn({}).size(0) == rows.size());
  const Tensor without = drawn({{patient}, -1});
  CHECK(without.size(0) == rows.patient.ne(patient).sum().item<std::int64_t>());
  for (const Tensor& row : rows.vectors.index_select(0, rows.patient.eq(patient).nonzero().flatten()).unbind()) {
    CHECK(without.sub(row.to(torch::kFloat32)).abs().sum(1).min().item<double>() > 1e-6);
  }
  CHECK(drawn({{patient}, 1}).size(0) ==
        rows.patient.ne(patient).logical_and(rows.stratum.eq(1)).sum().item<std::int64_t>());
  at::Generator generator = at::detail::createCPUGenerator(1);
  CHECK(bank.sample("global.s1.mean", 4, generator, {{}, 0}).size(0) == 4);
}

TEST_CASE("bank: data of another voxel edge do not fit") {
  const gdm_test::TemporaryFolder folder;
  const auto path = folder / "bank.safetensors";
  collected(recipe_of("reservoir"), 0, 1).write_bank(path, {}, Overwrite::replace);  // edges 2.0 to 3.1 mm
  const RealBank bank(path, torch::Device(torch::kCPU));
  CHECK(bank.fits_edge(1.61));
  CHECK(bank.fits_edge(3.87));
  CHECK_FALSE(bank.fits_edge(3.9));
  CHECK(contains(error_of([&] { bank.require_edge(1.5); }), "2.00 to 3.10 mm, the data have 1.50 mm"));
}

TEST_CASE("bank: a row without a patient, and a flipped bit, are refused") {
  const gdm_test::TemporaryFolder folder;
  const auto path = folder / "bank.safetensors", forged = folder / "forged.safetensors";
  collected(recipe_of("reservoir"), 0, 1).write_bank(path, {}, Overwrite::replace);
  {
    const SafetensorsFile file(path);
    SafetensorsWriter writer;
    const std::string name = "local.s2.k2.mean.patient";
    std::vector<std::uint8_t> patients(file.tensor(name).data, file.tensor(name).data + file.tensor(name).bytes);
    patients[0] = 99;
    for (const auto& [key, view] : file.tensors()) {
      writer.add(key, view.dtype, view.shape, key == name ? patients.data() : view.data);
    }
    writer.write(forged, file.description(), Overwrite::replace);
  }
  CHECK(contains(error_of([&] { RealBank(forged, torch::Device(torch::kCPU)); }), "not in the lists"));
  auto bytes = gdm_test::get_file(path);
  bytes[bytes.size() / 2] ^= 4;
  gdm_test::put_file(path, bytes);
  CHECK(error_of([&] { RealBank(path, torch::Device(torch::kCPU)); }) != "no error");
}

TEST_CASE("statistics: effective rank, quantiles, and the patient that differs lies farthest out") {
  torch::manual_seed(6);
  CHECK(effective_rank(torch::randn({4000, 6})) == doctest::Approx(6).epsilon(0.01));
  CHECK(effective_rank(torch::randn({400, 1}).mul(torch::ones({1, 6}))) == doctest::Approx(1).epsilon(0.01));
  CHECK(effective_rank(torch::zeros({4, 6})) == 0);
  CHECK(quantile_of_sorted({0, 1, 2, 3}, 0.5) == doctest::Approx(1.5));
  CHECK(quantile_of_sorted({7}, 0.99) == doctest::Approx(7));
  Tensor points = torch::randn({60, 4});
  points.slice(0, 0, 10).add_(8.0);
  const Tensor patients = torch::arange(60, torch::kInt32).div(10, "floor").to(torch::kInt32);
  const auto scores = left_out_scores(points, patients);
  REQUIRE(scores.size() == 6);
  CHECK(scores[5] > 3 * scores[4]);
}

TEST_CASE("patch space: distances are Mahalanobis distances, so a direction that channels share counts once") {
  torch::manual_seed(8);
  const Tensor shared = torch::randn({3000, 1}), own = torch::randn({3000, 1});
  const std::map<std::string, Tensor> entries{
      {"upright.s1.mean", torch::cat({shared, shared, shared, shared, own}, 1)}};
  const Tensor points = PatchSpace(entries).project(entries);
  const Tensor covariance = points.t().mm(points) / 3000;
  const Tensor rising = torch::linalg_eigvalsh(covariance, "L");
  // Four channels share a direction, so its eigenvalue is four times that of the other.
  CHECK(rising[4].item<double>() == doctest::Approx(1 / (1 + whitening_ridge)).epsilon(0.005));
  CHECK(rising[3].item<double>() == doctest::Approx(1 / (1 + 4 * whitening_ridge)).epsilon(0.03));
  CHECK(rising[2].item<double>() < 0.01);
  CHECK(effective_rank(PatchSpace(entries).standardised(entries)) < 1.8);
}

TEST_CASE("nearest: agrees with all distances, leaves the own patient out, across blocks of queries") {
  torch::manual_seed(7);
  const Tensor queries = torch::randn({700, 5}) + 50, entries = torch::randn({40, 5}) + 50;
  const Tensor owners = torch::arange(700, torch::kInt32).remainder(4),
               of = torch::arange(40, torch::kInt32).remainder(4);
  const Tensor all = torch::cdist(queries.to(torch::kFloat64), entries.to(torch::kFloat64));
  const Nearest any = nearest(queries, torch::full({700}, -1, torch::kInt32), entries, of, 3);
  CHECK(torch::allclose(any.distance.to(torch::kFloat64), std::get<0>(all.topk(3, 1, false)), 1e-3, 1e-3));
  const Nearest others = nearest(queries, owners, entries, of, 1);
  CHECK(of.index_select(0, others.entry.flatten()).ne(owners).all().item<bool>());
  CHECK(nearest(queries, owners.zero_(), entries, torch::zeros({40}, torch::kInt32), 1)
            .distance.isinf()
            .all()
            .item<bool>());
}
