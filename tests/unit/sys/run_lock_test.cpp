// One run at a time on one output; what a dead run announced is known to the next.
#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <memory>

#include "io_fixture.hpp"
#include "sys/run_lock.hpp"

using namespace gdm;

namespace {

void put(const std::filesystem::path& path) {
  std::ofstream(path) << "x";
}

/// Locks, announces, writes the log, and dies by SIGKILL.
void run_and_die(const gdm_test::TemporaryFolder& folder, const std::filesystem::path& log) {
  const pid_t child = ::fork();
  if (child == 0) {
    RunLock lock(folder / "model");
    lock.announce({log}, folder / "checkpoint");
    put(log);
    ::raise(SIGKILL);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
}

}  // namespace

TEST_CASE("a second run on an output is refused as long as the first lives") {
  const gdm_test::TemporaryFolder folder;
  {
    const RunLock first(folder / "model");
    try {
      const RunLock second(folder.path() / "." / "model");
      FAIL("locked twice");
    } catch (const Error& error) {
      const std::string text = error.what();
      CHECK(text.find("another run is writing it (process " + std::to_string(::getpid())) != std::string::npos);
    }
    const RunLock other(folder / "other");
  }
  const RunLock again(folder / "model");
}

TEST_CASE("what a killed run announced is left behind until a run ends well") {
  const gdm_test::TemporaryFolder folder;
  const auto log = folder / "log";
  run_and_die(folder, log);
  CHECK(std::filesystem::exists(folder / "model.lock"));
  {
    const RunLock next(folder / "model");  // a dry run, say
    CHECK(next.left_behind(log));
    CHECK(next.left_behind(folder.path() / "." / "log"));
    CHECK_FALSE(next.left_behind(folder / "other"));
  }
  {
    RunLock next(folder / "model");
    CHECK(next.left_behind(log));
    next.announce({log}, folder / "checkpoint");
    put(folder / "model");
  }
  CHECK_FALSE(std::filesystem::exists(folder / "model.lock"));
  std::filesystem::remove(folder / "model");
  const RunLock after(folder / "model");
  CHECK_FALSE(after.left_behind(log));
}

TEST_CASE("a file of the user's under the lock's name stays as it is") {
  const gdm_test::TemporaryFolder folder;
  std::ofstream(folder / "model.lock") << "my notes\n";
  CHECK_THROWS_AS(RunLock(folder / "model"), Error);
  std::string text;
  std::getline(std::ifstream(folder / "model.lock") >> std::ws, text);
  CHECK(text == "my notes");
}

TEST_CASE("a run that leaves a checkpoint, or nothing, leaves no lock") {
  const gdm_test::TemporaryFolder folder;
  {
    RunLock lock(folder / "model");
    lock.announce({folder / "log"}, folder / "checkpoint");
  }
  CHECK_FALSE(std::filesystem::exists(folder / "model.lock"));
  {
    RunLock lock(folder / "model");
    lock.announce({folder / "log"}, folder / "checkpoint");
    put(folder / "log");
    put(folder / "checkpoint");
  }
  CHECK_FALSE(std::filesystem::exists(folder / "model.lock"));
  CHECK_THROWS_AS(RunLock(folder / "missing" / "model"), Error);
}
