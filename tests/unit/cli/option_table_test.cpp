// Tables of options at the command line: every record becomes an option with its check, help and default.
#include "cli/option_table.hpp"

#include <doctest/doctest.h>

#include "engine/bank_options.hpp"
#include "engine/pretrain_options.hpp"
#include "engine/training_options.hpp"

using namespace gdm;
using engine::TrainOptions;
using engine::Words;

namespace {

/// An app as cli::Program makes it, with the options of a table.
template <class Options>
struct Declared {
  Declared(const engine::OptionTable<Options>& table, Options& options) {
    app.option_defaults()->group("Options");
    app.option_defaults()->always_capture_default();
    cli::declare(app, table, options);
  }
  void parse(Words words) {
    std::reverse(words.begin(), words.end());
    app.parse(words);
  }
  CLI::App app{"test"};
};

template <class Options>
void check_declared(const engine::OptionTable<Options>& table) {
  Options options;
  Declared<Options> declared(table, options);
  CHECK(declared.app.get_options().size() == table.size() + 1);  // and --help
  for (const auto& option : table) {
    CAPTURE(option.name);
    const CLI::Option* found = declared.app.get_option_no_throw("--" + option.name);
    REQUIRE(found != nullptr);
    CHECK(found->get_description() == option.help);
    CHECK(found->get_required() == option.required);
    CHECK(found->check_lname(option.name));
    if (const auto* words = std::get_if<Words>(&option.limits)) {
      const std::string shown = found->get_type_name();
      for (const std::string& word : *words) CHECK(shown.find(word) != std::string::npos);
      CHECK(found->get_default_str() == option.value({}).template get<std::string>());
      CHECK(engine::joined(*words).size() + (option.value_name.empty() ? 7 : 0) == shown.size());  // TEXT:{...}
    }
  }
}

TrainOptions parsed(const Words& words, Json* portable = nullptr) {
  TrainOptions options;
  Declared<TrainOptions> declared(engine::training_options(), options);
  declared.parse(words);
  cli::derive_defaults(declared.app, engine::training_options(), options);
  if (portable != nullptr) *portable = cli::portable_options(declared.app, engine::training_options(), options);
  return options;
}

}  // namespace

TEST_CASE("option table: each record is declared once, with its choices as the help shows them") {
  check_declared(engine::training_options());
  check_declared(engine::pretrain_options());
  check_declared(engine::bank_options());
}

TEST_CASE("option table: fields of every type are read") {
  const TrainOptions o =
      parsed({"-o",       "m.safetensors", "--objective", "perceptual", "--bank",    "a",       "--bank",
              "b",        "--conditions",  "mr,fbp",      "--scaling",  "mr=zscore", "--steps", "010",
              "--widths", "8,16",          "--cache",     "2K",         "--ema",     "0.5",     "--temperatures",
              "0.1,0.2",  "--restart"});
  CHECK(o.output == "m.safetensors");
  CHECK(o.objective == engine::Objective::perceptual);
  CHECK(o.banks == std::vector<std::filesystem::path>{"a", "b"});
  CHECK(o.conditions == Words{"mr", "fbp"});
  CHECK(o.scalings == Words{"mr=zscore"});
  CHECK(o.steps == 10);
  CHECK(o.widths == std::vector<std::int64_t>{8, 16});
  CHECK(o.cache_bytes == 2048);
  CHECK(o.ema == 0.5);
  CHECK(o.temperatures == std::vector<double>{0.1, 0.2});
  CHECK(o.restart);
  CHECK(parsed({"--cache", "auto"}).cache_bytes == -1);
}

TEST_CASE("option table: values outside the limits are refused") {
  for (const Words& words : {Words{"--steps", "0"},
                             {"--ema", "nan"},
                             {"--objective", "other"},
                             {"--cache", "10Q"},
                             {"--widths", "8,0"},
                             {"--scaling", "mr=other"},
                             {"--plot", "p.jpg"},
                             {"-o", "m.txt"},
                             {"--temperatures", "0.1,0"},
                             {"--augment", "medium"}}) {
    CAPTURE(words.front());
    CHECK_THROWS_AS(parsed(words), CLI::ValidationError);
  }
}

TEST_CASE("option table: defaults that follow from other options give way to what is given") {
  CHECK(parsed({"--preset", "large"}).widths == std::vector<std::int64_t>{64, 128, 256, 512});
  CHECK(parsed({"--preset", "large", "--blocks", "1"}).blocks == 1);
  CHECK(parsed({}).ssim == 0.2);
  CHECK(parsed({"--ssim", "0"}).ssim == 0);
  CHECK(parsed({"--objective", "regression"}).ssim == 0);
  CHECK(parsed({}).perceptual == 0);
  CHECK(parsed({"--encoder", "e"}).perceptual == 0.15);
  CHECK(parsed({"--objective", "perceptual"}).perceptual == 0.3);
}

TEST_CASE("option table: what another run can use is carried to it") {
  Json json;
  parsed({"--preset", "small", "--bank", "/somewhere/b", "--max-time", "5", "--widths", "8", "--log", "l"}, &json);
  CHECK(json.at("widths") == "8");
  CHECK(json.at("patch") == 48);
  CHECK(json.at("bank") == Json::array({"b"}));
  for (const char* name : {"output", "log", "max-time", "restart", "cache", "ssim", "perceptual"}) {
    CAPTURE(name);
    CHECK_FALSE(json.contains(name));  // of this run, or a default that another objective does not share
  }
  CHECK(json.at("drift") == 0.15);
  parsed({"--objective", "regression", "--drift", "1"}, &json);
  CHECK_FALSE(json.contains("drift"));
}
