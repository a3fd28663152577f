// Series from frames: order, spacing, tilt, what parts volumes, and what stands for identities. Frames are made here
// and pixels come from a ramp over the patient, so that every voxel has its value in closed form.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "dicom/assemble.hpp"
#include "dicom/new_series.hpp"
#include "dicom/pseudonym.hpp"
#include "dicom/split.hpp"
#include "dicom/survey.hpp"
#include "image/grid_match.hpp"
#include "image/orientation.hpp"
#include "io_fixture.hpp"

using namespace gdm;
using namespace gdm::dicom;
using gdm_test::contains;
using gdm_test::error_of;

namespace {

constexpr std::int64_t ni = 12, nj = 10;

/// A slice of 12 x 10 voxels of 2 x 3 mm, turned about x by `degrees`, `at_mm` along its normal.
Frame slice(double at_mm, double degrees = 0, double sideways_mm = 0) {
  Frame frame;
  const double a = degrees * 3.14159265358979323846 / 180;
  frame.file = std::to_string(at_mm) + "_" + std::to_string(sideways_mm);
  frame.patient = "A";
  frame.modality = "CT";
  frame.shape_ijk = {ni, nj, 1};
  frame.spacing_mm = {2, 3, 0};
  frame.i_lps = {1, 0, 0};
  frame.j_lps = {0, std::cos(a), std::sin(a)};
  const Point3 normal{0, -std::sin(a), std::cos(a)};
  for (std::size_t r = 0; r < 3; ++r) {
    frame.position_lps_mm[r] = at_mm * normal[r] + sideways_mm * frame.j_lps[r] + Point3{-10, 20, 5}[r];
  }
  frame.has_rescale = true;
  return frame;
}

std::vector<Frame> slices(const std::vector<double>& at_mm) {
  std::vector<Frame> frames;
  for (const double at : at_mm) frames.push_back(slice(at));
  return frames;
}

double ramp(const Point3& lps) {
  return std::round(10 * lps[0] + 7 * lps[1] - 5 * lps[2]);
}

/// What the frame shows of the ramp.
ReadPixels ramp_pixels(const std::vector<Frame>& frames) {
  return [frames](const std::filesystem::path& file) {
    const auto frame = std::find_if(frames.begin(), frames.end(), [&](const Frame& f) { return f.file == file; });
    Stored stored;
    for (std::int64_t j = 0; j < nj; ++j) {
      for (std::int64_t i = 0; i < ni; ++i) {
        Point3 lps = frame->position_lps_mm;
        for (std::size_t r = 0; r < 3; ++r) {
          lps[r] += 2 * static_cast<double>(i) * frame->i_lps[r] + 3 * static_cast<double>(j) * frame->j_lps[r];
        }
        stored.push_back(static_cast<std::int32_t>(ramp(lps)));
      }
    }
    return stored;
  };
}

/// The largest difference from the ramp at the voxels' own places, over those that are not air.
double off_ramp(const Volume& volume) {
  double worst = 0;
  const Index3& shape = volume.grid.shape_ijk;
  for (std::int64_t k = 0; k < shape[2]; ++k) {
    for (std::int64_t j = 0; j < shape[1]; ++j) {
      for (std::int64_t i = 0; i < shape[0]; ++i) {
        const float value = volume.at(i, j, k);
        if (value == -1024) continue;
        const Point3 index{static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)};
        worst = std::max(worst, std::abs(value - ramp(lps_of_ras(volume.grid.ras_of_index(index)))));
      }
    }
  }
  return worst;
}

}  // namespace

TEST_CASE("slices are sorted along their normal and lie where the files say") {
  std::vector<Frame> frames = slices({4, 0, 8, 6, 2});
  const Stack stack = stack_of(frames);
  CHECK(stack.fault.empty());
  CHECK(stack.uneven.empty());
  CHECK(stack.step_mm == doctest::Approx(2));
  const Assembled made = assemble(stack, {}, ramp_pixels(frames));
  CHECK(made.volume.grid.shape_ijk == Index3{ni, nj, 5});
  CHECK(off_ramp(made.volume) == 0);
}

