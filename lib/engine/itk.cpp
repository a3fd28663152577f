#include "engine/itk.hpp"

#include "engine/library.hpp"
#include "sys/error.hpp"

namespace gdm::engine {
namespace {

const ItkServices& load() {
  const char* const library = "libgdm-itk.so";
  if (!std::filesystem::exists(library_path(library))) {
    throw Error("this command was left out: gdm was built without ITK (cmake -DGDM_WITH_ITK=ON builds it in)");
  }
  return *static_cast<const ItkServices*>(open_library(library, "gdm_itk_functions", "the library of ITK"));
}

}  // namespace

const ItkServices& itk_services() {
  static const ItkServices& found = load();
  return found;
}

}  // namespace gdm::engine
