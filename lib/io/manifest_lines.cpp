// One pass over text that has been parsed already, so nothing is validated here; text that is not JSON gives numbers
// that mean nothing, but no harm.
#include "io/manifest_lines.hpp"

namespace gdm {
namespace {

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::vector<std::size_t> run() {
    for (; at_ < text_.size(); ++at_) step(text_[at_]);
    return lines_;
  }

 private:
  void step(char c) {
    if (c == '\n') ++line_;
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') return;
    if (c == '}' || c == ']') {
      --depth_;
      if (depth_ < 2) in_cases_ = false;
      return;
    }
    if (in_cases_ && depth_ == 2) {
      if (c == ',') {
        awaits_element_ = true;
      } else if (awaits_element_) {
        lines_.push_back(line_);
        awaits_element_ = false;
      }
    }
    if (c == '"') {
      skip_string();
    } else if (c == '{' || c == '[') {
      if (c == '[' && depth_ == 1 && last_string_ == "cases") in_cases_ = awaits_element_ = true;
      ++depth_;
    }
  }

  /// Leaves `at_` on the closing quote. A JSON string holds no line end.
  void skip_string() {
    const std::size_t begin = ++at_;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    if (depth_ == 1) last_string_ = text_.substr(begin, at_ < text_.size() ? at_ - begin : 0);
  }

  std::string_view text_;
  std::string_view last_string_;  ///< of the outermost object: before a '[' there, its key
  std::size_t at_ = 0, line_ = 1;
  int depth_ = 0;
  bool in_cases_ = false, awaits_element_ = false;
  std::vector<std::size_t> lines_;
};

}  // namespace

std::vector<std::size_t> case_lines(std::string_view text) {
  return Scanner(text).run();
}

}  // namespace gdm
