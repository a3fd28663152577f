// A batch whose next case is read and whose last is saved while one is computed: the same order, the same failures.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cli/batch.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/signals.hpp"

using namespace gdm;

namespace {

/// No warnings on stderr while it lives.
struct Quiet {
  Quiet() { set_log_level(LogLevel::quiet); }
  ~Quiet() { set_log_level(level); }
  LogLevel level = log_level();
};

Manifest three_cases() {
  Manifest manifest;
  for (const char* id : {"a", "b", "c"}) {
    Case item;
    item.id = id;
    manifest.cases.push_back(item);
  }
  return manifest;
}

cli::Batch batch_of(const Manifest& manifest, bool keep_going = false) {
  cli::BatchOptions options;
  options.keep_going = keep_going;
  return {manifest, options};
}

/// Events of all threads, in their order; wait_for() lets one thread see what another has done.
class Diary {
 public:
  void note(const std::string& event) {
    const std::lock_guard<std::mutex> lock(mutex_);
    events_.push_back(event);
    changed_.notify_all();
  }
  /// Whether the event came within some seconds.
  bool wait_for(const std::string& event) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20),
                             [&] { return std::find(events_.begin(), events_.end(), event) != events_.end(); });
  }
  std::vector<std::string> of(const std::string& kind) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<std::string> found;
    for (const std::string& event : events_) {
      if (event.rfind(kind, 0) == 0) found.push_back(event.substr(kind.size() + 1));
    }
    return found;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> events_;
};

using Ids = std::vector<std::string>;

/// Reads, computes and saves by notes; what `fails` names, such as "save b", throws.
std::size_t run(cli::Batch& batch, bool overlap, Diary& diary, const std::string& fails = "") {
  const auto step = [&diary, fails](const std::string& event) {
    if (event == fails) throw Error("cannot " + event);
    diary.note(event);
  };
  return batch.run(
      "test", overlap,
      [step](const Case& item) -> cli::Batch::Computing {
        step("read " + item.id);
        log_warning("of " + item.id);
        return [step, id = item.id]() -> cli::Batch::Saving {
          step("compute " + id);
          return [step, id] { step("save " + id); };
        };
      },
      [&diary](Case& item) {
        diary.note("enter " + item.id);
        item.prediction = item.id + ".nii.gz";
      });
}

}  // namespace

TEST_CASE("parts of all cases come in the order of the cases, whether they overlap or not") {
  const Quiet quiet;
  for (const bool overlap : {false, true}) {
    CAPTURE(overlap);
    cli::Batch batch = batch_of(three_cases());
    Diary diary;
    const WarningCapture heard;
    CHECK(run(batch, overlap, diary) == 0);
    for (const char* part : {"read", "compute", "save", "enter"}) CHECK(diary.of(part) == Ids{"a", "b", "c"});
    CHECK(heard.warnings() == Ids{"of a", "of b", "of c"});
    CHECK(batch.cases()[2].prediction == fs::path("c.nii.gz"));
  }
}

TEST_CASE("while a case is computed the next is read and the one before is saved") {
  const Quiet quiet;
  cli::Batch batch = batch_of(three_cases());
  Diary diary;
  bool all_came = true;
  const std::size_t failed = batch.run(
      "test", true,
      [&](const Case& item) -> cli::Batch::Computing {
        diary.note("read " + item.id);
        return [&, id = item.id]() -> cli::Batch::Saving {
          // Saving the first case waits for the computing of the second, which waits for the reading of the third.
          if (id == "b") all_came = diary.wait_for("read c") && all_came;
          diary.note("compute " + id);
          return [&, id] {
            if (id == "a") all_came = diary.wait_for("compute b") && all_came;
            diary.note("save " + id);
          };
        };
      },
      [](Case&) {});
  CHECK(failed == 0);
  CHECK(all_came);
}

