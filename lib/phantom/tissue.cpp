// One table, so that the CT and the MR of a tissue stand side by side.
#include "phantom/tissue.hpp"

#include <algorithm>
#include <cmath>

namespace gdm::phantom {
namespace {

struct Entry {
  Tissue tissue;
  double ct_hu, ct_patient_hu, ct_texture_hu;  // mean, deviation between patients, deviation of fine structure
  double mr, mr_texture;
};

constexpr Entry table[] = {
    {Tissue::air, -1000, 0, 0, 8, 0},
    {Tissue::skin, 40, 12, 8, 430, 15},
    {Tissue::fat, -102, 6, 7, 900, 20},
    {Tissue::muscle, 55, 6, 7, 400, 18},
    {Tissue::compact_bone, 1150, 150, 60, 70, 8},
    {Tissue::spongy_bone, 280, 80, 90, 560, 40},
    {Tissue::fatty_marrow, 40, 45, 45, 760, 30},
    {Tissue::enamel, 1900, 200, 80, 40, 5},
    {Tissue::cartilage, 90, 12, 10, 330, 15},
    {Tissue::csf, 8, 3, 3, 170, 6},
    {Tissue::grey_matter, 38, 2, 3, 470, 12},
    {Tissue::white_matter, 29, 2, 3, 640, 12},
    {Tissue::vitreous, 6, 3, 2, 180, 5},
    {Tissue::lens, 85, 12, 3, 320, 8},
    {Tissue::gland, 5, 18, 18, 580, 35},
    {Tissue::blood, 46, 5, 3, 260, 20},
    {Tissue::lung, -830, 35, 28, 60, 12},
    {Tissue::liver, 58, 8, 6, 500, 15},
    {Tissue::spleen, 50, 5, 5, 380, 12},
    {Tissue::organ, 40, 6, 7, 390, 18},
    {Tissue::urine, 5, 4, 2, 150, 5},
    {Tissue::bowel_content, 25, 20, 25, 350, 60},
    {Tissue::calcification, 500, 150, 60, 200, 10},
};

}  // namespace

Looks patient_looks(Random& random) {
  Looks looks{};
  const double gamma = random.uniform(0.85, 1.2);
  const auto bounded_normal = [&] { return std::clamp(random.normal(), -2.0, 2.0); };
  for (const Entry& entry : table) {
    Look& look = looks[static_cast<std::size_t>(entry.tissue)];
    look.ct_hu = static_cast<float>(entry.ct_hu + entry.ct_patient_hu * bounded_normal());
    const double mr = entry.mr * (1.0 + 0.05 * bounded_normal());
    look.mr = static_cast<float>(1000.0 * std::pow(mr / 1000.0, gamma));
    look.ct_texture_hu = static_cast<float>(entry.ct_texture_hu * random.uniform(0.7, 1.3));
    look.mr_texture = static_cast<float>(entry.mr_texture);
  }
  return looks;
}

}  // namespace gdm::phantom
