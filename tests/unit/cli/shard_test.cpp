// --shard: which part a task of a SLURM array does, and which arrays are refused.
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "cli/shard.hpp"
#include "io_fixture.hpp"
#include "sys/log.hpp"

using namespace gdm;

namespace {

/// The environment of one task; "" leaves a variable unset.
struct Task {
  std::string id, min, max, step, count;
};

std::string shard_of(const Task& task, const std::string& text = "auto") {
  const std::pair<const char*, std::string> values[] = {{"SLURM_ARRAY_TASK_ID", task.id},
                                                        {"SLURM_ARRAY_TASK_MIN", task.min},
                                                        {"SLURM_ARRAY_TASK_MAX", task.max},
                                                        {"SLURM_ARRAY_TASK_STEP", task.step},
                                                        {"SLURM_ARRAY_TASK_COUNT", task.count}};
  for (const auto& [name, value] : values) {
    if (value.empty()) {
      unsetenv(name);
    } else {
      setenv(name, value.c_str(), 1);
    }
  }
  try {
    const cli::Shard shard = cli::parse_shard(text);
    return std::to_string(shard.number) + "/" + std::to_string(shard.count);
  } catch (const Error& error) {
    CHECK(error.exit_class() == Exit::usage);
    return error.what();
  }
}

bool refused(const std::string& shard, const std::string& what) {
  return shard.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("a whole SLURM array is cut into parts, whether it counts from 0 or 1, in any steps") {
  CHECK(shard_of({"1", "1", "4", "1", "4"}) == "1/4");
  CHECK(shard_of({"4", "1", "4", "1", "4"}) == "4/4");
  CHECK(shard_of({"0", "0", "3", "1", "4"}) == "1/4");
  CHECK(shard_of({"3", "0", "3", "1", "4"}) == "4/4");
  CHECK(shard_of({"4", "0", "6", "2", "4"}) == "3/4");
  CHECK(shard_of({"7", "1", "7", "3", "3"}) == "3/3");
  CHECK(shard_of({"2", "1", "2", "", "2"}) == "2/2");
}

TEST_CASE("an array that counts from another number is whole, too, but may be a tail, and is warned of") {
  const WarningCapture capture;
  CHECK(shard_of({"12", "10", "14", "1", "5"}) == "3/5");
  REQUIRE(capture.warnings().size() == 1);
  CHECK(refused(capture.warnings()[0], "tail of a larger one"));
  CHECK(refused(capture.warnings()[0], "--shard auto/N"));
}

TEST_CASE("an array that may mean several things is refused with the way on") {
  for (const Task& holes : {Task{"1", "1", "3", "1", "2"}, Task{"3", "1", "3", "1", "2"}, Task{"3", "0", "9", "2", "5"},
                            Task{"0", "0", "5", "2", "3"}, Task{"1", "1", "4", "0", "4"}, Task{"9", "1", "4", "1", "4"},
                            Task{"0", "1", "4", "1", "4"}, Task{"1", "4", "1", "1", "4"}}) {
    CHECK(refused(shard_of(holes), "has holes"));
    CHECK(refused(shard_of(holes), "--shard auto/N"));
  }
  for (const Task& alone :
       {Task{"2", "2", "2", "1", "1"}, Task{"1", "1", "1", "1", "1"}, Task{"0", "0", "0", "1", "1"}}) {
    CHECK(refused(shard_of(alone), "is alone in its array"));
    CHECK(refused(shard_of(alone), "--shard auto/N"));
  }
  CHECK(refused(shard_of({"1", "1", "", "", "2"}), "SLURM_ARRAY_TASK_MAX is not set"));
  CHECK(refused(shard_of({"", "", "", "", ""}), "SLURM_ARRAY_TASK_ID is not set"));
  CHECK(refused(shard_of({"1", "1", "x", "1", "2"}), "SLURM_ARRAY_TASK_MAX is not set to a number"));
}

TEST_CASE("auto/N takes the task's number for the part's, in any array that has no task 0") {
  CHECK(shard_of({"2", "2", "2", "1", "1"}, "auto/4") == "2/4");
  CHECK(shard_of({"3", "1", "3", "1", "2"}, "auto/4") == "3/4");
  CHECK(shard_of({"1", "1", "1", "1", "1"}, "auto/1") == "1/1");
  CHECK(shard_of({"4", "", "", "", ""}, "auto/4") == "4/4");
  CHECK(refused(shard_of({"0", "0", "0", "1", "1"}, "auto/4"), "has a task 0"));
  CHECK(refused(shard_of({"2", "0", "2", "2", "2"}, "auto/4"), "$((SLURM_ARRAY_TASK_ID + 1))/4"));
  CHECK(refused(shard_of({"5", "1", "5", "1", "5"}, "auto/4"), "task 5 is not a part"));
  CHECK(refused(shard_of({"", "", "", "", ""}, "auto/4"), "SLURM_ARRAY_TASK_ID is not set"));
}

TEST_CASE("forms of --shard that are none") {
  for (const char* text : {"0/4", "5/4", "1/0", "auto/0", "auto/", "auto/x", "auto/-4", "auto4", "/4", "1/4/2", "a/b",
                           "1", " 1/4", "1/ 4", "+1/4"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(cli::parse_shard(text), Error);
  }
  CHECK(shard_of({}, "2/4") == "2/4");
  CHECK(shard_of({}, "") == "1/1");
}
