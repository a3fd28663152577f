#include "sys/git_id.hpp"

#include "sys/git_commit.hpp"

namespace gdm {

const char* git_id() {
  return GDM_GIT_COMMIT;
}

}  // namespace gdm
