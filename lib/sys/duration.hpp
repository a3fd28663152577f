// How long something takes, for people.
#pragma once

#include <string>

namespace gdm {

/// "4.2 s", "12 min", "3.5 h": three digits, in the unit that suits.
std::string duration_text(double seconds);

}  // namespace gdm
