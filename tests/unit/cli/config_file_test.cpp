// --config: JSON keys become options; what a run had in effect can be read back.
#include <doctest/doctest.h>

#include <fstream>

#include "cli/config_file.hpp"
#include "io_fixture.hpp"

using namespace gdm;
using gdm_test::contains;
using gdm_test::error_of;

namespace {

struct Options {
  int steps = 10, shown = 1;
  std::string widths = "32,64", mode = "a", log;
  std::vector<double> temperatures{0.05, 0.2};
  std::vector<std::string> banks;
  bool restart = false;
};

/// Parses words with `json` as the file of options; returns what is in effect.
Json parse(Options& o, const std::string& json, const std::vector<std::string>& words) {
  const gdm_test::TemporaryFolder folder;
  std::ofstream(folder / "c.json") << json;
  CLI::App app("test");
  app.option_defaults()->group("Common options");
  app.set_config("--config");
  app.config_formatter(std::make_shared<cli::JsonConfig>(app));
  app.option_defaults()->group("Options");
  app.option_defaults()->always_capture_default();
  app.fallthrough();
  app.add_option("--steps", o.steps);
  app.add_option("--widths", o.widths);
  app.add_option("--mode", o.mode);
  app.add_option("--log", o.log);
  app.add_option("--temperatures", o.temperatures)->delimiter(',')->allow_extra_args(false);
  app.add_option("--bank", o.banks)->allow_extra_args(false)->default_str("");
  app.add_flag("--restart", o.restart);
  app.add_subcommand("show")->add_option("--shown", o.shown);
  std::vector<std::string> all = words;
  all.insert(all.end(), {"--config", (folder / "c.json").string()});
  std::reverse(all.begin(), all.end());
  app.parse(all);
  return cli::options_in_effect(app, {"log"});
}

}  // namespace

TEST_CASE("config: numbers, texts, lists and flags, the command line wins") {
  Options o;
  const auto json = parse(o, R"({"steps": 20, "widths": [8, 16], "temperatures": [0.1, 0.2, 0.3], "bank": ["a", "b"],
                                 "restart": true, "mode": null})",
                          {"--steps", "30"});
  CHECK(o.steps == 30);
  CHECK(o.widths == "8,16");
  CHECK(o.temperatures == std::vector<double>{0.1, 0.2, 0.3});
  CHECK(o.banks == std::vector<std::string>{"a", "b"});
  CHECK(o.restart);
  CHECK(o.mode == "a");
  Options again;
  CHECK(parse(again, json.dump(), {}) == json);
  CHECK(again.steps == 30);
  CHECK(again.temperatures == o.temperatures);
}

TEST_CASE("config: what is in effect without any option are the defaults, of absolute paths the last part") {
  Options o;
  CHECK(parse(o, "{}", {"--bank", "/far/away/b.safetensors", "--log", "x"}).dump() ==
        R"({"steps":10,"widths":"32,64","mode":"a","temperatures":[0.05,0.2],"bank":["b.safetensors"]})");
}

TEST_CASE("config: a list of the command line replaces that of the file, false leaves a flag alone") {
  Options o;
  parse(o, R"({"bank": ["a", "b"], "restart": false})", {"--bank", "c"});
  CHECK(o.banks == std::vector<std::string>{"c"});
  CHECK_FALSE(o.restart);
}

TEST_CASE("config: keys of the command that was chosen") {
  Options o;
  parse(o, R"({"shown": 7})", {"show"});
  CHECK(o.shown == 7);
  CHECK(contains(error_of([&] { parse(o, R"({"shown": 7})", {}); }), "'shown'"));
}

TEST_CASE("config: refusals name the file and the key") {
  Options o;
  for (const char* json : {R"({"stepps": 20})", R"({"steps": [1], "config": "x"})", R"({"steps": {"a": 1}})",
                           R"({"steps": true})", R"({"restart": 1})", "[1]", "{", R"({"help": true})"}) {
    INFO(json);
    CHECK(contains(error_of([&] { parse(o, json, {}); }), "c.json: "));
  }
}
