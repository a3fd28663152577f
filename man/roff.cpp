// Manual pages: a small part of Markdown (# headings, ## subheadings, "term" + ": text" definitions, "- " items,
// four-space code, **bold**, *italic*) to man(7) macros, with SYNOPSIS and OPTIONS from the declaration.
#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "generate.hpp"

namespace gdm::docs {
namespace {

/// Plain text for roff: minus signs that can be copied, no control lines, no escapes.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '\'') {
      out += "\\(aq";
    } else if (c == '^') {
      out += "\\(ha";
    } else if (c == '~') {
      out += "\\(ti";
    } else if (c == '`') {
      out += "\\(ga";
    } else {
      out += c;
    }
  }
  return out.empty() || out.front() != '.' ? out : "\\&" + out;
}

std::string bold(const std::string& text) {
  return "\\fB" + escaped(text) + "\\fR";
}
std::string italic(const std::string& text) {
  return "\\fI" + escaped(text) + "\\fR";
}

/// **bold**, `bold`, *italic*; anything else is text.
std::string inline_text(const std::string& text) {
  std::string out, plain;
  const auto flush = [&] {
    out += out.empty() ? escaped(plain) : plain.empty() ? "" : escaped("x" + plain).substr(1);
    plain.clear();
  };
  for (std::size_t i = 0; i < text.size();) {
    std::string mark;
    for (const char* candidate : {"**", "`", "*"}) {
      if (mark.empty() && text.compare(i, std::string(candidate).size(), candidate) == 0) mark = candidate;
    }
    const auto end = mark.empty() ? std::string::npos : text.find(mark, i + mark.size());
    if (end == std::string::npos || end == i + mark.size() || text[i + mark.size()] == ' ') {
      plain += text[i++];
      continue;
    }
    flush();
    const std::string inner = text.substr(i + mark.size(), end - i - mark.size());
    out += mark == "*" ? italic(inner) : bold(inner);
    i = end + mark.size();
  }
  flush();
  return out;
}

/// Words of a type's name in capitals are placeholders; the rest is typed as it stands.
std::string type_text(const std::string& type) {
  std::string out, word;
  const auto flush = [&] {
    const bool placeholder = !word.empty() && std::isupper(static_cast<unsigned char>(word.front())) != 0;
    if (!word.empty()) out += placeholder ? italic(word) : bold(word);
    word.clear();
  };
  for (const char c : type) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || (c == '-' && !word.empty())) {
      word += c;
    } else {
      flush();
      out += escaped(std::string(1, c));
    }
  }
  flush();
  return out;
}

/// A value's name: the choices, or N and X for CLI11's names of number types.
std::string value_text(const Json& option) {
  auto type = option.at("type").get<std::string>();
  if (option.contains("choices")) {
    type = words_of(option);
    std::replace(type.begin(), type.end(), ' ', '|');
  }
  if (type == "INT" || type == "UINT") type = "N";
  if (type == "FLOAT") type = "X";
  return type_text(type);
}

std::string number_text(const Json& number) {
  std::ostringstream text;
  text.precision(10);
  if (number.is_number_float()) {
    text << number.get<double>();
  } else {
    text << number.get<std::int64_t>();
  }
  return text.str();
}

std::string default_text(const Json& option) {
  auto text = option.at("default").get<std::string>();
  if (text.size() < 2 || text.front() != '[') return text;
  text = text.substr(1, text.size() - 2);
  if (option.at("values") > 1) std::replace(text.begin(), text.end(), ',', ' ');
  return text;
}

std::string sentence(std::string text) {
  if (!text.empty() && text.back() != '.') text += '.';
  return text;
}

std::string option_entry(const Json& option) {
  std::string head;
  if (option.at("positional")) {
    head = value_text(option);
  } else {
    for (const auto& name : option.at("names")) head += (head.empty() ? "" : ", ") + bold(name.get<std::string>());
    if (takes_value(option)) head += " " + value_text(option);
  }
  std::string text = sentence(option.at("description").get<std::string>());
  if (option.contains("range")) {
    const Json& range = option.at("range");
    text += " From " + number_text(range.at(0)) + " to " + number_text(range.at(1)) + ".";
  }
  const std::string value = default_text(option);
  std::string more;
  if (!value.empty()) more += " Default: " + bold(value) + ".";
  if (option.at("required")) more += " Required.";
  if (option.contains("environment")) {
    more += " Environment: " + bold(option.at("environment").get<std::string>()) + ".";
  }
  return ".TP\n" + head + "\n" + escaped(text) + more + "\n";
}

/// Entries of one group, or for "" of all but the common options; positionals first.
std::string entries(const Json& options, const std::string& group) {
  std::string arguments, text;
  for (const Json& option : options) {
    if (group.empty() ? option.at("group") == "Common options" : option.at("group") != group) continue;
    (option.at("positional").get<bool>() ? arguments : text) += option_entry(option);
  }
  return arguments + text;
}

