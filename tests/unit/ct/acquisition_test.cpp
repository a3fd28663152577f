// Scans behind sinograms and reconstructions: what sidecars tell, what a model records, and which scans it may be
// given.
#include <doctest/doctest.h>

#include "ct/acquisition.hpp"
#include "io_fixture.hpp"
#include "model/acquisition.hpp"

using namespace gdm;

namespace {

Json scan(int views, double photons, const std::string& filter) {
  return {{"geometry", "parallel"}, {"views", views},  {"angular_range_deg", 180},
          {"photons", photons},     {"oversample", 3}, {"filter", filter}};
}

}  // namespace

TEST_CASE("acquisition: a model records every scan of its training, and says so in one line") {
  const Json one = model::merged_acquisitions({scan(24, 1e5, "hann"), scan(24, 1e5, "hann")});
  CHECK(model::acquisition_text(one) ==
        "24 views, parallel beam, 180 degrees, filter hann, 100000 photons, oversample 3");
  CHECK(model::acquisition_text(scan(24, 1e5, "hann")) == model::acquisition_text(one));
  const Json two = model::merged_acquisitions({scan(48, 0, "hann"), Json::object(), scan(24, 1e5, "cosine")});
  CHECK(model::acquisition_text(two) ==
        "24 or 48 views, parallel beam, 180 degrees, filter cosine or hann, 0 or 100000 photons, oversample 3");
  CHECK(model::merged_acquisitions({Json::object()}).empty());
  CHECK(model::acquisition_text(Json::object()).empty());
  Json description;
  description["training"]["data"]["scans"]["fbp"] = two;
  CHECK(model::trained_acquisition(description, "fbp") == two);
  CHECK(model::trained_filter(description) == "cosine");
  CHECK(model::trained_acquisition(Json::object(), "fbp").empty());
  CHECK(model::trained_filter(Json::object()) == "hann");
}

TEST_CASE("acquisition: other views, geometry, range or filter are refused, photons warn beyond a factor of 2") {
  const Json trained = model::merged_acquisitions({scan(24, 1e5, "hann")});
  const auto compare = [&](const char* key, const Json& value) {
    Json own = scan(24, 1e5, "hann");
    own[key] = value;
    return model::compare_acquisition(trained, own);
  };
  CHECK(compare("views", 24).refusal.empty());
  CHECK(compare("views", 24).warning.empty());
  CHECK(compare("views", 12).refusal == "12 views, the model was trained on 24 views");
  CHECK(compare("geometry", "fan").refusal == "fan beam, the model was trained on parallel beam");
  CHECK(compare("angular_range_deg", 120).refusal == "120 degrees, the model was trained on 180 degrees");
  CHECK(compare("view_spacing", "even").refusal.empty());
  CHECK(compare("view_spacing", "uneven").refusal ==
        "views at uneven steps, the model was trained on views at even steps");
  CHECK(compare("filter", "ram-lak").refusal == "filter ram-lak, the model was trained on filter hann");
  CHECK(compare("photons", 2e5).warning.empty());
  CHECK(compare("photons", 5e4).warning.empty());
  CHECK(compare("photons", 100000).warning.empty());
  CHECK(compare("photons", 2.1e5).warning == "210000 photons, the model was trained on 100000 photons");
  CHECK(compare("photons", 0).warning == "0 photons, the model was trained on 100000 photons");
  CHECK(compare("photons", 0).refusal.empty());
  CHECK(compare("oversample", 1).warning == "oversample 1, the model was trained on oversample 3");
}

TEST_CASE("acquisition: read from sidecars, of which any may be missing, incomplete or of another making") {
  const gdm_test::TemporaryFolder folder;
  const auto sidecar = [&](const std::string& text) { std::ofstream(folder / "a.json") << text; };
  CHECK(ct::reconstruction_acquisition(folder / "a.nii.gz") == Json::object());
  CHECK(ct::sinogram_acquisition("-") == Json::object());
  for (const char* other : {"[1]", "{}", R"({"gdm": 3})", R"({"gdm": {"details": {"fbp": [24]}}})",
                            R"({"gdm": {"details": {"fbp": {"filter": 3, "views": "24"}}}})"}) {
    sidecar(other);
    CHECK(ct::reconstruction_acquisition(folder / "a.nii.gz") == Json::object());
  }
  sidecar(R"({"gdm": {"details": {"fbp": {"filter": "hann", "views": [24]}}}})");
  CHECK(ct::reconstruction_acquisition(folder / "a.nii.gz") == Json::parse(R"({"filter": "hann"})"));
  sidecar(R"({"gdm": {"details": {"sinogram": {"views": 24, "grid": {}, "photons": 0.0, "oversample": 3}}}})");
  CHECK(ct::sinogram_acquisition(folder / "a.nii") == Json::parse(R"({"views": 24, "photons": 0.0, "oversample": 3})"));
}

