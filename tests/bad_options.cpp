// Row G1 of the reliability list: every option of every program, given a bad value, is refused while parsing: exit 2,
// one to three lines on stderr, nothing on stdout, nothing written. Options and bad values come from --dump-options;
// names of files and free text have no bad value at this point and are counted as skipped.
//   test-bad-options FOLDER_OF_PROGRAMS
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;

struct Result {
  int code = -1;
  std::string out, err;
};

struct Tally {
  int options = 0, values = 0, skipped = 0, failures = 0;
  std::set<std::string> seen;  ///< declarations whose bad values have all been tried
};

std::string content(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void redirect(const fs::path& path, int descriptor) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file < 0 || ::dup2(file, descriptor) < 0) ::_exit(126);
}

/// Runs a program in `work`/empty, which must stay empty.
Result run(const fs::path& work, const fs::path& program, const Words& words) {
  const fs::path out = work / "out", err = work / "err", folder = work / "empty";
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    redirect("/dev/null", STDIN_FILENO);
    redirect(out, STDOUT_FILENO);
    redirect(err, STDERR_FILENO);
    std::vector<char*> arguments{const_cast<char*>(program.c_str())};
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    if (::chdir(folder.c_str()) == 0) ::execv(program.c_str(), arguments.data());
    ::_exit(126);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), content(out), content(err)};
}

std::string number_text(const Json& limit, double by) {
  if (limit.is_number_integer()) return std::to_string(limit.get<std::int64_t>() + static_cast<std::int64_t>(by));
  return fmt::format("{}", limit.get<double>() + by);
}

Words bad_values(const Json& option) {
  Words bad{"no such value", "nan", "inf", "1x", "0x1f", ""};
  if (option.contains("range")) {
    bad.push_back(number_text(option["range"][0], -1));
    bad.push_back(number_text(option["range"][1], 1));
    bad.push_back("1e400");
    if (option["range"][0].is_number_integer() && option["range"][1].is_number_integer()) bad.push_back("17.5");
  } else if (option["type"].get<std::string>().rfind("HU", 0) != 0) {  // HU may be below 0
    bad.push_back("-1");
  }
  if (option.contains("choices")) bad.push_back(option["choices"][0].get<std::string>() + "x");
  return bad;
}

/// Programs and commands declare what they share by one function, so of a declaration that was tried in one of them the
/// others show by fewer values, one that is no number or name and one beyond each end, that it is theirs.
Words fewer_values(const Json& option) {
  const Words all = bad_values(option);
  Words fewer{all.front()};
  if (option.contains("range")) fewer.insert(fewer.end(), {all[6], all[7]});
  return fewer;
}

/// Every required option of a command but `tested`, with a value that parsing accepts.
Words harmless(const Json& options, const Json& tested) {
  Words words;
  for (const Json& option : options) {
    if (!option["required"].get<bool>() || option["names"] == tested["names"]) continue;
    if (!option["positional"].get<bool>()) words.push_back(option["names"].back());
    const auto type = option["type"].get<std::string>();
    words.push_back(type == "FILE.safetensors" ? "x.safetensors" : type == "FILE.png" ? "x.png" : "x.nii");
  }
  return words;
}

void test_value(const fs::path& work, const fs::path& program, Words words, const Json& option, const std::string& bad,
                Tally& tally) {
  const auto name = option["names"].back().get<std::string>();
  if (option["values"] == 1 && !option["positional"].get<bool>()) {
    words.push_back(name + "=" + bad);
  } else {
    if (!option["positional"].get<bool>()) words.push_back(name);
    for (int n = 0; n < option["values"].get<int>(); ++n) words.push_back(bad);
  }
  const Result result = run(work, program, words);
  const auto lines = std::count(result.err.begin(), result.err.end(), '\n');
  ++tally.values;
  if (result.code == 2 && result.out.empty() && lines >= 1 && lines <= 3 && fs::is_empty(work / "empty")) return;
  ++tally.failures;
  fs::remove_all(work / "empty");
  fs::create_directory(work / "empty");
  std::string typed = program.filename().string();
  for (const std::string& word : words) typed += " '" + word + "'";
  fmt::print("FAIL: {}: exit {}, {} lines on stderr, {} bytes on stdout\n{}", typed, result.code, lines,
             result.out.size(), result.err);
}

/// `own` are the options to test, `all` those whose requirements hold.
void test_options(const fs::path& work, const fs::path& program, const std::string& command, const Json& own,
                  const Json& all, Tally& tally) {
  for (const Json& option : own) {
    if (option["values"] == 0) continue;
    if (!option["checked"].get<bool>()) {
      ++tally.skipped;
      continue;
    }
    ++tally.options;
    const bool fresh = tally.seen.insert(option.dump()).second;
    for (const std::string& bad : fresh ? bad_values(option) : fewer_values(option)) {
      Words words = command.empty() ? Words{} : Words{command};
      for (const std::string& word : harmless(all, option)) words.push_back(word);
      test_value(work, program, words, option, bad, tally);
    }
  }
}

void test_program(const fs::path& work, const fs::path& program, Tally& tally) {
  const Result dump = run(work, program, {"--dump-options"});
  const Json json = Json::parse(dump.out);
  const Json& commands = json["commands"];
  // The common options need a command where the program does nothing without one.
  const bool needs_command = json["command_required"].get<bool>();
  const std::string first = needs_command ? commands[0]["name"].get<std::string>() : "";
  test_options(work, program, first, json["options"], needs_command ? commands[0]["options"] : json["options"], tally);
  for (const Json& command : commands) {
    test_options(work, program, command["name"], command["options"], command["options"], tally);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::string pattern = (fs::temp_directory_path() / "gdm-bad-options-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) return 1;
  const fs::path work = pattern;
  fs::create_directory(work / "empty");
  std::vector<fs::path> programs;
  for (const auto& entry : fs::directory_iterator(fs::absolute(argv[1]))) {
    if (entry.path().filename().string().rfind("gdm-", 0) == 0) programs.push_back(entry.path());
  }
  std::sort(programs.begin(), programs.end());
  Tally tally;
  for (const fs::path& program : programs) test_program(work, program, tally);
  fs::remove_all(work);
  fmt::print("{} programs, {} options tested with {} bad values, {} options skipped (files and text), {} failures\n",
             programs.size(), tally.options, tally.values, tally.skipped, tally.failures);
  return tally.failures == 0 && tally.options > 0 ? 0 : 1;
}
