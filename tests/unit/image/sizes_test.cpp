// Numbers of bytes: as options take them, and as the machine has them.
#include <doctest/doctest.h>

#include "cli/values.hpp"
#include "io_fixture.hpp"
#include "sys/memory.hpp"

using namespace gdm;

TEST_CASE("sizes: bytes with and without a unit") {
  CHECK(cli::bytes_from_text("0") == 0);
  CHECK(cli::bytes_from_text("512") == 512);
  CHECK(cli::bytes_from_text("3K") == 3072);
  CHECK(cli::bytes_from_text("1.5G") == 1610612736);
  CHECK(cli::bytes_from_text("2T") == std::int64_t{1} << 41);
  for (const char* wrong : {"", "G", "-1", "-1K", "12Q", "1 G", "0x10", "nan", "inf", "1e30", "9999999T", "3GB"}) {
    CAPTURE(wrong);
    CHECK(gdm_test::contains(gdm_test::error_of([&] { cli::bytes_from_text(wrong); }), "not a number of bytes"));
    CHECK(cli::check_bytes(wrong) != "");
  }
  CHECK(cli::check_bytes("12G") == "");
}

TEST_CASE("sizes: available memory is more than a test needs and less than any machine has") {
  CHECK(available_memory_bytes() > (std::uint64_t{1} << 20));
  CHECK(available_memory_bytes() < (std::uint64_t{1} << 50));
}
