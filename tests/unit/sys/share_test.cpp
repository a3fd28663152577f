// Where the files that gdm comes with are found.
#include <doctest/doctest.h>

#include <cstdlib>

#include "cli/run.hpp"
#include "io_fixture.hpp"
#include "sys/share.hpp"

using namespace gdm;

namespace {

/// GDM_SHARE for the life of the object.
struct ShareAt {
  explicit ShareAt(const std::filesystem::path& folder) { setenv("GDM_SHARE", folder.c_str(), 1); }
  ~ShareAt() { unsetenv("GDM_SHARE"); }
};

}  // namespace

TEST_CASE("share: without GDM_SHARE the source tree's files are found from a program of the build tree") {
  unsetenv("GDM_SHARE");
  CHECK(std::filesystem::exists(share_folder() / "manifest.schema.json"));
  CHECK(std::filesystem::exists(shared_file("head-labels", "classes", ".json")));
}

TEST_CASE("share: names of encoders resolve, paths stay, what is neither is refused with what there is") {
  const gdm_test::TemporaryFolder folder;
  const ShareAt share(folder.path());
  std::filesystem::create_directory(folder / "encoders");
  for (const char* name : {"ct-default", "grader"}) {
    gdm_test::put_file(folder.path() / "encoders" / (std::string(name) + ".safetensors"), "x", 1);
  }
  CHECK(cli::encoder_path("default") == folder.path() / "encoders" / "ct-default.safetensors");
  CHECK(cli::encoder_path("grader") == folder.path() / "encoders" / "grader.safetensors");
  CHECK(cli::encoder_path("some/grader") == "some/grader");
  CHECK(cli::encoder_path("missing.safetensors") == "missing.safetensors");  // the reader says that it is missing
  CHECK(cli::encoder_path("").empty());
  CHECK(gdm_test::contains(gdm_test::error_of([] { cli::encoder_path("greyder"); }), "ct-default, grader"));
}
