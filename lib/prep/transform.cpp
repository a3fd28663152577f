#include "prep/transform.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cmath>
#include <sstream>

#include "sys/atomic_file.hpp"
#include "sys/error.hpp"

namespace gdm::prep {
namespace {

constexpr std::size_t longest_file = std::size_t{256} << 20;

std::vector<double> numbers_in(const std::string& text) {
  std::vector<double> numbers;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    double number = 0;
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), number);
    if (parsed.ec != std::errc() || parsed.ptr != word.data() + word.size() || !std::isfinite(number)) {
      throw Error(fmt::format("'{}' is not a finite number", word));
    }
    numbers.push_back(number);
  }
  return numbers;
}

/// One line that is neither empty nor a comment.
void take_line(const std::string& line, Transform& transform) {
  const auto colon = line.find(':');
  const std::string key = line.substr(0, colon);
  const bool known = key == "Transform" || key == "Parameters" || key == "FixedParameters";
  if (colon == std::string::npos || !known) throw Error("expected Transform, Parameters or FixedParameters");
  std::string rest = line.substr(colon + 1);
  if (key == "Transform") {
    std::istringstream words(rest);
    words >> rest;
    transform.push_back({rest, {}, {}});
    return;
  }
  if (transform.empty()) throw Error(key + " before any Transform");
  (key == "Parameters" ? transform.back().parameters : transform.back().fixed_parameters) = numbers_in(rest);
}

}  // namespace

TransformStage affine_stage(const Matrix4& fixed_to_moving_ras_mm) {
  const Matrix4 lps = between_lps_and_ras(fixed_to_moving_ras_mm);
  TransformStage stage{"AffineTransform_double_3_3", {}, {0, 0, 0}};
  for (std::size_t r = 0; r < 3; ++r) stage.parameters.insert(stage.parameters.end(), lps[r].begin(), lps[r].end() - 1);
  for (std::size_t r = 0; r < 3; ++r) stage.parameters.push_back(lps[r][3]);
  return stage;
}

std::string transform_text(const Transform& transform) {
  std::string text = "#Insight Transform File V1.0\n";
  int number = 0;
  if (transform.size() > 1) text += fmt::format("#Transform {}\nTransform: CompositeTransform_double_3_3\n", number++);
  for (const TransformStage& stage : transform) {
    text += fmt::format("#Transform {}\nTransform: {}\nParameters: {}\nFixedParameters: {}\n", number++, stage.type,
                        fmt::join(stage.parameters, " "), fmt::join(stage.fixed_parameters, " "));
  }
  return text;
}

Transform parse_transform(const std::string& text) {
  std::istringstream lines(text);
  Transform transform;
  std::int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (number == 1 && line.rfind("#Insight Transform File", 0) != 0) {
      throw Error("is no text file of ITK's transforms (.tfm, .txt), which begin with '#Insight Transform File V1.0'");
    }
    if (line.empty() || line.front() == '#') continue;
    with_context(fmt::format("line {}", number), [&] { take_line(line, transform); });
  }
  if (!transform.empty() && transform.front().type.rfind("CompositeTransform_", 0) == 0) {
    transform.erase(transform.begin());
  }
  if (transform.empty()) throw Error("holds no transform");
  return transform;
}

Transform read_transform(const std::filesystem::path& path) {
  return parse_transform(read_file(path, longest_file));
}

}  // namespace gdm::prep
