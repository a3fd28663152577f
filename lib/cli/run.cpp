#include "cli/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "cli/batch.hpp"
#include "sys/atomic_file.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"
#include "sys/share.hpp"

namespace gdm::cli {

engine::Compute compute_of(const Program& program) {
  engine::Compute compute;
  compute.device = program.standard().device;
  compute.threads = thread_count();
  compute.seed = program.standard().seed;
  compute.allow_code = program.standard().allow_code;
  return compute;
}

int exit_of(bool finished) {
  return static_cast<int>(finished ? Exit::ok : Exit::requeue);
}

std::vector<std::int64_t> numbers_from_text(const std::string& text, const std::string& option) {
  std::vector<std::int64_t> numbers;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) {
    std::size_t used = 0;
    long long value = 0;
    try {
      value = std::stoll(part, &used);
    } catch (const std::exception&) {
      used = 0;
    }
    if (used == 0 || used != part.size() || value < 1) {
      throw Error(fmt::format("{}: '{}' is not a list of numbers such as 16,32,64", option, text), Exit::usage);
    }
    numbers.push_back(value);
  }
  if (numbers.empty() || numbers.size() > 6 || *std::max_element(numbers.begin(), numbers.end()) > 4096) {
    throw Error(fmt::format("{}: '{}' is not a list of 1 to 6 numbers up to 4096", option, text), Exit::usage);
  }
  return numbers;
}

std::string check_numbers(const std::string& text) {
  try {
    numbers_from_text(text, "");
  } catch (const Error&) {
    return "'" + text + "' is not a list of numbers such as 16,32,64";
  }
  return {};
}

fs::path encoder_path(const std::string& name) {
  if (name.empty()) return name;
  return shared_file(name == "default" ? "ct-default" : name, "encoders", ".safetensors");
}

fs::path model_path(const std::string& name) {
  return shared_file(name, "models", ".safetensors");
}

std::string card_text(const fs::path& file) {
  constexpr std::size_t largest = 1 << 20;
  return file.empty() ? std::string() : read_file(file, largest);
}

}  // namespace gdm::cli
