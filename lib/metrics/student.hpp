// Student's t distribution (Biometrika 6, 1908).
#pragma once

namespace gdm::metrics {

/// P(|T| >= |t|), the regularised incomplete beta function at degrees / (degrees + t^2) (Abramowitz & Stegun, Handbook
/// of Mathematical Functions, 1964, 26.5.8 and 26.7.1), to about 1e-12. Throws Error unless degrees > 0; NaN for NaN.
double student_two_sided(double t, double degrees);

/// t with P(|T| <= t) = level: half the width of an interval in standard errors. Throws Error unless 0 < level < 1.
double student_reach(double level, double degrees);

}  // namespace gdm::metrics
