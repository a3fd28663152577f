// Arithmetic of points and directions in space.
#pragma once

#include <cmath>

#include "image/volume.hpp"

namespace gdm {

inline Point3 sum(const Point3& a, const Point3& b, double times = 1.0) {
  return {a[0] + times * b[0], a[1] + times * b[1], a[2] + times * b[2]};
}
inline Point3 difference(const Point3& a, const Point3& b) {
  return sum(a, b, -1.0);
}
inline Point3 scaled(const Point3& a, double by) {
  return {a[0] * by, a[1] * by, a[2] * by};
}
inline double inner(const Point3& a, const Point3& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
inline double length(const Point3& a) {
  return std::sqrt(inner(a, a));
}
inline Point3 unit(const Point3& a) {
  return scaled(a, 1.0 / length(a));
}
inline Point3 cross(const Point3& a, const Point3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

}  // namespace gdm
