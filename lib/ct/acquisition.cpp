#include "ct/acquisition.hpp"

#include <string>
#include <vector>

#include "ct/iterative.hpp"
#include "io/known_sidecar.hpp"

namespace gdm::ct {

namespace fs = std::filesystem;

namespace {

/// `numbers` and `texts`: keys of the object at `place` in the sidecar.
Json known_parts(const fs::path& volume, const std::string& place, const std::vector<std::string>& numbers,
                 const std::vector<std::string>& texts) {
  const Json sidecar = known_sidecar(volume);
  const Json::json_pointer details(place);
  Json known = Json::object();
  if (!sidecar.is_object() || !sidecar.contains(details) || !sidecar.at(details).is_object()) return known;
  const Json& told = sidecar.at(details);
  for (const std::string& key : numbers) {
    if (told.contains(key) && (told.at(key).is_number() || told.at(key).is_boolean())) known[key] = told.at(key);
  }
  for (const std::string& key : texts) {
    if (told.contains(key) && told.at(key).is_string()) known[key] = told.at(key);
  }
  return known;
}

const std::vector<std::string> numbers{"views", "angular_range_deg", "photons", "oversample"};

}  // namespace

Json sinogram_acquisition(const fs::path& sinogram) {
  return known_parts(sinogram, "/gdm/details/sinogram", numbers, {"geometry", "view_spacing"});
}

Json reconstruction_acquisition(const fs::path& volume) {
  std::vector<std::string> numbers_of_all = numbers;
  for (const char* own : {"strength_mm", "iterations", "huber_hu", "across_slices", "subsets", "rays_per_element",
                          "non_negative", "cutoff"})
    numbers_of_all.emplace_back(own);
  const std::vector<std::string> stops{"tolerance", "discrepancy"};
  numbers_of_all.insert(numbers_of_all.end(), stops.begin(), stops.end());
  std::vector<std::string> makers = names_of<Method>();
  for (const char* analytic : {"fbp", "fdk"}) makers.emplace_back(analytic);
  for (const std::string& maker : makers) {
    Json known = known_parts(volume, "/gdm/details/" + maker, numbers_of_all,
                             {"geometry", "view_spacing", "filter", "method", "weights", "start", "mask_fov"});
    if (known.empty()) continue;
    for (const std::string& stop : stops) {
      if (known.erase(stop) > 0) known.erase("iterations");  // as many as each case took, which is no setting
    }
    return known;
  }
  return Json::object();
}

std::int64_t rays_per_element(const Json& sinogram_acquisition) {
  return sinogram_acquisition.value("oversample", 2.0) > 1 ? 2 : 1;
}

}  // namespace gdm::ct
