// Projections of other programs: raw numbers and MetaImages, and counts that become line integrals.
#include "ct/measured.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "io/raw_array.hpp"
#include "io_fixture.hpp"
#include "sys/random.hpp"

using namespace gdm;

namespace {

Volume counts_of(std::vector<float> values) {
  Volume counts(Grid::centred({2, 1, static_cast<std::int64_t>(values.size()) / 2}, {1, 1, 1}), 0.0F);
  std::copy(values.begin(), values.end(), counts.voxels.begin());
  return counts;
}

std::string refusal(std::vector<float> values, const ct::Field& flat, const ct::Field& dark) {
  return gdm_test::error_of([&] {
    Volume counts = counts_of(std::move(values));
    ct::line_integrals_from_counts(counts, flat, dark, 0);
  });
}

void put_text(const std::filesystem::path& path, const std::string& text) {
  gdm_test::put_file(path, text.data(), text.size());
}

}  // namespace

TEST_CASE("measured: counts become line integrals by flat and dark fields") {
  Volume counts = counts_of({110, 60, 1010, 10, 60, 65535});
  const auto report = ct::line_integrals_from_counts(counts, {0, {1010, 110}}, {10, {}}, 65535);
  CHECK(counts.voxels[0] == doctest::Approx(std::log(1000.0 / 100)));
  CHECK(counts.voxels[1] == doctest::Approx(std::log(100.0 / 50)));
  CHECK(counts.voxels[2] == 0);
  CHECK(counts.voxels[3] == doctest::Approx(std::log(100 / 0.01)));  // no count: a ten-thousandth of I0
  CHECK(report.starved == 1);
  CHECK(report.saturated == 1);
  CHECK(report.mean_flat == 550);
  CHECK(report.above_flat == 1);  // the saturated one; 1010 of 1000 and noise are not
}

TEST_CASE("measured: a plateau of the largest count is a ceiling, the edge of a wide object and noise are none") {
  const auto ceiling_of = [](auto&& count_at) {
    constexpr std::int64_t columns = 100, views = 60;
    Volume counts(Grid::centred({columns, 1, views}, {1, 1, 1}), 0.0F);
    for (std::int64_t view = 0; view < views; ++view) {
      for (std::int64_t u = 0; u < columns; ++u) counts.at(u, 0, view) = static_cast<float>(count_at(u));
    }
    const auto report = ct::line_integrals_from_counts(counts, {50000, {}}, {100, {}}, 0);
    return report.at_ceiling > 0 ? report.ceiling : 0.0;
  };
  const auto behind = [](std::int64_t u, double radius_mm) {
    const double s = static_cast<double>(u) - 49.5;
    return 50000 * std::exp(-0.04 * std::sqrt(std::max(0.0, radius_mm * radius_mm - s * s)));
  };
  CHECK(ceiling_of([&](std::int64_t u) { return std::min(16383.0, behind(u, 40)); }) == 16383);
  CHECK(ceiling_of([&](std::int64_t u) { return behind(u, 40); }) == 0);  // air beside it, at I0
  CHECK(ceiling_of([&](std::int64_t u) { return behind(u, 75); }) == 0);  // wider than the detector
  Random random(5);
  CHECK(ceiling_of([&](std::int64_t) { return static_cast<double>(random.below(40)); }) == 0);  // whole numbers, few
}

TEST_CASE("measured: what cannot be is refused with its share") {
  const ct::Field flat{100, {}}, none;
  CHECK(gdm_test::contains(refusal({1, -2, 3, 4}, flat, none), "1 of 4 counts (25 %) are negative"));
  CHECK(gdm_test::contains(refusal({1, std::numeric_limits<float>::quiet_NaN(), 3, 4}, flat, none),
                           "1 of 4 numbers (25 %) are NaN or infinite"));
  CHECK(gdm_test::contains(refusal({1, 2, 3, 4}, none, none), "I0 is zero, or not above the dark field, in 2 of 2"));
  CHECK(gdm_test::contains(refusal({1, 2, 3, 4}, {0, {5, 4}}, {4, {}}), "in 1 of 2"));
}

TEST_CASE("raw array: numbers of any order of bytes behind a header, and files that are no such thing") {
  const gdm_test::TemporaryFolder folder;
  gdm_test::put_file(folder / "a.raw", gdm_test::ByteVector{9, 9, 1, 2, 3, 4, 0, 255, 128, 0});
  RawArray array = read_raw_array(folder / "a.raw", {{2, 2, 1}, "uint16", true, 2});
  CHECK(array.values.voxels == Voxels<float>{258, 772, 255, 32768});
  CHECK(largest_of_type(array.type) == 65535);
  CHECK(gdm_test::contains(gdm_test::error_of([&] {
                             read_raw_array(folder / "a.raw", {{2, 2, 1}, "uint16", true, 0});
                           }),
                           "holds 10 bytes; 2 x 2 x 1 numbers of the type uint16 after 0 bytes are 8"));

  const std::string start = "ObjectType = Image\nNDims = 3\nBinaryData = True\nDimSize = 2 2 1\n";
  const std::string end = "ElementType = MET_USHORT\nElementDataFile = ";
  put_text(folder / "a.mha",
           start + "BinaryDataByteOrderMSB = False\n" + end + "LOCAL\n" + std::string("\1\0\2\0\3\0\4\1", 8));
  CHECK(read_meta_image(folder / "a.mha").values.voxels == Voxels<float>{1, 2, 3, 260});
  for (const char* skip : {"HeaderSize = 2\n", "HeaderSize = -1\n"}) {
    put_text(folder / "b.mhd", start + "ElementByteOrderMSB = True\n" + skip + end + "a.raw\n");
    CHECK(read_meta_image(folder / "b.mhd").values.voxels == array.values.voxels);
  }
  const auto refused = [&](const std::string& text) {
    put_text(folder / "c.mha", text);
    return gdm_test::error_of([&] { read_meta_image(folder / "c.mha"); });
  };
  CHECK(gdm_test::contains(refused(start + "CompressedData = True\n" + end + "LOCAL\n"), "compressed"));
  CHECK(gdm_test::contains(refused("BinaryData = False\nDimSize = 2 2 1\n" + end + "LOCAL\n"), "as text"));
  put_text(folder / "d.mhd",
           "NDims = 3\nDimSize = 2 2 1\nHeaderSize = 2\nElementByteOrderMSB = True\n" + end + "a.raw\n");
  CHECK(read_meta_image(folder / "d.mhd").values.voxels == array.values.voxels);  // binary unless it says otherwise
  CHECK(gdm_test::contains(refused(start), "is no MetaImage"));
  CHECK(gdm_test::contains(refused(start + end + "LIST\n"), "several files"));
  CHECK(gdm_test::contains(refused(start + end + "LOCAL\n12345678901"), "holds"));
  CHECK(gdm_test::contains(refused(start + "DimSize = 0 2 1\n" + end + "LOCAL\n"), "its DimSize is '0 2 1'"));
  CHECK(gdm_test::contains(refused(start + "DimSize = 2 x 1\n" + end + "LOCAL\n"), "its DimSize is '2 x 1'"));
  CHECK(gdm_test::contains(refused(start + "ElementType = MET_OTHER\nElementDataFile = LOCAL\n"), "MET_OTHER"));
}
