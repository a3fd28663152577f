// Grades as text: a table for people, JSON and TSV for programs.
#pragma once

#include <string>

#include "grade/grade.hpp"
#include "io/json.hpp"

namespace gdm::report {

/// One table of at most 100 columns, or several below each other for many methods: for each metric and each distance to
/// the distribution of the targets a method's mean over patients with its interval, the best one marked and those that
/// differ from the reference by the adjusted tests. Then how many patients and cases, what the marks mean, notes of
/// methods and outcome_text().
std::string short_text(const grade::Grades& grades);

/// Aligned tables: for each method its cases, then mean over patients with its interval, SD, median, IQR and numbers of
/// patients and cases; more than ten metrics are split into a table for each block. Then distances of distributions,
/// comparison of methods, efficiency, definitions, notes and outcome_text(). An undefined value is "-".
std::string full_text(const grade::Grades& grades);

/// A line for each method and metric whose mean leaves out cases: how many, and whether undefined or infinite.
std::string left_out_text(const grade::Grades& grades);
/// A line for each skipped case and each gate.
std::string outcome_text(const grade::Grades& grades);

/// Everything: profile, metrics with their definitions, range, gates, per-case values, aggregates, distances of
/// distributions, spectra, comparison of methods, efficiency, skipped cases, provenance. Numbers round-trip; undefined
/// or infinite values are null and the case's notes say why.
Json report_json(const grade::Grades& grades, const Json& provenance);

/// One row per method and case, with the case's patient, and a header line; numbers round-trip, undefined values are
/// empty, infinite "inf".
std::string tsv_text(const grade::Grades& grades);

}  // namespace gdm::report
