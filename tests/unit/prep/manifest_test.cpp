// Cases found in made folders, and splits by patient: who moves when patients come and go.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "io_fixture.hpp"
#include "prep/layout.hpp"
#include "prep/patterns.hpp"
#include "prep/split.hpp"

using namespace gdm;
using namespace gdm::prep;
using gdm_test::contains;
using gdm_test::error_of;

namespace {

void put(const fs::path& folder, const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    fs::create_directories((folder / file).parent_path());
    gdm_test::put_file(folder / file, "", 0);
  }
}

std::vector<Case> patients(int from, int to) {
  std::vector<Case> cases;
  for (int n = from; n < to; ++n) {
    for (const char* visit : {"a", "b"}) {
      Case item;
      item.id = fmt::format("p{}{}", n, visit);
      item.meta["patient"] = fmt::format("p{}", n);
      cases.push_back(item);
    }
  }
  return cases;
}

std::map<std::string, std::string> splits(std::vector<Case> cases, const std::string& shares, std::uint64_t seed) {
  split_by_patient(cases, parse_split(shares), seed);
  std::map<std::string, std::string> splits;
  for (const Case& item : cases) {
    const auto [place, fresh] = splits.emplace(item.patient(), item.split);
    CHECK(place->second == item.split);  // all cases of a patient
  }
  return splits;
}

std::map<std::string, int> sizes(const std::map<std::string, std::string>& splits) {
  std::map<std::string, int> sizes;
  for (const auto& entry : splits) ++sizes[entry.second];
  return sizes;
}

/// Patients of both whose splits differ.
int moved(const std::map<std::string, std::string>& a, const std::map<std::string, std::string>& b) {
  int moved = 0;
  for (const auto& [patient, split] : a) moved += b.count(patient) != 0 && b.at(patient) != split ? 1 : 0;
  return moved;
}

}  // namespace

TEST_CASE("layouts: each is recognised, and everything that is not used is listed") {
  const gdm_test::TemporaryFolder folder;
  put(folder / "s", {"b/2/mr.nii.gz", "b/2/ct.nii", "b/1/cbct.nii.gz", "b/1/ct.nii.gz", "b/1/ct.json", "b/1/x.nii.gz",
                     "m/mask.nii.gz", ".git/ct.nii.gz"});
  const Found synthrad = find_cases(folder / "s", {});
  REQUIRE(synthrad.cases.size() == 3);
  CHECK(synthrad.cases[1].item.id == "1");
  CHECK(synthrad.cases[1].item.inputs.count("cbct") == 1);
  CHECK(synthrad.cases[2].item.target == folder / "s/b/2/ct.nii");
  CHECK(synthrad.unused.size() == 2);

  put(folder / "n", {"imagesTr/a_b_0000.nii.gz", "imagesTr/a_b_0001.nii.gz", "imagesTr/a_000.nii.gz",
                     "labelsTr/a_b.nii.gz", "imagesTs/c_0000.nii.gz", "imagesTr/deep/d_0000.nii.gz"});
  const Found nnunet = find_cases(folder / "n", {"auto", "mask"});
  REQUIRE(nnunet.cases.size() == 2);
  CHECK(nnunet.cases[0].item.id == "a_b");
  CHECK(nnunet.cases[0].item.split == "train");
  CHECK(nnunet.cases[0].item.mask == folder / "n/labelsTr/a_b.nii.gz");
  CHECK(nnunet.cases[0].item.inputs.count("channel1") == 1);
  CHECK(nnunet.cases[1].item.split == "test");
  CHECK(nnunet.unused.size() == 2);

  put(folder / "b", {"sub-1/anat/sub-1_T1w.nii.gz", "sub-1/anat/sub-1_acq-x_T1w.nii.gz", "sub-1/ct/sub-1_ct.nii.gz",
                     "sub-2/ses-1/anat/sub-2_ses-1_FLAIR.nii.gz", "derivatives/d/sub-3/anat/sub-3_desc-b_mask.nii.gz",
                     "derivatives/d/sub-1/anat/sub-1_dseg.nii.gz", "README"});
  const Found bids = find_cases(folder / "b", {});
  REQUIRE(bids.cases.size() == 2);
  CHECK(bids.cases[0].item.inputs.at("t1w") == folder / "b/sub-1/anat/sub-1_T1w.nii.gz");
  CHECK(bids.cases[0].item.inputs.count("labels") == 1);
  CHECK(bids.cases[1].item.id == "sub-2_ses-1");
  CHECK(bids.cases[1].item.patient() == "sub-2");
  CHECK(bids.notes.size() == 1);
  CHECK(bids.unused.size() == 3);
  CHECK(contains(error_of([&] { find_cases(folder / "b", {"nnunet", "labels"}); }), "expected imagesTr"));
}

