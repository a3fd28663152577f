// Grades as text: a table for people, JSON and TSV for programs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "metrics/grade.hpp"

namespace gdm::metrics {

/// Aligned table: for each method its cases, then mean with its interval, SD, median, IQR and n; more than ten metrics
/// are split into a table for each block. Then distances of distributions, comparison of methods, efficiency,
/// definitions, notes, skipped cases and gates. An undefined value is "-".
std::string table_text(const Grades& grades);

/// Everything: profile, metrics with their definitions, range, gates, per-case values, aggregates, distances of
/// distributions, spectra, comparison of methods, efficiency, skipped cases, provenance. Numbers round-trip; undefined
/// or infinite values are null and the case's notes say why.
nlohmann::ordered_json report_json(const Grades& grades, const nlohmann::ordered_json& provenance);

/// One row per method and case with a header line; numbers round-trip, undefined values are empty, infinite "inf".
std::string tsv_text(const Grades& grades);

}  // namespace gdm::metrics