std::string options_section(const Json& dump) {
  std::string text;
  const std::string own = entries(dump.at("options"), "");
  const Json& commands = dump.at("commands");
  if (!own.empty() && !commands.empty()) text += ".SS " + escaped("Without a command") + "\n";
  text += own;
  for (const Json& command : commands) {
    text += ".SS " + escaped(command.at("name").get<std::string>()) + "\n" +
            escaped(sentence(command.at("description").get<std::string>())) + "\n" +
            entries(options_of_command(command), "");
  }
  return text + ".SS Common options\n" + entries(dump.at("options"), "Common options");
}

std::string synopsis_line(const std::string& program, const std::string& command, const Json& options) {
  std::string line = bold(program);
  if (!command.empty()) line += " " + bold(command);
  std::string needed, positional;
  for (const Json& option : options) {
    if (option.at("positional")) {
      const std::string name = value_text(option) + (option.at("repeated") ? " ..." : "");
      positional += option.at("required") ? " " + name : " [" + name + "]";
    } else if (option.at("required")) {
      needed += " " + bold(option.at("names").at(0).get<std::string>()) + " " + value_text(option);
    }
  }
  return line + " [" + italic("OPTION") + " ...]" + positional + needed + "\n";
}

std::string synopsis(const Json& dump) {
  const auto program = dump.at("program").get<std::string>();
  std::string text;
  const auto add = [&](const std::string& line) { text += (text.empty() ? "" : ".br\n") + line; };
  if (!dump.at("command_required").get<bool>()) add(synopsis_line(program, "", dump.at("options")));
  for (const Json& command : dump.at("commands")) {
    add(synopsis_line(program, command.at("name").get<std::string>(), command.at("options")));
  }
  return text;
}

std::vector<std::string> lines_of(const fs::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path.string() + " cannot be read");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

/// Turns lines into macros; remembers what the line before was.
class Page {
 public:
  Page(const fs::path& folder, const Json& dump) : folder_(folder), dump_(dump) {}

  void add_all(const std::vector<std::string>& lines) {
    for (std::size_t n = 0; n < lines.size(); ++n) add(lines[n], n + 1 < lines.size() ? lines[n + 1] : "");
    end_code();
  }
  const std::string& text() const { return text_; }

 private:
  void add(const std::string& line, const std::string& next) {
    if (line.rfind("    ", 0) == 0) return add_code(line.substr(4));
    if (code_ && line.empty() && next.rfind("    ", 0) == 0) return add_code("");
    end_code();
    if (line.empty()) {
      fresh_ = true;
    } else if (line.rfind("{{", 0) == 0) {
      add_directive(line);
    } else if (line.rfind("# ", 0) == 0) {
      begin_section(".SH " + escaped(line.substr(2)));
    } else if (line.rfind("## ", 0) == 0) {
      begin_section(".SS " + escaped(line.substr(3)));
    } else if (next.rfind(": ", 0) == 0) {
      text_ += ".TP\n" + inline_text(line) + "\n";
      fresh_ = false;
    } else if (line.rfind(": ", 0) == 0) {
      text_ += inline_text(line.substr(2)) + "\n";
    } else if (line.rfind("- ", 0) == 0) {
      text_ += ".IP \\(bu 2\n" + inline_text(line.substr(2)) + "\n";
      fresh_ = false;
    } else {
      if (fresh_ && !after_heading_) text_ += ".PP\n";
      text_ += inline_text(line) + "\n";
      fresh_ = false;
    }
    if (!line.empty() && line.front() != '#') after_heading_ = false;
  }

  void begin_section(const std::string& macro) {
    text_ += macro + "\n";
    after_heading_ = true;
  }

  void add_code(const std::string& line) {
    if (!code_) text_ += std::string(after_heading_ ? "" : ".PP\n") + ".RS 4\n.nf\n";
    code_ = true;
    after_heading_ = false;
    text_ += (line.empty() ? ".sp" : escaped(line)) + "\n";
  }

  void end_code() {
    if (code_) text_ += ".fi\n.RE\n";
    if (code_) fresh_ = true;
    code_ = false;
  }

  void add_directive(const std::string& line) {
    const std::string include = "{{include ";
    if (line == "{{options}}") {
      text_ += options_section(dump_);
    } else if (line == "{{synopsis}}") {
      text_ += synopsis(dump_);
    } else if (line.rfind(include, 0) == 0 && line.size() > include.size() + 2) {
      const std::string name = line.substr(include.size(), line.size() - include.size() - 2);
      add_all(lines_of(folder_ / "shared" / (name + ".md")));
    } else {
      throw std::runtime_error("'" + line + "' is not known");
    }
    fresh_ = true;
  }

  fs::path folder_;
  const Json& dump_;
  std::string text_;
  bool fresh_ = true, after_heading_ = true, code_ = false;
};

}  // namespace

std::string manual_page(const fs::path& source, const Json& dump) {
  const fs::path page = source.stem();  // gdm-x.1
  std::string title = page.stem().string();
  std::transform(title.begin(), title.end(), title.begin(), [](unsigned char c) { return std::toupper(c); });
  Page body(source.parent_path(), dump);
  body.add_all(lines_of(source));
  return ".\\\" Generated from " + source.filename().string() +
         " and the program's options; see man/generate.hpp.\n.TH " + escaped(title) + " " +
         page.extension().string().substr(1) + " \"\" \"gdm\" \"gdm manual\"\n.nh\n.ad l\n" + body.text();
}

}  // namespace gdm::docs