TEST_CASE("a failure of any part is its own case's") {
  const Quiet quiet;
  for (const bool overlap : {false, true}) {
    for (const std::string part : {"read", "compute", "save"}) {
      CAPTURE(overlap);
      CAPTURE(part);
      cli::Batch patient = batch_of(three_cases(), true);
      Diary diary;
      CHECK(run(patient, overlap, diary, part + " b") == 1);
      CHECK(diary.of("enter") == Ids{"a", "c"});
      CHECK(patient.cases()[1].error == "case 'b': cannot " + part + " b");
      CHECK_FALSE(patient.cases()[0].error.has_value());
      CHECK_FALSE(patient.cases()[1].prediction.has_value());

      cli::Batch strict = batch_of(three_cases());
      Diary until;
      CHECK_THROWS_WITH_AS(run(strict, overlap, until, part + " b"), ("case 'b': cannot " + part + " b").c_str(),
                           Error);
      CHECK(until.of("save").at(0) == "a");  // what was computed before is there
    }
  }
}

TEST_CASE("failures are told in the order of cases, and warnings before them") {
  const Quiet quiet;
  for (const bool overlap : {false, true}) {
    CAPTURE(overlap);
    const auto fail_each = [overlap](bool keep_going) {
      cli::Batch batch = batch_of(three_cases(), keep_going);
      batch.run(
          "test", overlap,
          [](const Case& item) -> cli::Batch::Computing {
            log_warning("of " + item.id);
            if (item.id != "a") throw Error("cannot read " + item.id);
            return []() -> cli::Batch::Saving { return [] { throw Error("cannot save a"); }; };
          },
          [](Case&) {});
    };
    CHECK_THROWS_WITH_AS(fail_each(false), "case 'a': cannot save a", Error);
    const WarningCapture heard;
    fail_each(true);
    CHECK(heard.warnings() == Ids{"of a", "of b", "of c"});
  }
}

TEST_CASE("a stop lets what is being saved be saved") {
  const Quiet quiet;
  cli::Batch batch = batch_of(three_cases(), true);
  Diary diary;
  const auto stopped = [&] {
    batch.run(
        "test", true,
        [&](const Case& item) -> cli::Batch::Computing {
          return [&, id = item.id]() -> cli::Batch::Saving {
            if (id == "b") throw StopRequested{15};
            return [&, id] {
              std::this_thread::sleep_for(std::chrono::milliseconds(50));
              diary.note("save " + id);
            };
          };
        },
        [](Case&) {});
  };
  CHECK_THROWS_AS(stopped(), StopRequested);
  CHECK(diary.of("save") == Ids{"a"});
}

TEST_CASE("what is saved is let go when it is written") {
  const Quiet quiet;
  cli::Batch batch = batch_of(three_cases());
  std::weak_ptr<int> volumes;  // of the first case
  bool gone = false;
  batch.run(
      "test", true,
      [&](const Case& item) -> cli::Batch::Computing {
        return [&, id = item.id]() -> cli::Batch::Saving {
          for (int n = 0; id == "b" && !gone && n < 4000; ++n) {  // the first is being saved
            gone = volumes.expired();
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
          }
          const auto held = std::make_shared<int>(1);
          if (id == "a") volumes = held;
          return [held] {};
        };
      },
      [](Case&) {});
  CHECK(gone);
}

TEST_CASE("a case that has failed before is neither read nor written, and one without work is entered") {
  const Quiet quiet;
  Manifest manifest = three_cases();
  manifest.cases[1].error = "no such scan";
  cli::Batch batch = batch_of(manifest);
  Diary diary;
  const std::size_t failed = batch.run(
      "test", true,
      [&](const Case& item) -> cli::Batch::Computing {
        diary.note("read " + item.id);
        return {};
      },
      [&](Case& item) { diary.note("enter " + item.id); });
  CHECK(failed == 1);
  CHECK(diary.of("read") == Ids{"a", "c"});
  CHECK(diary.of("enter") == Ids{"a", "c"});
  CHECK(batch.cases()[1].error == "no such scan");
}
