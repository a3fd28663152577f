#include "dicom/pseudonym.hpp"

#include <sys/random.h>

#include "sys/error.hpp"
#include "sys/sha256.hpp"

namespace gdm::dicom {

std::string pseudonym(const std::string& salt, const std::string& kind, const std::string& text) {
  // Lengths stand in front, so that no two triples make the same bytes.
  std::string bytes;
  for (const std::string* part : {&salt, &kind, &text}) bytes += std::to_string(part->size()) + ":" + *part;
  return sha256_hex(bytes.data(), bytes.size()).substr(0, 12);
}

std::string random_salt() {
  std::string salt(32, '\0');
  if (getrandom(salt.data(), salt.size(), 0) != static_cast<ssize_t>(salt.size())) {
    throw Error("the system gives no random bytes for a salt; expected --id-salt FILE");
  }
  return salt;
}

}  // namespace gdm::dicom
