// From an anatomy to a pair of images.
#include "phantom/phantom.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "phantom/artefacts.hpp"
#include "phantom/displacement.hpp"
#include "phantom/label_anatomy.hpp"
#include "phantom/noise.hpp"
#include "phantom/procedural.hpp"
#include "phantom/scanner.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"

namespace gdm::phantom {
namespace {

constexpr double margin_mm = 8;  // around a body from a label map
constexpr double ct_texture_voxels = 1.3, mr_texture_voxels = 1.6, density_drift_mm = 14;  // NoiseField's steps
constexpr float texture_share = 0.8F, drift_share = 0.6F;                                  // squares sum to 1

/// Streams of random numbers of one case; noise takes one per slice.
enum Stream : std::uint64_t {
  anatomy,
  looks,
  fields,
  pose,
  scans,
  moved,
  textures,
  mr_noise = 16,
  ct_noise_at = 528,
  per_case = 2048
};

struct Streams {
  std::uint64_t seed, first;
  Random random(std::uint64_t stream) const { return Random(seed, first + stream); }
  NoiseSource noise(std::uint64_t stream) const { return {seed, first + stream}; }
};

/// Everything without noise.
struct Images {
  PairedCase pair;
  std::optional<Volume> susceptibility_ppm;
  Mask bone;
};

struct Textures {
  NoiseField ct, mr, drift;

  Textures(Random random, const Grid& grid)
      : ct(random, grid.shape_ijk, ct_texture_voxels),
        mr(random, grid.shape_ijk, mr_texture_voxels),
        drift(random, grid.shape_ijk, std::max(1.0, density_drift_mm / grid.mean_edge_mm())) {}
};

void fill_ct(const SliceMix& mix, const Textures& textures, std::int64_t k, Images& images) {
  std::vector<float> fine, drift;
  textures.ct.slice(k, fine);
  textures.drift.slice(k, drift);
  PairedCase& pair = images.pair;
  const std::size_t first = pair.mr.offset(0, 0, k);
  for (std::size_t n = 0; n < fine.size(); ++n) {
    const Look& look = mix.looks[n];
    pair.ct_hu.voxels[first + n] = look.ct_hu + look.ct_texture_hu * (texture_share * fine[n] + drift_share * drift[n]);
    pair.body.voxels[first + n] = mix.body[n];
    images.bone.voxels[first + n] = look.bone >= 0.5F ? 1 : 0;
    if (!pair.truth) continue;
    pair.truth->tissue.voxels[first + n] = mix.tissue[n];
    pair.truth->air.voxels[first + n] = look.air >= 0.5F ? 1 : 0;
    pair.truth->expected_hu.voxels[first + n] = look.expected_hu;
  }
}

void fill_mr(const SliceMix& mix, const Textures& textures, std::int64_t k, Images& images) {
  std::vector<float> fine;
  textures.mr.slice(k, fine);
  const std::size_t first = images.pair.mr.offset(0, 0, k);
  for (std::size_t n = 0; n < fine.size(); ++n) {
    images.pair.mr.voxels[first + n] = std::max(0.0F, mix.looks[n].mr + mix.looks[n].mr_texture * fine[n]);
    if (images.susceptibility_ppm) images.susceptibility_ppm->voxels[first + n] = mix.looks[n].susceptibility;
  }
}

Images ideal_images(const Anatomy& anatomy, const Textures& textures, const Streams& streams,
                    const Settings& settings) {
  const Grid& grid = anatomy.grid();
  Images images{{Volume(grid, 0.0F), Volume(grid, 0.0F), Mask(grid, 0), std::nullopt}, std::nullopt, Mask(grid, 0)};
  if (settings.truth) images.pair.truth = Truth{Mask(grid, 0), {}, Mask(grid, 0), {}, Volume(grid, 0.0F)};
  if (settings.protocol.mr.susceptibility) images.susceptibility_ppm = Volume(grid, 0.0F);
  std::optional<Misregistration> misregistration;
  if (settings.protocol.misregistration_mm > 0) {
    Random random = streams.random(Stream::moved);
    misregistration.emplace(random, grid, settings.protocol.misregistration_mm);
  }
  parallel_for(grid.shape_ijk[2], [&](std::int64_t k) {
    SliceMix mix;
    anatomy.slice(k, nullptr, mix);
    fill_ct(mix, textures, k, images);
    if (misregistration) {
      std::vector<Vec3> moved_mm;
      misregistration->slice(k, moved_mm);
      anatomy.slice(k, &moved_mm, mix);
    }
    fill_mr(mix, textures, k, images);
  });
  return images;
}

PairedCase scan(const Anatomy& anatomy, const Streams& streams, const Settings& settings) {
  Images images = ideal_images(anatomy, Textures(streams.random(Stream::textures), anatomy.grid()), streams, settings);
  PairedCase& pair = images.pair;
  Random draws = streams.random(Stream::scans);
  acquire_mr(pair.mr, images.susceptibility_ppm, settings.protocol.mr, draws, streams.noise(Stream::mr_noise));
  const double noise_hu = draws.uniform(6, 12);
  if (pair.truth) {
    pair.truth->bone = images.bone;
    pair.truth->ct_hu = pair.ct_hu;
  }
  add_beam_artefacts(pair.ct_hu, images.bone, settings.protocol.ct, draws);
  acquire_ct(pair.ct_hu, noise_hu, streams.noise(Stream::ct_noise_at));
  return std::move(pair);
}

Scene draw_scene(Kind kind, const Random& random) {
  switch (kind) {
    case Kind::head:
      return head_scene(random);
    case Kind::pelvis:
      return pelvis_scene(random);
    case Kind::thorax:
      break;
  }
  return thorax_scene(random);
}

std::vector<Look> looks_of(const Streams& streams, const TissueTable& table, const MrScan& scan) {
  Random random = streams.random(Stream::looks);
  return subject_looks(random, table, scan);
}

/// FNV-1a (Fowler, Noll & Vo 1991): cases from label maps draw by their names, so that a case is the same in every
/// manifest.
std::uint64_t number_of(const std::string& id) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash / per_case * per_case;
}

const TissueTable& table_of(const Settings& settings) {
  return settings.tissues != nullptr ? *settings.tissues : standard_tissues();
}

}  // namespace

