// The files that gdm comes with: schemas, label classes, encoders.
#pragma once

#include <filesystem>
#include <string>

namespace gdm {

/// $GDM_SHARE, or ../share/gdm as seen from the folder of the program, which holds for an installation and for a build
/// tree. It need not exist.
std::filesystem::path share_folder();

/// `name` itself if it is the name of a file that exists or looks like one (a "/" or "." in it); else
/// share_folder()/`kind`/`name``suffix`. Throws Error (Exit::usage) listing what there is if that is no file either.
std::filesystem::path shared_file(const std::string& name, const std::string& kind, const std::string& suffix);

}  // namespace gdm
