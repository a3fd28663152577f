// gzip: round trip through several members, the limit against bombs, and damage.
#include <doctest/doctest.h>

#include "io_fixture.hpp"
#include "sys/gzip.hpp"
#include "sys/parallel.hpp"
#include "sys/random.hpp"

using namespace gdm_test;

namespace {

ByteVector unpacked(const ByteVector& data, std::size_t expected, std::size_t limit) {
  const gdm::Bytes bytes = gdm::gunzip(data.data(), data.size(), expected, limit);
  return {bytes.data(), bytes.data() + bytes.size()};
}

ByteVector noise(std::size_t bytes) {
  gdm::Random random(5);
  ByteVector data(bytes);
  for (auto& byte : data) byte = static_cast<std::uint8_t>(random.bits() & 15);
  return data;
}

}  // namespace

TEST_CASE("gzip: three members round trip and do not depend on the number of threads") {
  const ByteVector data = noise((std::size_t{16} << 20) + 12345);
  gdm::set_thread_count(1);
  const ByteVector one = gzipped(data);
  gdm::set_thread_count(4);
  const ByteVector four = gzipped(data);
  gdm::set_thread_count(0);
  CHECK(one == four);
  CHECK(unpacked(one, data.size(), data.size()) == data);
  CHECK(unpacked(one, 1, data.size()) == data);
  const gdm::Bytes start = gdm::gunzip_prefix(one.data(), 1000, 540);
  REQUIRE(start.size() == 540);
  CHECK(std::equal(start.data(), start.data() + 540, data.begin()));
}

TEST_CASE("gzip: empty input, tiny members, bombs, garbage and cuts") {
  CHECK(unpacked(gzipped({}), 10, 10).empty());
  ByteVector tiny = gzipped({1, 2});
  const ByteVector second = gzipped({3});
  tiny.insert(tiny.end(), second.begin(), second.end());
  CHECK(unpacked(tiny, 0, 3) == ByteVector{1, 2, 3});
  CHECK(gdm::gunzip_prefix(tiny.data(), tiny.size(), 540).size() == 3);
  const ByteVector bomb = gzipped(ByteVector(std::size_t{4} << 20, 0));
  CHECK(contains(error_of([&] { unpacked(bomb, 1000, 100000); }), "more than the expected 1000"));
  ByteVector trailing = tiny;
  trailing.push_back(7);
  CHECK(contains(error_of([&] { unpacked(trailing, 3, 100); }), "damaged or cut off"));
  for (std::size_t size = 0; size < second.size(); ++size) {
    CHECK(contains(error_of([&] { unpacked(ByteVector(second.begin(), second.begin() + size), 1, 100); }), "damaged"));
  }
}