TEST_CASE("acquisition: what a model or a scan does not tell is a warning") {
  const Json own = scan(24, 1e5, "hann");
  const auto older = model::compare_acquisition(Json::object(), own);
  CHECK(older.refusal.empty());
  CHECK(older.warning == "the model does not tell on which views, geometry, angular range, filter it was trained");
  const auto foreign = model::compare_acquisition(model::merged_acquisitions({own}), Json::object());
  CHECK(foreign.refusal.empty());
  CHECK(foreign.warning ==
        "no sidecar tells the views, geometry, angular range, filter of the scan, the model was trained on " +
            model::acquisition_text(own));
}

TEST_CASE("acquisition: what iterations made is known by its method and strength, and has no filter") {
  const gdm_test::TemporaryFolder folder;
  std::ofstream(folder / "a.json") << R"({"gdm": {"details": {"tv": {"method": "tv", "strength_mm": 0.005, "views": 24,
    "geometry": "parallel", "angular_range_deg": 180.0, "photons": 1e5, "iterations": 40}}}})";
  const Json tv = ct::reconstruction_acquisition(folder / "a.nii.gz");
  CHECK(model::acquisition_text(tv) ==
        "24 views, parallel beam, 180 degrees, method tv, strength 0.005 mm, 40 iterations, 100000 photons");
  std::ofstream(folder / "b.json")
      << R"({"gdm": {"details": {"tv": {"method": "tv", "iterations": 17, "discrepancy": 1.0, "huber_hu": 20.0,
    "across_slices": true}}}})";
  const Json stopped = ct::reconstruction_acquisition(folder / "b.nii.gz");
  CHECK(model::acquisition_text(stopped) == "method tv");  // iterations were as many as the case took
  const Json description = {{"training", {{"data", {{"scans", {{"tv", model::merged_acquisitions({stopped})}}}}}}}};
  CHECK(model::trained_value(description, "tv", "huber_hu") == Json(20.0));
  CHECK(model::trained_value(description, "tv", "across_slices") == Json(true));
  CHECK_FALSE(model::trained_value(description, "tv", "iterations").has_value());
  const Json trained = model::merged_acquisitions({tv});
  CHECK(model::compare_acquisition(trained, tv).refusal.empty());
  CHECK(model::compare_acquisition(trained, tv).warning.empty());
  Json other = tv;
  other["strength_mm"] = 0.01;
  CHECK(model::compare_acquisition(trained, other).refusal.empty());
  CHECK(model::compare_acquisition(trained, other).warning ==
        "strength 0.01 mm, the model was trained on strength 0.005 mm");
  other["method"] = "sirt";
  CHECK(model::compare_acquisition(trained, other).refusal == "method sirt, the model was trained on method tv");
  const Json of_fbp = scan(24, 1e5, "hann"), trained_on_fbp = model::merged_acquisitions({of_fbp});
  CHECK(model::compare_acquisition(trained_on_fbp, of_fbp).warning.empty());
  CHECK(model::compare_acquisition(trained, of_fbp).refusal == "method fbp, the model was trained on method tv");
  CHECK(model::compare_acquisition(trained_on_fbp, tv).refusal == "method tv, the model was trained on method fbp");
  CHECK(model::compare_acquisition(trained, Json::object()).warning ==
        "no sidecar tells the views, geometry, angular range, method of the scan, the model was trained on " +
            model::acquisition_text(tv));
}

TEST_CASE("acquisition: a model of one beam refuses another, of fdk as of fbp") {
  const gdm_test::TemporaryFolder folder;
  const auto record = [&](const std::string& maker, const std::string& kind) {
    std::ofstream(folder / "a.json")
        << R"({"gdm": {"details": {")" << maker << R"(": {"geometry": ")" << kind
        << R"(", "views": 60, "angular_range_deg": 360.0, "photons": 1e5, "filter": "hann"}}}})";
    return ct::reconstruction_acquisition(folder / "a.nii.gz");
  };
  const Json cone = record("fdk", "cone");
  CHECK(model::acquisition_text(cone) == "60 views, cone beam, 360 degrees, filter hann, 100000 photons");
  const Json trained = model::merged_acquisitions({cone});
  CHECK(model::compare_acquisition(trained, cone).refusal.empty());
  CHECK(model::compare_acquisition(trained, record("fbp", "parallel")).refusal ==
        "parallel beam, the model was trained on cone beam");
  Json description;
  description["training"]["data"]["scans"]["fdk"] = model::merged_acquisitions({Json{{"filter", "cosine"}}});
  CHECK(model::trained_filter(description, "fdk") == "cosine");
}
