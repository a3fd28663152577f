#include "engine/library.hpp"

#include <dlfcn.h>

#include "sys/error.hpp"
#include "sys/version.hpp"

namespace gdm::engine {

std::filesystem::path library_path(const std::string& name) {
  Dl_info info = {};
  if (dladdr(reinterpret_cast<void*>(&library_path), &info) == 0 || info.dli_fname == nullptr) {
    throw Error(name + " cannot be found: the place of libgdm is unknown");
  }
  return std::filesystem::absolute(info.dli_fname).parent_path() / name;
}

const void* open_library(const std::string& name, const char* entry_name, const std::string& what) {
  const std::filesystem::path path = library_path(name);
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) {
    const char* reason = dlerror();  // a second call of dlerror would give nothing
    throw Error(what + " cannot be loaded: " + (reason != nullptr ? reason : "unknown reason"));
  }
  using Entry = const void* (*)(const char*);
  const auto entry = reinterpret_cast<Entry>(dlsym(library, entry_name));
  const void* functions = entry != nullptr ? entry(GDM_DOOR) : nullptr;
  if (functions == nullptr) {
    throw Error(path.string() + ": was not built with this gdm " GDM_VERSION "; install both from one build");
  }
  return functions;
}

}  // namespace gdm::engine