TEST_CASE("noise of 1e-5 mm is noise, and rounded positions are even") {
  CHECK(stack_of(slices({0, 2.00001, 3.99999, 6.00001})).uneven.empty());
  CHECK(stack_of(slices({0, 0.6, 1.3, 1.9, 2.5})).uneven != "");  // 0.625 with one digit is 0.08 voxels off
  CHECK(stack_of(slices({0, 0.63, 1.25, 1.88, 2.5})).uneven.empty());
}

TEST_CASE("missing and uneven slices are told with their positions") {
  const Stack missing = stack_of(slices({0, 2, 4, 8, 10, 16}));
  CHECK(
      contains(missing.uneven, "slices are missing (they are 2 mm apart): 1 between 4 and 8 mm, 2 between 10 and 16"));
  CHECK(contains(stack_of(slices({0, 2, 4, 7, 9, 11})).uneven, "most are 2 mm apart, but 3 mm from 4 to 7 mm"));
  CHECK(contains(error_of([&] { assemble(missing, {}, ramp_pixels({})); }), "--resample-gaps"));
}

TEST_CASE("gaps are filled by what lies between, and other slices keep their values") {
  const std::vector<Frame> frames = slices({0, 2, 4, 8, 10, 16});
  const Assembled made = assemble(stack_of(frames), {false, true}, ramp_pixels(frames));
  CHECK(made.volume.grid.shape_ijk[2] == 9);
  CHECK(made.made_slices == 3);
  CHECK(off_ramp(made.volume) <= 0.5);  // the ramp is rounded
}

TEST_CASE("a tilt is resampled to right angles, or kept") {
  std::vector<Frame> frames;
  for (int n = 0; n < 8; ++n) frames.push_back(slice(n * 4, 15, n * 4 * std::tan(15 * 3.14159265358979323846 / 180)));
  const Stack stack = stack_of(frames);
  CHECK(stack.lean_degrees == doctest::Approx(15));
  const Assembled kept = assemble(stack, {true, false}, ramp_pixels(frames));
  CHECK(!kept.volume.grid.is_orthogonal());
  CHECK(off_ramp(kept.volume) == 0);
  const Assembled straight = assemble(stack, {}, ramp_pixels(frames));
  CHECK(straight.volume.grid.is_orthogonal());
  CHECK(straight.volume.grid.shape_ijk == Index3{ni, nj + 3, 8});  // the last lies 7.5 mm aside
  CHECK(off_ramp(straight.volume) <=
        12);  // half a voxel at the border is held, not extrapolated: at most 1.5 mm of 7 HU, rounded
  std::int64_t air = std::count(straight.volume.voxels.begin(), straight.volume.voxels.end(), -1024.0F);
  CHECK(air == straight.tilt_outside);
  CHECK(straight.tilt_outside > 0);
  // The other way, the grid grows at its beginning.
  for (Frame& frame : frames) frame = slice(0);
  for (int n = 0; n < 8; ++n)
    frames[static_cast<std::size_t>(n)] = slice(n * 4, -15, -n * 4 * std::tan(15 * 3.14159265358979323846 / 180));
  CHECK(off_ramp(assemble(stack_of(frames), {}, ramp_pixels(frames)).volume) <= 12);
}

TEST_CASE("slices that slide, lie at one place or are alone make no volume") {
  std::vector<Frame> frames = slices({0, 2, 4, 6, 8});
  frames[2] = slice(4, 0, 1);
  CHECK(contains(stack_of(frames).fault, "slide sideways: the one at 4 mm lies 1 mm off"));
  CHECK(contains(stack_of(slices({3})).fault, "single slice"));
  CHECK(contains(stack_of(slices({3, 3})).fault, "all slices lie at one place"));
}

