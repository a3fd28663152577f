// Shell completions. Values are completed where the declaration lists words or names a kind of path; numbers are not.
#include <algorithm>
#include <vector>

#include "generate.hpp"

namespace gdm::docs {
namespace {

const char* const notice = "generated from the program's options (man/generate.hpp); cmake --build BUILD --target docs";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string function_name(const Json& dump) {
  return "_" + replaced(dump.at("program").get<std::string>(), "-", "_");
}

std::string command_names(const Json& dump) {
  std::string names;
  for (const Json& command : dump.at("commands")) {
    names += (names.empty() ? "" : " ") + command.at("name").get<std::string>();
  }
  return names;
}

/// The program's own options stand alone where it has a default action; the common ones stand behind every command.
Json common_options(const Json& dump) {
  Json options = Json::array();
  for (const Json& option : dump.at("options")) {
    if (option.at("group") == "Common options") options.push_back(option);
  }
  return options;
}

Json joined(const Json& first, const Json& second) {
  Json all = first;
  for (const Json& option : second) all.push_back(option);
  return all;
}

std::string bash_values(const Json& options) {
  std::string text;
  for (const Json& option : options) {
    if (option.at("positional") || !takes_value(option)) continue;
    text += "        " + joined_names(option, "|") + ")";
    const std::string words = words_of(option);
    if (path_kind(option) == PathKind::file) {
      text += " COMPREPLY=($(compgen -f -- \"$cur\")); compopt -o filenames;";
    } else if (path_kind(option) == PathKind::folder) {
      text += " COMPREPLY=($(compgen -d -- \"$cur\")); compopt -o filenames;";
    } else if (!words.empty()) {
      text += " COMPREPLY=($(compgen -W \"" + words + "\" -- \"$cur\"));";
    }
    text += " return ;;\n";
  }
  return text;
}

/// One branch of the outer case: what may follow a command ("" for none).
std::string bash_branch(const std::string& name, const Json& options, const std::string& commands) {
  std::string names;
  bool paths = false;
  for (const Json& option : options) {
    if (option.at("positional")) {
      paths = true;
    } else {
      names += (names.empty() ? "" : " ") + joined_names(option, " ");
    }
  }
  std::string text = "    " + (name.empty() ? std::string("\"\"") : name) + ")\n      case $prev in\n" +
                     bash_values(options) +
                     "      esac\n      if [[ $cur == -* ]]; then\n        COMPREPLY=($(compgen "
                     "-W \"" +
                     names + "\" -- \"$cur\"))\n      else\n";
  text += commands.empty() ? "        COMPREPLY=()\n"
                           : "        COMPREPLY=($(compgen -W \"" + commands + "\" -- \"$cur\"))\n";
  if (paths) text += "        COMPREPLY+=($(compgen -f -- \"$cur\"))\n        compopt -o filenames\n";
  return text + "      fi ;;\n";
}

/// A description for a single-quoted zsh or fish string.
std::string quoted(const std::string& text, bool zsh) {
  std::string out = replaced(text, "'", zsh ? "'\\''" : "\\'");
  if (!zsh) return out;
  for (const char* special : {"[", "]", ":"}) out = replaced(out, special, std::string("\\") + special);
  return out;
}

std::string zsh_action(const Json& option) {
  if (path_kind(option) == PathKind::file) return "_files";
  if (path_kind(option) == PathKind::folder) return "_files -/";
  const std::string words = words_of(option);
  return words.empty() ? " " : "(" + words + ")";
}

std::string zsh_specification(const Json& option) {
  const std::string description = quoted(option.at("description").get<std::string>(), true);
  const std::string message = quoted(option.at("type").get<std::string>(), true);
  if (option.at("positional")) {
    return "'" + std::string(option.at("repeated") ? "*" : "1") + ":" + message + ":" + zsh_action(option) + "'";
  }
  std::string values;
  for (int n = 0; n < option.at("values").get<int>(); ++n) values += ":" + message + ":" + zsh_action(option);
  const std::string tail = "'[" + description + "]" + values + "'";
  const auto names = option.at("names").get<std::vector<std::string>>();
  const std::string repeat = option.at("repeated") ? "*" : "";
  if (names.size() == 1) {
    return "'" + repeat + names[0] + (values.empty() ? "" : "=") + tail.substr(1);
  }
  return "'(" + joined_names(option, " ") + ")'{" + names[0] + "," + names[1] + (values.empty() ? "" : "=") + "}" +
         tail;
}

std::string zsh_arguments(const Json& options, const std::string& indent) {
  std::string text;
  for (const Json& option : options) text += " \\\n" + indent + zsh_specification(option);
  return text + "\n";
}

std::string fish_line(const std::string& program, const std::string& condition, const Json& option) {
  if (option.at("positional")) return {};
  std::string line = "complete -c " + program + condition;
  for (const auto& entry : option.at("names")) {
    const auto name = entry.get<std::string>();
    line += name[1] == '-' ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (takes_value(option)) {
    const std::string words = words_of(option);
    if (path_kind(option) == PathKind::file) {
      line += " -r -F";
    } else if (path_kind(option) == PathKind::folder) {
      line += " -x -a '(__fish_complete_directories)'";
    } else {
      line += " -x" + (words.empty() ? "" : " -a '" + words + "'");
    }
  }
  return line + " -d '" + quoted(option.at("description").get<std::string>(), false) + "'\n";
}

}  // namespace

std::string bash_completion(const Json& dump) {
  const auto program = dump.at("program").get<std::string>();
  const std::string function = function_name(dump), commands = command_names(dump);
  std::string text =
      "# bash completion for " + program + ", " + notice + "\n" + function + "() {\n" +
      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=\"\" word\n"
      "  if [[ $cur == = ]]; then cur=\"\"; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
      "  COMPREPLY=()\n";
  if (!commands.empty()) {
    text += "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n    case $word in\n      " +
            replaced(commands, " ", "|") + ") command=$word; break ;;\n    esac\n  done\n";
  }
  text += "  case $command in\n" + bash_branch("", dump.at("options"), commands);
  for (const Json& command : dump.at("commands")) {
    text += bash_branch(command.at("name").get<std::string>(),
                        joined(options_of_command(command), common_options(dump)), "");
  }
  return text + "  esac\n}\ncomplete -F " + function + " " + program + "\n";
}

std::string zsh_completion(const Json& dump) {
  const auto program = dump.at("program").get<std::string>();
  const Json& commands = dump.at("commands");
  std::string text = "#compdef " + program + "\n# " + notice + "\n";
  if (commands.empty()) return text + "_arguments -S" + zsh_arguments(dump.at("options"), "  ");
  text += "local command word\nlocal -i at\nlocal -a commands=(\n";
  for (const Json& command : commands) {
    text += "  '" + command.at("name").get<std::string>() + ":" +
            quoted(command.at("description").get<std::string>(), true) + "'\n";
  }
  text += ")\nfor ((at = 2; at < CURRENT; at++)); do\n  case $words[at] in\n    (" +
          replaced(command_names(dump), " ", "|") +
          ")\n      command=$words[at]\n      words[at]=()\n      ((CURRENT--))\n      break ;;\n  esac\ndone\n";
  text += "case $command in\n";
  for (const Json& command : commands) {
    text += "  (" + command.at("name").get<std::string>() + ")\n    _arguments -S" +
            zsh_arguments(joined(options_of_command(command), common_options(dump)), "      ") + "    ;;\n";
  }
  Json own = Json::array();
  std::string positional = "_describe -t commands command commands";
  for (const Json& option : dump.at("options")) {
    if (!option.at("positional")) {
      own.push_back(option);
    } else {
      positional += "; _files";
    }
  }
  const std::string first = " \\\n      '*:argument:{ " + positional + " }'";
  return text + "  (*)\n    _arguments -S" + first + zsh_arguments(own, "      ") + "    ;;\nesac\n";
}

std::string fish_completion(const Json& dump) {
  const auto program = dump.at("program").get<std::string>();
  const std::string commands = command_names(dump);
  std::string text = "# fish completion for " + program + ", " + notice + "\n";
  const std::string none = commands.empty() ? "" : " -n 'not __fish_seen_subcommand_from " + commands + "'";
  if (dump.at("command_required").get<bool>()) text += "complete -c " + program + none + " -f\n";
  for (const Json& command : dump.at("commands")) {
    text += "complete -c " + program + none + " -a " + command.at("name").get<std::string>() + " -d '" +
            quoted(command.at("description").get<std::string>(), false) + "'\n";
  }
  for (const Json& option : dump.at("options")) {
    text += fish_line(program, option.at("group") == "Common options" ? "" : none, option);
  }
  for (const Json& command : dump.at("commands")) {
    const std::string condition = " -n '__fish_seen_subcommand_from " + command.at("name").get<std::string>() + "'";
    for (const Json& option : options_of_command(command)) text += fish_line(program, condition, option);
  }
  return text;
}

}  // namespace gdm::docs
