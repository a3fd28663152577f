// Digests against published vectors, and the promises of AtomicFile: old file or whole new one, nothing left behind.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <set>
#include <thread>

#include "io_fixture.hpp"
#include "sys/atomic_file.hpp"
#include "sys/random.hpp"
#include "sys/sha256.hpp"

using namespace gdm_test;
using gdm::AtomicFile;
using gdm::Overwrite;

TEST_CASE("sha256: vectors of FIPS 180-4, in one and in many pieces") {
  CHECK(gdm::sha256_hex("", 0) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(gdm::sha256_hex("abc", 3) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const std::string two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  CHECK(gdm::sha256_hex(two_blocks.data(), two_blocks.size()) ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  const std::string million(1000000, 'a');
  gdm::Sha256 sha;
  for (std::size_t begin = 0; begin < million.size(); begin += 999) {
    sha.update(million.data() + begin, std::min<std::size_t>(999, million.size() - begin));
  }
  const std::string digest = sha.hex();
  CHECK(digest == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  const TemporaryFolder folder;
  put_file(folder / "a", million.data(), million.size());
  CHECK(gdm::sha256_of_file(folder / "a") == digest);
  CHECK(contains(error_of([&] { gdm::sha256_of_file(folder / "none"); }), "none: No such file"));
  CHECK(contains(error_of([&] { gdm::sha256_of_file(folder.path()); }), "is a folder"));
}

TEST_CASE("atomic file: nothing appears before the commit, everything after it") {
  const TemporaryFolder folder;
  const fs::path path = folder / "a.txt";
  {
    AtomicFile file(path, Overwrite::refuse);
    file.write("half");
    CHECK_FALSE(fs::exists(path));
  }
  CHECK(folder.entries() == 0);
  gdm::write_file(path, "first", Overwrite::refuse);
  CHECK(gdm::read_file(path, 5) == "first");
  CHECK(contains(error_of([&] { gdm::read_file(path, 4); }), "larger than the 4 bytes"));
  CHECK(contains(error_of([&] { gdm::write_file(path, "second", Overwrite::refuse); }), "a.txt: exists already"));
  CHECK(gdm::read_file(path, 100) == "first");
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  gdm::write_file(path, "second", Overwrite::replace);
  CHECK(gdm::read_file(path, 100) == "second");
  CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(folder.entries() == 1);
}

TEST_CASE("atomic file: a file that appears while writing is not replaced") {
  const TemporaryFolder folder;
  AtomicFile file(folder / "a", Overwrite::refuse);
  file.write("mine");
  put_file(folder / "a", "other", 5);
  CHECK(contains(error_of([&] { file.commit(); }), "exists already"));
  CHECK(gdm::read_file(folder / "a", 100) == "other");
}

TEST_CASE("atomic file: a link keeps its place, the file behind it is replaced") {
  const TemporaryFolder folder;
  put_file(folder / "data", "old", 3);
  fs::create_symlink("data", folder / "link");
  gdm::write_file(folder / "link", "new", Overwrite::replace);
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(gdm::read_file(folder / "data", 100) == "new");
}

TEST_CASE("atomic file: places that cannot be written are named with the reason") {
  const TemporaryFolder folder;
  const auto write = [](const fs::path& path) {
    return error_of([&] { gdm::write_file(path, "x", Overwrite::replace); });
  };
  CHECK(contains(write(folder / "none/a"), "none/a: the folder"));
  CHECK(contains(write(folder / "none/a"), "No such file"));
  CHECK(contains(write(folder.path()), "is a folder"));
  CHECK(contains(write("/dev/full"), "/dev/full: No space left on device"));
  CHECK(write("/dev/null") == "no error");
  CHECK(contains(write("/proc/gdm-test"), "/proc/gdm-test: "));
  CHECK(contains(error_of([&] { gdm::check_writable(folder / "none/a", Overwrite::refuse); }), "none"));
  CHECK(error_of([&] { gdm::check_writable(folder / "a", Overwrite::refuse); }) == "no error");
  put_file(folder / "a", "x", 1);
  CHECK(contains(error_of([&] { gdm::check_writable(folder / "a", Overwrite::refuse); }), "exists already"));
  CHECK(contains(error_of([&] { gdm::make_folder(folder / "a/b"); }), "a/b"));
  CHECK(contains(error_of([&] { gdm::check_folder(folder / "a/b/c"); }), "a exists and is not a folder"));
  fs::create_symlink(folder / "nowhere", folder / "link");
  CHECK(contains(error_of([&] { gdm::check_folder(folder / "link/b"); }), "link exists and is not a folder"));
  gdm::check_folder(folder / "c/d");
  CHECK_FALSE(fs::exists(folder / "c"));
  gdm::make_folder(folder / "c/d");
  CHECK(fs::is_directory(folder / "c/d"));
  if (::geteuid() != 0) {  // permissions do not bind root
    fs::permissions(folder / "c", fs::perms::owner_read | fs::perms::owner_exec);
    CHECK(contains(write(folder / "c/x"), "Permission denied"));
    fs::permissions(folder / "c", fs::perms::owner_all);
  }
}

TEST_CASE("atomic file: a write that fails half way leaves the old file and no other") {
  const TemporaryFolder folder;
  gdm::write_file(folder / "a", "old", Overwrite::refuse);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 65536;
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const std::string message =
      error_of([&] { gdm::write_file(folder / "a", std::string(200000, 'x'), Overwrite::replace); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
  CHECK(contains(message, "a: File too large"));
  CHECK(gdm::read_file(folder / "a", 100) == "old");
  CHECK(folder.entries() == 1);
}

TEST_CASE("atomic file: temporaries of dead processes are removed, others stay") {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  REQUIRE(child > 0);
  ::waitpid(child, nullptr, 0);
  const std::string dead = std::to_string(child), alive = std::to_string(::getppid());
  const std::set<std::string> kept = {".a.gdm-tmp-" + alive + "-0", ".b.gdm-tmp-" + dead + "-0", ".a.gdm-tmp-x",
                                      ".a.gdm-tmp-" + dead};
  for (const std::string& name : kept) put_file(folder / name, "x", 1);
  put_file(folder / (".a.gdm-tmp-" + dead + "-7"), "x", 1);
  gdm::write_file(folder / "a", "done", Overwrite::refuse);
  CHECK_FALSE(fs::exists(folder / (".a.gdm-tmp-" + dead + "-7")));
  for (const std::string& name : kept) CHECK_MESSAGE(fs::exists(folder / name), name);
  CHECK(folder.entries() == kept.size() + 1);
}

TEST_CASE("atomic file: killed at 50 instants, the target is always whole") {
  const TemporaryFolder folder;
  const fs::path path = folder / "a";
  const std::string one(300000, '1'), two(500000, '2');
  gdm::write_file(path, one, Overwrite::refuse);
  gdm::Random random(11);
  for (int run = 0; run < 50; ++run) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (int i = 0;; ++i) gdm::write_file(path, i % 2 == 0 ? two : one, Overwrite::replace);
    }
    REQUIRE(child > 0);
    std::this_thread::sleep_for(std::chrono::microseconds(200 + random.below(4000)));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const std::string now = gdm::read_file(path, 1000000);
    CHECK((now == one || now == two));
  }
  gdm::write_file(path, one, Overwrite::replace);
  CHECK(folder.entries() == 1);
}
