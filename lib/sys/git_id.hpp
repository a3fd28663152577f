// Which sources were built.
#pragma once

namespace gdm {

/// The commit, with "-dirty" behind it if files had changed; "unknown" where there was no git.
const char* git_id();

}  // namespace gdm