TEST_CASE("layouts: names of splits and of inputs") {
  CHECK(split_of_name("Validation") == "val");
  CHECK(split_of_name("contest").empty());
  CHECK(split_of_path("d", "d/train/x/test/y/ct.nii") == "test");
  CHECK(split_of_path("train", "train/x/ct.nii").empty());
  CHECK(input_name_of("T2 FLAIR") == "t2_flair");
  CHECK(input_name_of("MRI") == "mr");
}

TEST_CASE("patterns: files of one case share the values of keys") {
  const gdm_test::TemporaryFolder folder;
  put(folder.path(),
      {"x/p1/s1/p1+a.nii", "x/p1/s2/p1+b.nii", "x/p2/s1/p2+a.nii", "x/p2/s2/other+a.nii", "m/p1.nii", "m/p2.nii"});
  const std::string root = folder.path().string();
  CasePatterns patterns;
  patterns.inputs.emplace_back("mr", PathPattern(root + "/x/{patient}/{visit}/{patient}+?.nii", "--input"));
  patterns.mask.emplace_back(root + "/m/{patient}.nii", "--mask");
  const Found found = find_by_patterns(patterns);
  REQUIRE(found.cases.size() == 3);
  CHECK(found.cases[1].item.id == "p1_s2");
  CHECK(found.cases[1].item.patient() == "p1");
  CHECK(found.cases[1].item.inputs.at("mr") == folder / "x/p1/s2/p1+b.nii");
  CHECK(found.cases[1].item.mask == folder / "m/p1.nii");
}

TEST_CASE("splits: percent never move a patient, numbers are exact and move one across each border") {
  for (const std::uint64_t seed : {0, 1, 2}) {
    const auto few = splits(patients(0, 300), "70,10,20", seed), more = splits(patients(0, 400), "70,10,20", seed);
    CHECK(moved(few, more) == 0);
    CHECK(std::abs(sizes(few)["train"] - 210) < 30);
    CHECK(std::abs(sizes(few)["test"] - 60) < 25);
    const auto exact = splits(patients(0, 50), "rest,5,10", seed), grown = splits(patients(0, 51), "rest,5,10", seed);
    CHECK(sizes(exact) == std::map<std::string, int>{{"train", 35}, {"val", 5}, {"test", 10}});
    CHECK(sizes(grown) == std::map<std::string, int>{{"train", 36}, {"val", 5}, {"test", 10}});
    CHECK(moved(exact, grown) <= 2);
    CHECK(moved(few, splits(patients(0, 300), "70,10,20", seed + 7)) > 50);
  }
  CHECK(sizes(splits(patients(0, 10), "10,0,0", 1))["train"] == 10);
  CHECK(contains(error_of([] { splits(patients(0, 10), "10,5,0", 1); }), "15 patients asked for, there are 10"));
  for (const char* text : {"", "1,2", "a,b,c", "rest,rest,1", "50,25.5,20", "100,-1,1", "inf,0,0", "70 ,15,15"}) {
    CHECK_MESSAGE(contains(error_of([&] { parse_split(text); }), "is not TRAIN,VAL,TEST"), text);
  }
}
