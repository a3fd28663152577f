// gzip: round trips through several members by every reader, the limit against bombs, and damage.
#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "io_fixture.hpp"
#include "sys/gzip.hpp"
#include "sys/gzip_stream.hpp"
#include "sys/in_order.hpp"
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

/// As a pipe delivers it, `step` bytes at a time, read to the end in uneven parts.
ByteVector streamed(const ByteVector& data, std::size_t step) {
  std::size_t given = 0;
  gdm::GzipStream stream([&]() -> std::pair<const std::uint8_t*, std::size_t> {
    const std::size_t begin = given, bytes = std::min(step, data.size() - given);
    given += bytes;
    return {data.data() + begin, bytes};
  });
  ByteVector all;
  for (std::size_t part = 1;; part = part * 3 + 1) {
    const std::size_t before = all.size();
    all.resize(before + part);
    all.resize(before + stream.read(all.data() + before, part));
    if (all.size() < before + part) return all;
  }
}

ByteVector by_members(const ByteVector& data) {
  const auto members = gdm::gzip_index(data.data(), data.size());
  REQUIRE(!members.empty());
  ByteVector all(members.back().content_begin + members.back().content_bytes);
  gdm::gunzip_members(data.data(), members, [&](const gdm::GzipMember& member, const std::uint8_t* content) {
    std::copy_n(content, member.content_bytes, all.begin() + static_cast<std::ptrdiff_t>(member.content_begin));
  });
  return all;
}

}  // namespace

TEST_CASE("gzip: many members round trip by every reader") {
  const ByteVector data = noise((std::size_t{3} << 20) + 12345);
  const ByteVector packed = gzipped(data);
  CHECK(gdm::gzip_index(packed.data(), packed.size()).size() == 4);
  CHECK(unpacked(packed, data.size(), data.size()) == data);
  CHECK(unpacked(packed, 1, data.size()) == data);
  for (const int threads : {1, 4}) {
    gdm::set_thread_count(threads);
    CHECK(by_members(packed) == data);
  }
  gdm::set_thread_count(0);
  CHECK(streamed(packed, 1000) == data);
  CHECK(streamed(packed, packed.size()) == data);
}