const std::vector<std::string>& kind_names() {
  static const std::vector<std::string> names{"head", "pelvis", "thorax"};
  return names;
}

Kind kind_from_name(const std::string& name) {
  const auto& names = kind_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    throw Error(fmt::format("'{}' is not a kind of phantom; there are {}", name, fmt::join(names, ", ")), Exit::usage);
  }
  return static_cast<Kind>(found - names.begin());
}

PairedCase make_case(Kind kind, std::int64_t shape, double spacing_mm, std::uint64_t seed, std::uint64_t case_number,
                     const Settings& settings) {
  if (shape < 16 || shape > 512) throw Error(fmt::format("a phantom of {} voxels a side: expected 16 to 512", shape));
  if (!(spacing_mm > 0) || !std::isfinite(spacing_mm)) {
    throw Error(fmt::format("a phantom with voxels of {} mm: expected more than 0", spacing_mm));
  }
  check(settings.protocol);
  const TissueTable& table = table_of(settings);
  const Streams streams{seed, (case_number * kind_names().size() + static_cast<std::uint64_t>(kind)) * per_case};
  const ProceduralAnatomy anatomy(draw_scene(kind, streams.random(Stream::anatomy)), Pose(streams.random(Stream::pose)),
                                  streams.random(Stream::fields), shape, spacing_mm,
                                  looks_of(streams, table, settings.protocol.mr), table.procedural_places());
  return scan(anatomy, streams, settings);
}

LabelSource label_source(const Volume& labels, const Settings& settings) {
  return {labels, table_of(settings), margin_mm};
}

PairedCase make_case(const LabelSource& labels, double spacing_mm, double deformation_mm, std::uint64_t seed,
                     const std::string& id, const Settings& settings) {
  check(settings.protocol);
  const Streams streams{seed, number_of(id)};
  Random random = streams.random(Stream::anatomy);
  LabelMap map = labels.subject(random);
  const LabelAnatomy anatomy(std::move(map), looks_of(streams, labels.table(), settings.protocol.mr), random,
                             spacing_mm, deformation_mm);
  return scan(anatomy, streams, settings);
}

}  // namespace gdm::phantom
