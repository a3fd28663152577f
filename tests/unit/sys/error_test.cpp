// Contexts that a message gathers on its way up.
#include <doctest/doctest.h>

#include "sys/error.hpp"

using namespace gdm;

TEST_CASE("error: contexts stand in front, each once in a row") {
  Error error("too short");
  CHECK(std::string(error.add_context("a.nii").what()) == "a.nii: too short");
  CHECK(std::string(error.add_context("a.nii").what()) == "a.nii: too short");
  CHECK(std::string(error.add_context("case 7").what()) == "case 7: a.nii: too short");
  CHECK(std::string(error.add_context("case").what()) == "case: case 7: a.nii: too short");  // only the same one
}

TEST_CASE("error: with_context keeps the exit class") {
  try {
    with_context("b.json", [] { throw Error("no cases", Exit::usage); });
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) == "b.json: no cases");
    CHECK(error.exit_class() == Exit::usage);
  }
}