TEST_CASE("the same slice twice is left out, another at its place is refused") {
  std::vector<Frame> frames = slices({0, 2, 4, 6});
  frames.push_back(slice(2));
  const Assembled made = assemble(stack_of(frames), {}, ramp_pixels(frames));
  CHECK(made.doubled_slices == 1);
  CHECK(off_ramp(made.volume) == 0);
  frames.back().slope = 2;
  CHECK(contains(error_of([&] { assemble(stack_of(frames), {}, ramp_pixels(frames)); }), "2 at 2 mm; they differ"));
}

TEST_CASE("padding becomes air and each slice has its own rescaling") {
  std::vector<Frame> frames = slices({0, 2});
  for (Frame& frame : frames) frame.padding = -500, frame.padding_limit = -400;
  frames[1].slope = 2;
  frames[1].intercept = -10;
  const ReadPixels read = [](const std::filesystem::path&) {
    Stored stored(static_cast<std::size_t>(ni * nj), 100);
    stored[0] = -450;
    stored[1] = -1600;
    return stored;
  };
  const Assembled made = assemble(stack_of(frames), {}, read);
  CHECK(made.padding_voxels == 4);
  CHECK(made.volume.at(0, 0, 0) == -1024);
  CHECK(made.volume.at(1, 0, 1) == -1024);
  CHECK(made.volume.at(2, 0, 0) == 100);
  CHECK(made.volume.at(2, 0, 1) == 190);
}

TEST_CASE("a file whose pixels cannot be had is named beside the message, not in it") {
  const std::vector<Frame> frames = slices({0, 2});
  const ReadPixels fewer = [&](const std::filesystem::path& file) {
    Stored stored = ramp_pixels(frames)(file);
    if (file == frames[1].file) stored.pop_back();
    return stored;
  };
  const ReadPixels none = [](const std::filesystem::path&) -> Stored { throw Error("cannot be decoded"); };
  for (const auto& [read, words] : {std::pair{fewer, "fewer pixels"}, std::pair{none, "cannot be decoded"}}) {
    try {
      assemble(stack_of(frames), {}, read);
      FAIL("no error");
    } catch (const PixelError& error) {
      CHECK(contains(error.what(), words));
      CHECK_FALSE(contains(error.what(), error.file.string()));
      CHECK((error.file == frames[0].file || error.file == frames[1].file));
      if (words == std::string("fewer pixels")) CHECK(error.file == frames[1].file);
    }
  }
}

TEST_CASE("a series is parted by what makes its parts even") {
  std::vector<Frame> frames;
  for (const char* echo : {"20", "100"}) {
    for (const char* type : {"M", "P"}) {
      for (int k = 0; k < 4; ++k) {
        frames.push_back(slice(2 * k));
        frames.back().marks = {
            {"echo time", echo}, {"image type", type}, {"content time", std::to_string(frames.size())}};
      }
    }
  }
  const std::vector<Part> parts = volumes_of(frames);
  REQUIRE(parts.size() == 4);
  CHECK(parts[0].marks == std::map<std::string, std::string>{{"echo time", "20"}, {"image type", "number 1"}});
  CHECK(parts[3].marks == std::map<std::string, std::string>{{"echo time", "100"}, {"image type", "number 2"}});
  for (const Part& part : parts) CHECK(part.stack.slices.size() == 4);
  // One slice of one echo is missing: parts, one of which says so.
  frames.erase(frames.begin() + 1);
  const std::vector<Part> lacking = volumes_of(frames);
  REQUIRE(lacking.size() == 4);
  CHECK(contains(lacking[0].stack.uneven, "missing"));
  CHECK(lacking[1].stack.uneven.empty());
}

TEST_CASE("acquisitions that follow one another stay one volume, and gaps between them part it") {
  std::vector<Frame> frames = slices({0, 2, 4, 6, 8, 10});
  for (std::size_t n = 0; n < 6; ++n) frames[n].marks["acquisition"] = n < 3 ? "1" : "2";
  CHECK(volumes_of(frames).size() == 1);
  for (std::size_t n = 3; n < 6; ++n)
    frames[n] = slice(100 + 5 * static_cast<double>(n)), frames[n].marks["acquisition"] = "2";
  CHECK(volumes_of(frames).size() == 2);
}

