// Names that stand for patients and series: salted hashes, so that who knows the names alone cannot guess back.
#pragma once

#include <string>

namespace gdm::dicom {

/// 12 hexadecimal digits of SHA-256 over salt, kind ("patient", "series") and text. The same salt gives the same names.
std::string pseudonym(const std::string& salt, const std::string& kind, const std::string& text);

/// 32 random bytes of the system. Not drawn from --seed: a salt that follows from a small number protects nothing.
std::string random_salt();

}  // namespace gdm::dicom
