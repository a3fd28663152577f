// Sidecars: what they record, and what must never enter them.
#include <doctest/doctest.h>
#include <stdlib.h>

#include "io/sidecar.hpp"
#include "io_fixture.hpp"
#include "sys/parallel.hpp"
#include "sys/version.hpp"

using namespace gdm_test;

TEST_CASE("sidecar: sources are relative, digests are right, no absolute path enters") {
  const TemporaryFolder folder;
  gdm::make_folder(folder / "in");
  gdm::make_folder(folder / "out");
  put_file(folder / "in/mr.nii.gz", "abc", 3);
  gdm::Provenance provenance("gdm-synth", {"gdm-synth", (folder / "in/mr.nii.gz").string(),
                                           "--mask=" + (folder / "in/m.nii").string(), "a/b", ""});
  provenance.seed = 42;
  provenance.reproducible = false;
  gdm::parallel_for(8, [&](std::int64_t) { provenance.add_source(folder / "in/mr.nii.gz"); });
  gdm::WriteReport report;
  report.clamped = 5;
  report.non_finite = 6;
  gdm::write_sidecar(folder / "out/ct.nii.gz", provenance, {folder / "in/mr.nii.gz"}, report, {{"steps", 1}},
                     gdm::Overwrite::refuse);
  CHECK(gdm::sidecar_path(folder / "out/ct.nii.gz") == folder / "out/ct.json");
  const auto json = gdm::read_sidecar(folder / "out/ct.nii.gz");
  CHECK(json["GeneratedBy"].dump() == R"([{"Name":"gdm-synth","Version":")" GDM_VERSION R"("}])");
  CHECK(json["Sources"].dump() == R"(["../in/mr.nii.gz"])");
  CHECK(json["SpatialReference"] == "../in/mr.nii.gz");
  CHECK(json["gdm"]["clamped_voxels"] == 5);
  CHECK(json["gdm"]["non_finite_voxels"] == 6);
  CHECK(json["gdm"]["details"]["steps"] == 1);
  const auto& run = json["gdm"]["provenance"];
  CHECK(run["seed"] == 42);
  CHECK(run["argv"].dump() == R"(["gdm-synth","mr.nii.gz","--mask=m.nii","a/b",""])");
  CHECK(run["sources"].dump() == R"([{"name":"mr.nii.gz","bytes":3,)"
                                 R"("sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}])");
  CHECK(run["peak_rss_mib"].get<double>() > 1);
  CHECK(run.contains("date"));
  CHECK_FALSE(contains(json.dump(), folder.path().string()));
  CHECK(gdm::read_sidecar(folder / "out/none.nii").is_null());
  CHECK(contains(error_of([&] {
                   gdm::write_sidecar(folder / "out/ct.nii.gz", provenance, {}, report, {}, gdm::Overwrite::refuse);
                 }),
                 "ct.json: exists already"));
}

TEST_CASE("sidecar: an effort is read as it was written") {
  const TemporaryFolder folder;
  gdm::Provenance provenance("gdm-x", {"gdm-x"});
  const auto written = [&](bool reproducible) {
    provenance.reproducible = reproducible;
    gdm::Json details;
    gdm::add_effort(details, provenance, 1.5, 27);
    gdm::write_sidecar(folder / "a.nii", provenance, {}, {}, details, gdm::Overwrite::replace);
    return gdm::read_effort(folder / "a.nii");
  };
  const auto effort = written(false);
  REQUIRE(effort.has_value());
  CHECK(*effort->seconds == 1.5);
  CHECK(*effort->evaluations == 27);
  CHECK(*effort->peak_memory_mb > 1);
  CHECK(effort->tool == "gdm-x");
  CHECK(effort->device == "cpu");
  CHECK(effort->model_sha256.empty());
  CHECK_FALSE(written(true)->seconds.has_value());
  CHECK(*written(true)->evaluations == 27);
  CHECK_FALSE(gdm::read_effort(folder / "b.nii").has_value());
}

TEST_CASE("sidecar: a reproducible run records nothing that changes") {
  ::setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
  gdm::Provenance provenance("gdm-x", {"gdm-x"});
  ::unsetenv("SOURCE_DATE_EPOCH");
  CHECK(provenance.reproducible);
  const auto json = provenance.json();
  for (const char* key : {"date", "wall_s", "peak_rss_mib"}) CHECK_FALSE(json.contains(key));
  CHECK(json["libraries"].contains("zlib"));
}