TEST_CASE("gzip: empty input, tiny members, bombs, garbage and cuts") {
  CHECK(unpacked(gzipped({}), 10, 10).empty());
  CHECK(streamed(gzipped({}), 1).empty());
  CHECK(by_members(gzipped({})).empty());
  ByteVector tiny = gzipped({1, 2});
  const ByteVector second = gzipped({3});
  tiny.insert(tiny.end(), second.begin(), second.end());
  CHECK(unpacked(tiny, 0, 3) == ByteVector{1, 2, 3});
  CHECK(streamed(tiny, 1) == ByteVector{1, 2, 3});
  CHECK(by_members(tiny) == ByteVector{1, 2, 3});
  const ByteVector bomb = gzipped(ByteVector(std::size_t{4} << 20, 0), std::size_t{4} << 20);
  CHECK(contains(error_of([&] { unpacked(bomb, 1000, 100000); }), "more than the expected 1000"));
  ByteVector trailing = tiny;
  trailing.push_back(7);
  CHECK(contains(error_of([&] { unpacked(trailing, 3, 100); }), "damaged or cut off"));
  CHECK(contains(error_of([&] { streamed(trailing, 1); }), "cut off"));
  CHECK(gdm::gzip_index(trailing.data(), trailing.size()).empty());
  for (std::size_t size = 0; size < second.size(); ++size) {
    const ByteVector cut(second.begin(), second.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK(contains(error_of([&] { unpacked(cut, 1, 100); }), "damaged"));
    CHECK(contains(error_of([&] { streamed(cut, 1); }), "cut off"));
    CHECK(gdm::gzip_index(cut.data(), cut.size()).empty());
  }
}

TEST_CASE("gzip: zeros after the last member are padding, all else and what follows them is damage") {
  const ByteVector data = noise(3000);
  for (const std::size_t member : {std::size_t{1000}, std::size_t{1} << 20}) {
    for (const std::size_t zeros : {1, 7, 512, 70000}) {
      ByteVector padded = gzipped(data, member);
      padded.resize(padded.size() + zeros, 0);
      CHECK(unpacked(padded, data.size(), data.size()) == data);
      CHECK(by_members(padded) == data);
      for (const std::size_t step : {std::size_t{1}, std::size_t{100}, padded.size()})
        CHECK(streamed(padded, step) == data);
      for (const std::uint8_t last : {0x01, 0x1f}) {
        ByteVector spoilt = padded;
        spoilt.push_back(last);
        CHECK(contains(error_of([&] { unpacked(spoilt, data.size(), data.size()); }), "damaged"));
        CHECK(contains(error_of([&] { streamed(spoilt, 100); }), "damaged"));
        CHECK(gdm::gzip_index(spoilt.data(), spoilt.size()).empty());
      }
    }
  }
}

TEST_CASE("gzip: a member whose stated length is wrong is not taken for what it is not") {
  ByteVector two = gzipped(noise(5000));
  const std::size_t first = two.size();
  const ByteVector second = gzipped(noise(5000));
  two.insert(two.end(), second.begin(), second.end());
  const ByteVector content = unpacked(two, 10000, 10000);
  // One entry that spans both members leads to the right end, and the first has as much content as the last states.
  ByteVector spanning = two;
  for (std::size_t byte = 0; byte < 4; ++byte) {
    spanning[16 + byte] = static_cast<std::uint8_t>(two.size() >> (8 * byte));
  }
  CHECK(gdm::gzip_index(spanning.data(), spanning.size()).size() == 1);
  CHECK(contains(error_of([&] { by_members(spanning); }), "damaged"));
  CHECK(unpacked(spanning, 10000, 10000) == content);
  // Each bit of the member's length leads nowhere, except to an error.
  for (std::size_t bit = 0; bit < 32; ++bit) {
    ByteVector wrong = two;
    wrong[first + 16 + bit / 8] = static_cast<std::uint8_t>(wrong[first + 16 + bit / 8] ^ (1U << (bit % 8)));
    CHECK(gdm::gzip_index(wrong.data(), wrong.size()).empty());
    CHECK(unpacked(wrong, 10000, 10000) == content);
  }
  // A content longer than deflate can make it takes no memory.
  ByteVector boasting = two;
  std::fill(boasting.end() - 4, boasting.end(), std::uint8_t{255});
  CHECK(gdm::gzip_index(boasting.data(), boasting.size()).empty());
  // The wrong CRC of any member is found.
  for (const std::size_t at : {first - 8, two.size() - 8}) {
    ByteVector wrong = two;
    wrong[at] = static_cast<std::uint8_t>(wrong[at] ^ 1U);
    CHECK(contains(error_of([&] { by_members(wrong); }), "damaged"));
    CHECK(contains(error_of([&] { streamed(wrong, 100); }), "damaged"));
  }
}

TEST_CASE("in order: pieces are consumed in their order, and not beyond one that fails") {
  const auto produce = [](std::int64_t i) {
    gdm::Bytes piece(1);
    piece.data()[0] = static_cast<std::uint8_t>(i);
    if (i == 77) throw gdm::Error("produced no 77");
    return piece;
  };
  for (const int threads : {1, 4}) {
    gdm::set_thread_count(threads);
    ByteVector consumed;
    const auto run = [&](std::int64_t n, std::size_t last) {
      consumed.clear();
      return error_of([&] {
        gdm::parallel_in_order(n, produce, [&](std::int64_t, const gdm::Bytes& piece) {
          consumed.push_back(piece.data()[0]);
          if (consumed.size() <= last) return;
          std::this_thread::sleep_for(std::chrono::milliseconds(5));  // the other threads queue up
          throw gdm::Error("consumed no more");
        });
      });
    };
    CHECK(run(60, 100) == "no error");
    CHECK(consumed.size() == 60);
    CHECK(std::is_sorted(consumed.begin(), consumed.end()));
    CHECK(run(60, 20) == "consumed no more");
    CHECK(consumed.size() == 21);
    CHECK(run(200, 200) == "produced no 77");
    CHECK(consumed.size() <= 77);
    CHECK(std::is_sorted(consumed.begin(), consumed.end()));
  }
  gdm::set_thread_count(0);
}
