// One table of reading and writing volumes: gdm, zlib in this process, ITK if built with it, nibabel if python3 has it.
// Medians of several runs over files in the page cache. gdm's writing includes fsync of file and folder; that of the
// others does not.
//
// io-bench [nibabel_io.py [VOLUME]]: VOLUME replaces the made-up CT. GDM_BENCH_RUNS is the number of runs, 9 by
// default.
#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/nifti/nifti.hpp"
#include "io/nifti/volume_reader.hpp"
#include "rivals.hpp"
#include "sys/parallel.hpp"
#include "sys/random.hpp"
#include "sys/stopwatch.hpp"

using namespace gdm_bench;
namespace fs = std::filesystem;

namespace {

int runs() {
  const char* text = std::getenv("GDM_BENCH_RUNS");
  return text == nullptr ? 9 : std::max(1, std::atoi(text));
}

struct Seconds {
  double median = 0, least = 0;  ///< the least is what a machine that others use, too, can do
};

Seconds timed(int count, const std::function<void()>& body) {
  std::vector<double> seconds;
  for (int run = 0; run < count; ++run) {
    const gdm::Stopwatch watch;
    body();
    seconds.push_back(watch.seconds());
  }
  std::sort(seconds.begin(), seconds.end());
  return {seconds[seconds.size() / 2], seconds.front()};
}

/// Air, a body of soft tissue with noise of 12 HU, and bone: about as hard to compress as a CT of a trunk.
gdm::Volume made_up_ct(const gdm::Index3& shape) {
  gdm::Volume volume(gdm::Grid::centred(shape, {0.9, 0.9, 1.5}), -1024.0F);
  gdm::parallel_for(shape[2], [&](std::int64_t k) {
    gdm::Random random(1, static_cast<std::uint64_t>(k));
    for (std::int64_t j = 0; j < shape[1]; ++j) {
      for (std::int64_t i = 0; i < shape[0]; ++i) {
        const double x = 2.0 * static_cast<double>(i) / static_cast<double>(shape[0]) - 1;
        const double y = 2.0 * static_cast<double>(j) / static_cast<double>(shape[1]) - 1;
        const double r = x * x + 1.4 * y * y;
        if (r > 0.85) continue;
        const double tissue = r > 0.6 && r < 0.65 ? 700 : x * y > 0.1 ? 60 : 30;
        volume.at(i, j, k) = static_cast<float>(std::round(tissue + 12 * random.normal()));
      }
    }
  });
  return volume;
}

class Table {
 public:
  explicit Table(double megabytes) : megabytes_(megabytes) {}
  /// Rows after the first of a group are compared with it, by medians.
  void row(const std::string& group, const std::string& who, const Seconds& seconds) {
    if (group != group_) fmt::print("\n{:<32}{:>10}{:>10}{:>8}{:>9}\n", group, "median s", "least s", "MB/s", "to gdm");
    if (group != group_) first_ = seconds.median;
    group_ = group;
    fmt::print("  {:<30}{:>10.4f}{:>10.4f}{:>8.0f}{:>8.2f}x\n", who, seconds.median, seconds.least,
               megabytes_ / seconds.median, seconds.median / first_);
    std::fflush(stdout);
  }

