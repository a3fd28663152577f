// Limits of control groups, by made-up trees of /proc and /sys.
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

#include "io_fixture.hpp"
#include "sys/cgroup.hpp"

using namespace gdm;

namespace {

constexpr std::uint64_t gib = std::uint64_t{1} << 30;

/// A root folder with the given files.
struct Tree {
  gdm_test::TemporaryFolder folder;
  explicit Tree(const std::vector<std::pair<std::string, std::string>>& files) {
    for (const auto& [name, text] : files) {
      std::filesystem::create_directories((folder / name).parent_path());
      std::ofstream(folder / name) << text << "\n";
    }
  }
  CgroupLimits limits() const { return cgroup_limits(folder.path()); }
};

}  // namespace

TEST_CASE("the job's own cgroup v2 limits, and those of every group above it") {
  const std::string group = "sys/fs/cgroup/system.slice/slurmstepd.scope/job_7/step_batch/";
  const Tree own({{"proc/self/cgroup", "0::/system.slice/slurmstepd.scope/job_7/step_batch"},
                  {group + "memory.max", std::to_string(4 * gib)},
                  {group + "cpu.max", "150000 100000"}});
  CHECK(own.limits().memory_bytes == 4 * gib);
  CHECK(own.limits().cpus == doctest::Approx(1.5));
  const Tree above({{"proc/self/cgroup", "0::/system.slice/slurmstepd.scope/job_7/step_batch"},
                    {group + "memory.max", "max"},
                    {group + "cpu.max", "max 100000"},
                    {group + "../memory.max", std::to_string(2 * gib)},
                    {group + "../../memory.max", std::to_string(3 * gib)},
                    {group + "../../../cpu.max", "400000 100000"},
                    {"sys/fs/cgroup/cpu.max", "800000 100000"}});
  CHECK(above.limits().memory_bytes == 2 * gib);
  CHECK(above.limits().cpus == doctest::Approx(4));
}

TEST_CASE("cgroup v1 limits, each controller in a hierarchy of its own") {
  const Tree tree({{"proc/self/cgroup",
                    "9:memory:/slurm/uid_5/job_7\n4:cpu,cpuacct:/slurm/uid_5/job_7\n1:name=systemd:/user.slice"},
                   {"sys/fs/cgroup/memory/slurm/uid_5/job_7/memory.limit_in_bytes", "9223372036854771712"},
                   {"sys/fs/cgroup/memory/slurm/uid_5/memory.limit_in_bytes", std::to_string(gib)},
                   {"sys/fs/cgroup/cpu,cpuacct/slurm/uid_5/job_7/cpu.cfs_quota_us", "200000"},
                   {"sys/fs/cgroup/cpu,cpuacct/slurm/uid_5/job_7/cpu.cfs_period_us", "100000"},
                   {"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1"},
                   {"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000"}});
  CHECK(tree.limits().memory_bytes == gib);
  CHECK(tree.limits().cpus == doctest::Approx(2));
}

TEST_CASE("mounts elsewhere, and in containers only a part of a hierarchy") {
  const Tree elsewhere({{"proc/self/cgroup", "0::/a/b"},
                        {"proc/self/mountinfo", "30 24 0:26 / /run/groups rw,nosuid - cgroup2 cgroup2 rw"},
                        {"run/groups/a/memory.max", std::to_string(gib)},
                        {"sys/fs/cgroup/a/memory.max", "5"}});
  CHECK(elsewhere.limits().memory_bytes == gib);
  const Tree container(
      {{"proc/self/cgroup", "9:memory:/docker/abc/job"},
       {"proc/self/mountinfo", "30 24 0:26 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory"},
       {"sys/fs/cgroup/memory/memory.limit_in_bytes", std::to_string(3 * gib)},
       {"sys/fs/cgroup/memory/job/memory.limit_in_bytes", std::to_string(2 * gib)}});
  CHECK(container.limits().memory_bytes == 2 * gib);
  // A process outside of what it sees, as in a namespace: the mount's own limit is left.
  const Tree outside({{"proc/self/cgroup", "0::/../../other"}, {"sys/fs/cgroup/memory.max", std::to_string(gib)}});
  CHECK(outside.limits().memory_bytes == gib);
}

TEST_CASE("no control groups, no limits") {
  using Files = std::vector<std::pair<std::string, std::string>>;
  for (const Files& files :
       {Files{}, Files{{"proc/self/cgroup", "0::/a"}}, Files{{"proc/self/cgroup", "nonsense\n::\n0::"}},
        Files{{"proc/self/cgroup", "0::/"}, {"sys/fs/cgroup/memory.max", "max"}, {"sys/fs/cgroup/cpu.max", "x"}}}) {
    const Tree tree(files);
    CHECK(tree.limits().memory_bytes == std::numeric_limits<std::uint64_t>::max());
    CHECK(std::isinf(tree.limits().cpus));
  }
}
