// Registration of a moving volume to a fixed one with which it is aligned, from random rigid offsets:
//   registration-bench FIXED MOVING [OFFSETS [MM [DEGREES [STARTS [unknown]]]]]
// A seventh argument says that the two are not aligned: the errors are then differences from the registration without
// offset. Prints the error of each (millimetres at the centre of the fixed field, degrees of what turn is left), the
// figures that speak for or against it, seconds, and how many are within 1 mm and 1 degree.
#include <fmt/format.h>

#include <cmath>
#include <string>

#include "engine/itk.hpp"
#include "image/affine.hpp"
#include "io/nifti/nifti.hpp"
#include "sys/random.hpp"
#include "sys/stopwatch.hpp"

using namespace gdm;

namespace {

/// A turn by up to `degrees` about a random axis through `pivot`, and a shift by up to `mm` in a random direction.
Matrix4 offset(Random& random, double mm, double degrees, const Point3& pivot) {
  const auto direction = [&random] {
    Point3 d{random.normal(), random.normal(), random.normal()};
    const double length = std::hypot(d[0], d[1], d[2]);
    for (double& a : d) a /= length;
    return d;
  };
  const Point3 axis = direction(), along = direction();
  const double angle = random.uniform(-degrees, degrees) * std::acos(-1.0) / 180, shift = random.uniform(0, mm);
  Matrix4 map = identity_map();
  for (std::size_t r = 0; r < 3; ++r) {  // Rodrigues
    for (std::size_t c = 0; c < 3; ++c) {
      const std::size_t third = 3 - r - c;
      const double cross = r == c ? 0 : ((r + 1) % 3 == c ? -axis[third] : axis[third]);
      map[r][c] = (r == c ? std::cos(angle) : 0) + (1 - std::cos(angle)) * axis[r] * axis[c] + std::sin(angle) * cross;
    }
  }
  Point3 to = pivot;
  for (std::size_t a = 0; a < 3; ++a) to[a] += shift * along[a];
  return taking(map, pivot, to);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: registration-bench FIXED MOVING [OFFSETS [MM [DEGREES [STARTS [unknown]]]]]\n");
    return 2;
  }
  const auto number = [&](int n, double otherwise) { return argc > n ? std::stod(argv[n]) : otherwise; };
  const Volume fixed = read_volume(argv[1]), moving = read_volume(argv[2]);
  const int count = static_cast<int>(number(3, 30));
  prep::RegistrationOptions options;
  const std::string starts = argc > 6 ? argv[6] : "flips";
  options.starts = starts == "header"  ? prep::Starts::header
                   : starts == "turns" ? prep::Starts::turns
                                       : prep::Starts::flips;
  // Without a transform that is known, from one registration: then the errors are the spread of the others about it.
  Matrix4 aligned = identity_map();
  if (argc > 7) {
    const prep::Registration found = engine::itk_services().register_volumes(fixed, moving, options);
    aligned = engine::itk_services().place(found.transform, fixed.grid).fixed_to_moving_ras_mm;
  }
  const Point3 centre = centre_ras_mm(fixed.grid);
  int good = 0;
  fmt::print("  n    mm   deg    MI    fall  overlap  agree   s\n");
  for (int n = 0; n < count; ++n) {
    Random random(7, static_cast<std::uint64_t>(n));
    const Matrix4 truth = offset(random, number(4, 20), number(5, 15), centre);
    Volume moved = moving;
    moved.grid.ijk_to_ras_mm = product(truth, moving.grid.ijk_to_ras_mm);
    const Stopwatch watch;
    const prep::Registration found = engine::itk_services().register_volumes(fixed, moved, options);
    const double seconds = watch.seconds();
    const prep::Placement placement = engine::itk_services().place(found.transform, fixed.grid);
    const Matrix4 left = product(inverse(product(truth, aligned)), placement.fixed_to_moving_ras_mm);
    const Point3 at = map_point(left, centre);
    const double mm = std::hypot(at[0] - centre[0], at[1] - centre[1], at[2] - centre[2]);
    const double degrees =
        std::acos(std::min(1.0, 0.5 * (left[0][0] + left[1][1] + left[2][2] - 1))) * 180 / std::acos(-1.0);
    good += mm <= 1 && degrees <= 1 ? 1 : 0;
    fmt::print("{:3} {:6.2f} {:5.2f} {:6.3f} {:6.3f} {:7.2f} {:3}/{} {:6.1f}  {}\n", n, mm, degrees,
               found.mutual_information, found.fall_beside, found.overlap, found.starts_agreeing, found.starts, seconds,
               prep::doubt(found));
    std::fflush(stdout);
  }
  fmt::print("{} of {} within 1 mm and 1 degree\n", good, count);
}
