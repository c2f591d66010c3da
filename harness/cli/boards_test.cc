// A board of a farm, played by a script, and the whole program: what is left of it when bootrig is killed, and what is told
// when it cannot be put away.
#include <fmt/format.h>
#include <sys/stat.h>

#include <csignal>

#include "cli/program_test.h"

namespace bootrig {
namespace {

using namespace std::chrono_literals;

// To be on it takes its place; with the file `stuck` it stays on.
constexpr const char* kBoard = R"sh(#!/bin/sh
cd "$(dirname "$0")" || exit
case $1 in
  take) mkdir place ;;
  give) rmdir place ;;
  on) touch place/on ;;
  off) [ ! -e stuck ] || [ ! -e place/on ] || { echo "outlet 7 is stuck"; exit 3; }; rm -f place/on ;;
  line) until [ -e place/on ]; do sleep 0.01; done; printf 'starting\r\nguest: one\r\nguest: two\r\nguest: three\r\n'
        cat > /dev/null ;;
esac
)sh";

class Boards : public ::testing::Test {
 protected:
  Boards() {
    copy_project(small_project(), folder_.path() / "project");
    const std::string script = folder_.put("board/board", kBoard);
    ::chmod(script.c_str(), 0755);
    folder_.put("project/targets/shelf.json", fmt::format(R"({{ "summary": "a board", "machine": {{
                  "kind": "board", "cpu": "cortex-a53", "cpus": 1, "memory": "1G", "serial": "command:{0} line",
                  "power": {{ "on": ["{0}", "on"], "off": ["{0}", "off"], "retries": 0 }},
                  "boot-steps": [{{ "expect": "starting" }}],
                  "lease": {{ "acquire": ["{0}", "take"], "release": ["{0}", "give"], "lock": "{1}" }} }} }})",
                                                          script, (folder_.path() / "lock").string()));
  }

  Words words(Words first) const {
    const Words more{"--project", folder_.path() / "project", "--output", folder_.path() / "out"};
    first.insert(first.end(), more.begin(), more.end());
    return first;
  }
  bool is_there(const char* file) const { return std::filesystem::exists(folder_.path() / "board" / file); }
  std::string plan() const { return bootrig({"plan", "good/idle@shelf", "--project", folder_.path() / "project"}).out; }

  TestFolder folder_;
};

TEST_F(Boards, KilledBootrigLeavesItOffAndGivenBack) {
  Invocation console(words({"console", "shelf", "guest", "--silence", "1m"}));
  ASSERT_TRUE(eventually(60s, [&] { return console.out().find("guest: three") != std::string::npos; }));
  EXPECT_TRUE(is_there("place/on"));
  console.signal(SIGKILL);
  EXPECT_EQ(console.wait().signal, SIGKILL);
  EXPECT_TRUE(eventually(20s, [&] { return !is_there("place"); }));
  EXPECT_TRUE(eventually(20s, [&] { return plan().find("/lock: free\n") != std::string::npos; })) << plan();
}

TEST_F(Boards, OneThatStaysOnIsToldThoughTheTestcasePassed) {
  folder_.put("board/stuck", "");
  const Finished run = bootrig(words({"run", "good/idle@shelf", "--no-history"}));
  EXPECT_EQ(run.code, 0) << run.out << run.err;
  EXPECT_NE(run.out.find("\ngood/idle@shelf: board 'shelf': power off: "), std::string::npos) << run.out;
  EXPECT_NE(run.out.find(" ended with exit status 3: outlet 7 is stuck\n"), std::string::npos) << run.out;
  std::filesystem::remove_all(folder_.path() / "board/place");
  const Finished console = bootrig(words({"console", "shelf", "guest", "--silence", "100ms"}));
  EXPECT_EQ(console.code, 0) << console.err;
  EXPECT_NE(console.err.find("\nbootrig: board 'shelf': power off: "), std::string::npos) << console.err;
}

}  // namespace
}  // namespace bootrig
