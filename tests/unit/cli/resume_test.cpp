// --resume: a volume counts as made only if sidecar and bytes say so.
#include <doctest/doctest.h>

#include <fstream>

#include "cli/resume.hpp"
#include "io/sidecar.hpp"
#include "io_fixture.hpp"

using namespace gdm;

namespace {

void put(const fs::path& path, const std::string& text) {
  std::ofstream(path) << text;
}

}  // namespace

TEST_CASE("a finished volume is known by its sources, its options and its own bytes") {
  const gdm_test::TemporaryFolder folder;
  const fs::path a = folder / "a.nii", b = folder / "b.nii", out = folder / "out.nii";
  put(a, "a");
  put(b, "b");
  const Json options = {{"views", 24}, {"filter", "hann"}};
  const Json recipe = cli::recipe_json("fbp", options, {a, b});
  CHECK(cli::why_not_made(out, recipe) == "it is not there");
  put(out, "volume");
  CHECK(cli::why_not_made(out, recipe) == "it has no sidecar");
  const Provenance provenance("gdm-x", {"gdm-x"});
  write_sidecar(out, provenance, {a, b}, {}, {{"recipe", recipe}}, Overwrite::refuse);
  CHECK(cli::why_not_made(out, recipe) == "");
  CHECK(cli::why_not_made(out, cli::recipe_json("fbp", options, {"-"})).find("standard input") != std::string::npos);
  CHECK(cli::why_not_made(out, cli::recipe_json("fbp", options, {b, a})) == "it was made from other files");
  CHECK(cli::why_not_made(out, cli::recipe_json("fbp", {{"views", 12}, {"filter", "hann"}}, {a, b})) ==
        "it was made with another views");
  CHECK(cli::why_not_made(out, cli::recipe_json("gdm", options, {a, b})) ==
        "it was made by another program or version");
  put(a, "changed");
  CHECK(cli::why_not_made(out, cli::recipe_json("fbp", options, {a, b})) == "it was made from other files");
  put(out, "volumf");
  CHECK(cli::why_not_made(out, recipe) == "its bytes are not those that were written");
  put(sidecar_path(out), "{\"gdm\": 5}");
  CHECK(cli::why_not_made(out, recipe) == "its sidecar does not say how it was made");
  put(sidecar_path(out), "[]");
  CHECK(cli::why_not_made(out, recipe) == "its sidecar does not say how it was made");
  put(sidecar_path(out), "{");
  CHECK(cli::why_not_made(out, recipe).find("not valid JSON") != std::string::npos);
  put(sidecar_path(out), R"({"gdm": {"details": {"recipe": {"options": 3, "sources": 4}}}})");
  CHECK(cli::why_not_made(out, recipe) != "");
}