TEST_CASE("series differ by direction, frame of reference, shape and identifier") {
  std::vector<Frame> frames = slices({0, 2});
  const auto add = [&](auto change) {
    for (Frame frame : slices({0, 2})) {
      change(frame);
      frames.push_back(frame);
    }
  };
  add([](Frame& f) { std::swap(f.i_lps, f.j_lps); });
  add([](Frame& f) { f.frame_of_reference_uid = "other"; });
  add([](Frame& f) { f.series_uid = "other"; });
  add([](Frame& f) { f.shape_ijk[0] = 13; });
  add([](Frame& f) { f.i_lps[1] = 1e-5; });
  const auto series = series_of(frames);
  CHECK(series.size() == 5);
}

TEST_CASE("pseudonyms follow from salt, kind and text") {
  const std::string name = pseudonym("salt", "patient", "4711");
  CHECK(name == pseudonym("salt", "patient", "4711"));
  CHECK(name.size() == 12);
  CHECK(name != pseudonym("other", "patient", "4711"));
  CHECK(name != pseudonym("salt", "series", "4711"));
  CHECK(pseudonym("a", "bc", "") != pseudonym("ab", "c", ""));
  CHECK(random_salt() != random_salt());
}

TEST_CASE("a survey counts what it leaves out and names volumes by patient") {
  gdm_test::TemporaryFolder folder;
  std::vector<std::filesystem::path> files;
  for (const char* name : {"a0", "a1", "b0", "b1", "c0", "c1", "scout", "text", "cut"}) {
    files.push_back(folder / name);
    gdm_test::put_file(files.back(), "", 0);
  }
  const ReadHeader read = [](const std::filesystem::path& file) {
    const std::string name = file.filename().string();
    FileHeader header;
    if (name == "text") header.left_out = "not DICOM";
    if (name == "cut") header.damage = "cut";
    if (name == "text" || name == "cut") return header;
    header.frames.push_back(slice(name.back() == '1' ? 2 : 0));
    Frame& frame = header.frames.front();
    frame.file = file;
    frame.localiser = name == "scout";
    frame.series_uid = name.substr(0, 1);
    if (name[0] == 'b') frame.modality = "MR";
    if (name[0] == 'c') frame.patient = "C";
    return header;
  };
  Survey found = survey(files, {"salt", SharedId::refuse, {}}, read);
  CHECK(found.files == 9);
  CHECK(found.left_out.size() == 2);
  CHECK(found.damaged.size() == 1);
  REQUIRE(found.volumes.size() == 3);
  const std::vector<Case> cases = cases_of(found.volumes, "out");
  REQUIRE(cases.size() == 2);
  const auto with_mr = std::find_if(cases.begin(), cases.end(), [](const Case& c) { return !c.inputs.empty(); });
  REQUIRE(with_mr != cases.end());
  CHECK(with_mr->id == "p" + pseudonym("salt", "patient", "A"));
  CHECK(with_mr->target == std::filesystem::path("out") / with_mr->id / "ct.nii.gz");
  CHECK(!contains(found.map["patients"].dump(), "null"));
}

TEST_CASE("a UID follows from its text and is a UUID in decimal digits") {
  const std::string uid = uid_of("series");
  CHECK(uid == uid_of("series"));
  CHECK(uid != uid_of("instance"));
  CHECK(uid.substr(0, 5) == "2.25.");
  CHECK(uid.size() <= 44);
  CHECK(uid[5] != '0');
  // hashlib.sha256(b"series"), version 8 and variant 2 set, as int.
  CHECK(uid == "2.25.208492642429938055922782462776299636395");
  CHECK(slice_name(0) == "CT0001.dcm");
}
