// Held-out patients are found by the content of files in whatever a training stands on.
#include <doctest/doctest.h>

#include "data/held_out.hpp"
#include "io_fixture.hpp"
#include "sys/sha256.hpp"

using namespace gdm;
using namespace gdm::data;
using gdm_test::contains;
using gdm_test::error_of;
namespace {

/// One case of each split, whose files hold its name.
struct Cases {
  gdm_test::TemporaryFolder folder;
  Manifest manifest;

  Cases() {
    for (const std::string split : {"train", "val", "test"}) {
      Case item;
      item.id = split + "-case";
      item.split = split;
      item.target = put(split + "-ct");
      item.inputs["fbp"] = put(split + "-fbp");
      manifest.cases.push_back(item);
    }
  }
  fs::path put(const std::string& text) const {
    gdm_test::put_file(folder / text, {text.begin(), text.end()});
    return folder / text;
  }
  Json made_from(const std::string& name, const std::string& use = "") const {
    Json source{{"name", "renamed.nii.gz"}, {"sha256", sha256_of_file(folder / name)}};
    if (!use.empty()) source["use"] = use;
    return {{"provenance", {{"sources", {{{"name", "cases.json"}}, source}}}}};
  }
};

}  // namespace

TEST_CASE("held out: a file made from a val or test case is refused, whatever the file was called") {
  const Cases cases;
  HeldOut held_out(cases.manifest, false);
  held_out.check_files("x.safetensors", cases.made_from("train-ct"));
  held_out.check_files("x.safetensors", {{"kind", "encoder"}});
  const std::string message = error_of([&] { held_out.check_files("x.safetensors", cases.made_from("test-ct")); });
  CHECK(contains(message, "x.safetensors: was made from the target of case 'test-case', which is in the test split"));
  CHECK(contains(message, "--allow-leak"));
  CHECK(contains(error_of([&] { held_out.check_files("x.safetensors", cases.made_from("val-fbp")); }),
                 "the input fbp of case 'val-case'"));
  HeldOut knowingly(cases.manifest, true);
  knowingly.check_files("x.safetensors", cases.made_from("test-ct"));
}

TEST_CASE("held out: what was only validated with is no leak, what was inherited or lies in a bank's encoder is") {
  const Cases cases;
  HeldOut held_out(cases.manifest, false);
  held_out.check_files("x.safetensors", cases.made_from("val-ct", Provenance::validation));
  const Json bank{{"encoder_file", cases.made_from("test-ct")}};
  CHECK(contains(error_of([&] { held_out.check_files("x.safetensors", bank); }), "'test-case'"));
  HeldOut first(cases.manifest, true);
  first.check_files("x.safetensors", bank);
  const Json model{{inherited_key, first.inherited()}};
  CHECK(contains(error_of([&] { held_out.check_files("x.safetensors", model); }), "'test-case'"));
}

TEST_CASE("held out: patients by name") {
  const Cases cases;
  const HeldOut held_out(cases.manifest, false);
  held_out.check_patients("x.safetensors", {"train-case", "somebody"});
  CHECK(contains(error_of([&] {
                   held_out.check_patients("x.safetensors", {"somebody", "val-case"});
                 }),
                 "x.safetensors: holds features of patient 'val-case', who is in the val split"));
}