 private:
  double megabytes_, first_ = 1;
  std::string group_;
};

/// Times by name from nibabel_io.py; none without the script or a python3 that has nibabel.
std::map<std::string, Seconds> nibabel_seconds(const std::string& script, const fs::path& folder) {
  std::map<std::string, Seconds> seconds;
  if (script.empty()) return seconds;
  const std::string command = fmt::format(
      "for python in python3 /usr/bin/python3; do $python -c 'import nibabel' && exec $python '{}' '{}' {}; done "
      "2>/dev/null",
      script, folder.string(), runs());
  const std::unique_ptr<FILE, int (*)(FILE*)> output(popen(command.c_str(), "r"), pclose);
  char name[32];
  Seconds value;
  while (output != nullptr && std::fscanf(output.get(), "%31s %lf %lf", name, &value.median, &value.least) == 3) {
    seconds[name] = value;
  }
  if (seconds.empty()) fmt::print("python3 cannot import nibabel, so it is not compared\n");
  return seconds;
}

void write_gdm(const fs::path& path, const gdm::Volume& volume) {
  gdm::write_volume(path, volume, gdm::VoxelType::int16_hu, gdm::Overwrite::replace);
}

void compare(const gdm::Volume& ct, const fs::path& folder, const std::string& script) {
  const double megabytes = static_cast<double>(ct.voxels.size()) * 2e-6;
  const auto& n = ct.grid.shape_ijk;
  const int few = std::max(1, runs() / 3);
  fmt::print(
      "{} x {} x {} voxels, {:.1f} MB as int16; gdm: {} threads, the others: 1; medians of {} runs ({} where slow)\n",
      n[0], n[1], n[2], megabytes, gdm::thread_count(), runs(), few);
  zlib_write(folder / "ct.nii", ct, 0);
  Table table(megabytes);
  const std::string write = "write .nii.gz", read = "read .nii.gz";
  table.row(write, "gdm, with fsync", timed(runs(), [&] { write_gdm(folder / "gdm.nii.gz", ct); }));
  table.row(write, "zlib level 1", timed(few, [&] { zlib_write(folder / "ct1.nii.gz", ct, 1); }));
  table.row(write, "zlib level 6", timed(few, [&] { zlib_write(folder / "ct.nii.gz", ct, 6); }));
#ifdef GDM_BENCH_ITK
  table.row(write, "ITK", timed(few, [&] { itk_write(folder / "itk.nii.gz", ct); }));
#endif
  auto nibabel = nibabel_seconds(script, folder);
  if (!nibabel.empty()) table.row(write, "nibabel", nibabel["write-gz"]);
  for (const char* name : {"gdm.nii.gz", "ct1.nii.gz", "ct.nii.gz"}) {
    fmt::print("  {:<32}{:>10} bytes\n", name, fs::file_size(folder / name));
  }
  table.row(read, "gdm, a file by gdm", timed(runs(), [&] { gdm::read_volume(folder / "gdm.nii.gz"); }));
  table.row(read, "gdm, a file by zlib", timed(runs(), [&] { gdm::read_volume(folder / "ct.nii.gz"); }));
  table.row(read, "zlib, a file by zlib", timed(runs(), [&] { zlib_read(folder / "ct.nii.gz"); }));
  table.row(read, "zlib, a file by gdm", timed(runs(), [&] { zlib_read(folder / "gdm.nii.gz"); }));
#ifdef GDM_BENCH_ITK
  table.row(read, "ITK, a file by gdm", timed(runs(), [&] { itk_read(folder / "gdm.nii.gz"); }));
#endif
  if (!nibabel.empty()) table.row(read, "nibabel, a file by zlib", nibabel["read-gz"]);
  table.row("write .nii", "gdm, with fsync", timed(runs(), [&] { write_gdm(folder / "gdm.nii", ct); }));
#ifdef GDM_BENCH_ITK
  table.row("write .nii", "ITK", timed(runs(), [&] { itk_write(folder / "itk.nii", ct); }));
#endif
  if (!nibabel.empty()) table.row("write .nii", "nibabel", nibabel["write-plain"]);
  table.row("read .nii", "gdm", timed(runs(), [&] { gdm::read_volume(folder / "gdm.nii"); }));
#ifdef GDM_BENCH_ITK
  table.row("read .nii", "ITK", timed(runs(), [&] { itk_read(folder / "gdm.nii"); }));
#endif
  if (!nibabel.empty()) table.row("read .nii", "nibabel", nibabel["read-plain"]);
}

void compare_boxes(const fs::path& folder) {
  const gdm::Volume large(gdm::Grid::centred({512, 512, 512}, {1, 1, 1}), 7.0F);
  write_gdm(folder / "large.nii", large);
  const std::string group = "512^3 int16, uncompressed";
  Table table(64.0 * 64 * 64 * 2e-6);  // MB/s of the box
  const gdm::VolumeReader reader(folder / "large.nii");
  table.row(group, "one box of 64^3", timed(runs(), [&] { reader.read({200, 220, 240}, {64, 64, 64}); }));
  table.row(group, "the whole for it", timed(std::max(1, runs() / 3), [&] { gdm::read_volume(folder / "large.nii"); }));
}

}  // namespace

int main(int argc, char** argv) {
  std::string name = (fs::temp_directory_path() / "gdm-bench-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) return 1;
  const fs::path folder = name;
  int status = 0;
  try {
    compare(argc > 2 ? gdm::read_volume(argv[2]) : made_up_ct({256, 256, 160}), folder, argc > 1 ? argv[1] : "");
    compare_boxes(folder);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "io-bench: error: %s\n", error.what());
    status = 1;
  }
  fs::remove_all(folder);
  return status;
}
