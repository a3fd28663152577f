// Synthesis of volumes that do not fit into --memory: read, made and written slice by slice.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/synthesis.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/stopwatch.hpp"

namespace gdm::cli {

bool Synthesis::in_slabs(const Case& item, const SynthesisOutputs& outputs) const {
  if (!ensemble_.has_memory_limit()) return false;
  // Inputs are read twice, and a stream would get slices before all of them are right.
  const auto is_file = [](const fs::path& path) { return path != "-" && fs::is_regular_file(path); };
  const std::vector<ConditionFile> files = condition_files(item);
  const bool readable = std::all_of(files.begin(), files.end(), [&](const auto& file) { return is_file(file.second); });
  if (!readable || outputs.ct == "-" || (fs::exists(outputs.ct) && !is_file(outputs.ct))) return false;
  const Grid grid = grid_of_conditions(files);
  return with_context(source_title(files.front().second),
                      [&] { return ensemble_.in_slabs(grid, !outputs.spread.empty()); });
}

Batch::Computing Synthesis::stream(const Case& item, const SynthesisOutputs& outputs) const {
  const std::vector<ConditionFile> files = condition_files(item);
  const SynthesisSubject subject = subject_of(item);
  const std::optional<fs::path> mask = sees_mask(item, outputs) ? item.mask : std::nullopt;
  return [this, files, mask, outputs, subject, sources = sources_of(item)]() -> Batch::Saving {
    const Grid grid = grid_of_conditions(files);
    const std::string title = source_title(sources.front());
    ensemble_.fit_slabs_into_memory(title, grid);
    if (mask) check_mask(*mask, grid);
    check_conditions(description(), files, grid);
    const Stopwatch watch;
    std::vector<SliceReader> readers = open_conditions(files, grid, /*quiet=*/true);
    const auto writer = std::make_shared<SliceWriter>(outputs.ct, grid, type_, overwrite_);
    const engine::SliceStreams streams{
        grid, [&](std::size_t condition, std::int64_t slices, float* to) { readers[condition].read(slices, to); },
        [&](std::int64_t slices, const float* hu) { writer->write(slices, hu); }};
    const std::int64_t evaluations = ensemble_.predict_slabs(streams, {title, subject.draw, subject.progress, {}});
    const double seconds = watch.seconds();
    log_verbose(fmt::format("{}: read, network and written in {:.2f} s", title_of(outputs.ct), seconds));
    const Json all = told(subject, seconds, evaluations);
    return [this, outputs, sources, writer, all] { write_record(outputs.ct, sources, writer->commit(), all); };
  };
}

}  // namespace gdm::cli
