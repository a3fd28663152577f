// A part that is taken for another one is a case that nobody makes, so an array that cannot be the whole work is
// refused, and one that need not be it gets a warning.
#include "cli/shard.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>

#include "cli/values.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::cli {
namespace {

bool parse_number(std::string_view text, std::size_t& number) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  return result.ec == std::errc() && result.ptr == text.data() + text.size() && !text.empty();
}

std::size_t slurm_number(const char* name) {
  const char* text = std::getenv(name);
  std::size_t number = 0;
  if (text == nullptr || !parse_number(text, number)) {
    throw Error(fmt::format("auto: the environment variable {} is not set to a number, as in a task of a SLURM array; "
                            "elsewhere write --shard I/N",
                            name),
                Exit::usage);
  }
  return number;
}

/// What a user does whose array cannot be taken for the whole work.
constexpr const char* way_on = "say of how many parts this task does number ID: --shard auto/N, parts count from 1";

/// The array that SLURM says this task is in.
struct Array {
  std::size_t id = 0, first = 0, last = 0, step = 1, count = 0;
};

Array slurm_array() {
  Array array;
  array.id = slurm_number("SLURM_ARRAY_TASK_ID");
  array.first = slurm_number("SLURM_ARRAY_TASK_MIN");
  array.count = slurm_number("SLURM_ARRAY_TASK_COUNT");
  if (array.count == 1) {
    throw Error(fmt::format("auto: SLURM task {} is alone in its array; {}, or leave --shard out for all cases",
                            array.id, way_on),
                Exit::usage);
  }
  array.last = slurm_number("SLURM_ARRAY_TASK_MAX");
  if (std::getenv("SLURM_ARRAY_TASK_STEP") != nullptr) array.step = slurm_number("SLURM_ARRAY_TASK_STEP");
  return array;
}

void check_whole(const Array& array) {
  const bool range = array.step > 0 && array.first <= array.id && array.id <= array.last;
  const std::string name =
      fmt::format("auto: the SLURM array from {} to {} in steps of {}", array.first, array.last, array.step);
  if (!range || (array.last - array.first) / array.step + 1 != array.count ||
      (array.last - array.first) % array.step != 0 || (array.id - array.first) % array.step != 0) {
    throw Error(fmt::format("{} with {} tasks, this one {}, has holes, so tasks are no parts 1 to {}; {}", name,
                            array.count, array.id, array.count, way_on),
                Exit::usage);
  }
  if (array.first > 1) {
    log_warning(
        fmt::format("--shard {} is taken for the whole work; if it is the tail of a larger one, {}", name, way_on));
  }
}

Shard part_of_array() {
  const Array array = slurm_array();
  check_whole(array);
  const Shard shard{(array.id - array.first) / array.step + 1, array.count};
  if (shard.number != array.id) {
    log_info(fmt::format("SLURM task {} is part {}/{}; to do it again alone: --shard {}/{}", array.id, shard.number,
                         shard.count, shard.number, shard.count));
  }
  return shard;
}

/// An array with a task 0 counts from 0, and then every part would be taken for the one before it.
Shard part_by_id(std::size_t count) {
  const std::size_t id = slurm_number("SLURM_ARRAY_TASK_ID");
  const bool from_zero =
      id == 0 || (std::getenv("SLURM_ARRAY_TASK_MIN") != nullptr && slurm_number("SLURM_ARRAY_TASK_MIN") == 0);
  if (from_zero) {
    throw Error(
        fmt::format("auto/{}: parts count from 1, but this SLURM array has a task 0; for arrays from 0 write --shard "
                    "$((SLURM_ARRAY_TASK_ID + 1))/{}",
                    count, count),
        Exit::usage);
  }
  if (id > count) {
    throw Error(fmt::format("auto/{}: SLURM task {} is not a part from 1/N to N/N", count, id), Exit::usage);
  }
  return {id, count};
}

/// The form alone: the variables of "auto" are read when the batch is cut.
struct Form {
  bool automatic = false;
  Shard shard{1, 0};  ///< count 0: "auto"
};

Form parse_form(const std::string& text) {
  Form form;
  const auto slash = text.find('/');
  const std::string_view part = std::string_view(text).substr(0, slash);
  form.automatic = part == "auto";
  if (form.automatic && slash == std::string::npos) return form;
  const bool numbers = slash != std::string::npos && (form.automatic || parse_number(part, form.shard.number)) &&
                       parse_number(std::string_view(text).substr(slash + 1), form.shard.count);
  if (!numbers) throw Error(fmt::format("'{}' is not I/N, auto or auto/N", text), Exit::usage);
  if (form.shard.number < 1 || form.shard.number > form.shard.count) {
    throw Error(fmt::format("{} is not a part from 1/N to N/N", text), Exit::usage);
  }
  return form;
}

}  // namespace

Shard parse_shard(const std::string& text) {
  if (text.empty()) return {};
  const Form form = parse_form(text);
  if (!form.automatic) return form.shard;
  return form.shard.count == 0 ? part_of_array() : part_by_id(form.shard.count);
}

void add_shard_option(CLI::App& command, std::string& shard) {
  command
      .add_option("--shard", shard,
                  "Only part I of N of the cases; auto: by a whole SLURM array; auto/N: part number by its task's ID")
      ->check(accepted_by(parse_form, "shard"))
      ->type_name("I/N|auto|auto/N");
}

}  // namespace gdm::cli
