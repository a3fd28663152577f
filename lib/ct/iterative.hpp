// Reconstruction by iterations over the rays, for any ct::Projector A: what x has A x = b, in a weighted sense?
//
//   sirt     x += C A^T R (b - A x), R = w / row sums of A, C = 1 / column sums of w A: Gregor & Benson 2008
//            (IEEE Trans. Med. Imaging 27(7):918-924), with weights. It descends |b - A x|^2 in the norm of R.
//   os-sart  the same step for one subset of the views after the other: Wang & Jiang 2004 (J. X-Ray Sci. Technol.
//            12(3):169-177).
//   cgls     conjugate gradients on the normal equations of |A x - b|_W: Hestenes & Stiefel 1952 (J. Res. Natl. Bur.
//            Stand. 49(6):409-436), in the form of Bjorck 1996 (section 7.4). Never clipped at 0.
//            With a pull P it descends |A x - b|^2_W + P |x - start|^2 instead, from the start, so that the first term
//            never grows, which is data consistency after a network.
//   tv       min 1/2 |A x - b|^2_W + strength * TV(x): ct/total_variation.hpp.
//
// Weights. The counts n behind a line integral p = ln(I0 / n) are Poisson, so the variance of p is about 1 / n (Bouman
// & Sauer 1996, IEEE Trans. Image Process. 5(3):480-492). With w = n / I0 = exp(-p) the variance is 1 / (I0 w): a
// starved ray weighs next to nothing.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "ct/projector.hpp"
#include "sys/names.hpp"

namespace gdm::ct {

enum class Method { sirt, os_sart, cgls, tv };

struct IterativeOptions {
  Method method = Method::tv;
  std::int64_t iterations = 0;  ///< at most; 0: default_iterations()
  std::int64_t subsets = 0;     ///< of the views, for os-sart and tv; 0: default_subsets()
  double strength_mm = 0.0;     ///< of tv
  double pull_mm2 = 0.0;        ///< of cgls, towards its start
  double huber_per_mm = 0.0;    ///< of tv: gradients below are smoothed and not flattened; 0: none
  bool across_slices = false;   ///< tv in 3-D instead of slice by slice
  bool non_negative = true;     ///< not for cgls
  double tolerance = 0.0;       ///< stops when |x_n - x_(n-1)| / |x_n| is at most this
  bool interruptible = true;    ///< a signal ends it between two iterations (StopRequested)
  double residual = 0.0;        ///< stops when |A x - b|_W is at most this share of |b|_W (discrepancy principle)
};
std::int64_t default_iterations(Method method);
/// One in six views, at most 8; 1 for methods without subsets.
std::int64_t default_subsets(Method method, std::int64_t views);

/// x after so many iterations. The residual of os-sart and tv is gathered from each subset as it is visited.
struct IterationRecord {
  std::int64_t iteration = 0;
  double residual = 0.0;   ///< |A x - b|_W, dimensionless
  double objective = 0.0;  ///< what the method descends: half the square of its norm of A x - b, and the penalty of tv
  double change = 0.0;     ///< |x_n - x_(n-1)| / |x_n|, of both together if there are parts
  double norm = 0.0;       ///< |x_n|, attenuation per mm
};

struct IterativeResult {
  Volume volume;                     ///< attenuation per mm
  std::int64_t iterations = 0;       ///< that were made; of slices alone the most
  double first = 0.0;                ///< |A x - b|_W of the start
  double residual = 0.0;             ///< |A x - b|_W at the end, all rays at once
  double data = 0.0;                 ///< |b|_W
  std::vector<IterationRecord> log;  ///< of iterations 1, 2, ...
};

/// w = exp(-p), at most 1.
std::vector<float> weights_from_counts(const float* line_integrals, std::int64_t count);
/// |A x - b|_W / |b|_W that noise alone leaves of line integrals made from I0 photons each.
double expected_residual(const float* line_integrals, const float* weights, std::int64_t count, double photons);

/// `rays`, `weights`: ray_count() each, weights 0 to 1, null for 1 everywhere. `start`: attenuation per mm, null for 0.
/// Where the projector has slabs and nothing couples the slices, each block of 16 is reconstructed alone (so its steps
/// and stops are its own), in parallel, in about ten volumes of one block per thread beyond the result. Then the log
/// sums over blocks, a finished block counting with its last record. Throws Error for rays or weights that are not
/// finite, weights below 0 or all 0, and options out of range.
IterativeResult reconstruct(const Projector& projector, const float* rays, const float* weights,
                            const IterativeOptions& options, const Volume* start = nullptr);
/// The same in the memory of the start.
IterativeResult reconstruct_from(Volume start, const Projector& projector, const float* rays, const float* weights,
                                 const IterativeOptions& options);

}  // namespace gdm::ct

template <>
struct gdm::Names<gdm::ct::Method> {
  static constexpr std::array list{std::pair{ct::Method::sirt, "sirt"}, std::pair{ct::Method::os_sart, "os-sart"},
                                   std::pair{ct::Method::cgls, "cgls"}, std::pair{ct::Method::tv, "tv"}};
};
