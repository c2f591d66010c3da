// What a host's /proc tells.
#include "run/host_state.h"

#include <gtest/gtest.h>

#include "testing/test_folder.h"

namespace bootrig {
namespace {

TEST(HostStateTest, ReadsWhatIsThere) {
  TestFolder folder;
  folder.put("proc/loadavg", "9.50 8.10 4.00 12/345 6789\n");
  folder.put("proc/pressure/cpu", "some avg10=71.40 avg60=40.00 avg300=9.00 total=1\nfull avg10=0.00\n");
  folder.put("proc/meminfo", "MemTotal:       16384 kB\nMemFree:  1 kB\nMemAvailable:    2048 kB\n");
  folder.put("proc/vmstat", "nr_free_pages 12\noom_kill 3\noom_kill_other 9\n");
  HostState state = read_host_state(folder.path() / "proc");
  EXPECT_EQ(state.load, 9.5);
  EXPECT_EQ(state.cpu_pressure, 71.4);
  EXPECT_EQ(state.memory_total, std::uint64_t{16} << 20);
  EXPECT_EQ(state.memory_available, std::uint64_t{2} << 20);
  EXPECT_EQ(state.oom_kills, 3u);
  state.processors = 2;
  EXPECT_EQ(load_text(state), "load 9.5 on 2 processors, CPU pressure 71 %");
}

TEST(HostStateTest, TellsNothingOfWhatItCannotRead) {
  TestFolder folder;
  folder.put("proc/loadavg", "lots\n");
  folder.put("proc/pressure/cpu", "some avg10=\n");
  folder.put("proc/meminfo", "MemAvailable: none\n");
  const HostState state = read_host_state(folder.path() / "proc");
  EXPECT_FALSE(state.load);
  EXPECT_FALSE(state.cpu_pressure);
  EXPECT_FALSE(state.memory_available);
  EXPECT_FALSE(state.oom_kills);
  EXPECT_EQ(load_text(state), "");
}

TEST(HostStateTest, OfThisHostHasProcessors) {
  EXPECT_GT(read_host_state().processors, 0u);
}

}  // namespace
}  // namespace bootrig
