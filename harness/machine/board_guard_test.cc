// The guard of a board against a bootrig that is killed: real processes, and power commands that write down that they ran.
#include "machine/board_guard.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>

#include "machine/board_test.h"
#include "machine/ssh_host.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using ::testing::ElementsAre;

bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 2000; ++i) {
    if (holds()) return true;
    ::usleep(10'000);
  }
  return false;
}

class BoardGuardTest : public BoardTest {
 protected:
  BoardGuardTest() {
    agent_ = agent_here(build_path("agent"));
    spec_.name = folder_.path().filename();  // by which its guard is found
    spec_.power.on = says("on");
    spec_.power.off = says("off");
    spec_.power.retries = 1;
  }
  ~BoardGuardTest() override { kill_user(); }

  CommandLine shell(const std::string& script) { return {"sh", "-c", script, "sh", log().string()}; }
  CommandLine says(const std::string& word, const std::string& then = "true") {
    return shell(fmt::format("echo {} >> $1; {}", word, then));
  }
  // A command that waits until the test lets it end.
  CommandLine waits(const std::string& word) {
    const std::string go = (folder_.path() / "go").string();
    return says(word + " begins", fmt::format("until [ -e {} ]; do sleep 0.01; done; echo {} ends >> $1", go, word));
  }
  void let_go() { folder_.put("go", ""); }
  fs::path log() const { return folder_.path() / "log"; }
  std::vector<std::string> lines() const {
    const std::string text = read_file(log()).value_or("");
    const auto views = split_lines(text);
    return {views.begin(), views.end()};
  }
  bool came_to(const std::string& word) {
    return eventually([&] { return !lines().empty() && lines().back() == word; });
  }

  // A process that uses the board, as a session of bootrig does, until it is killed.
  void begin_user() {
    user_ = ::fork();
    ASSERT_GE(user_, 0);
    if (user_ > 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ForkingLauncher launcher;
    MachineSpec machine{.kind = MachineKind::kBoard};
    machine.board = std::make_shared<const BoardSpec>(spec_);
    const auto started =
        start_board(launcher, clock_, interrupt_, {.machine = machine, .image = image_}, state_, agent_);
    std::ofstream(log(), std::ios::app) << (started ? "started" : started.error().message) << std::endl;
    for (;;) ::pause();
  }
  void kill_user() {
    if (user_ <= 0) return;
    ::kill(user_, SIGKILL);
    ::waitpid(std::exchange(user_, -1), nullptr, 0);
  }
  // Zero: there is none.
  pid_t guard() const {
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const auto line = read_file(entry.path() / "cmdline");
      if (!line || !line->starts_with(agent_.string()) || line->find(spec_.name) == std::string::npos) continue;
      return std::stoi(entry.path().filename());
    }
    return 0;
  }
  bool guard_ends() {
    return eventually([&] { return guard() == 0; });
  }
  std::string lease() const { return lease_state(spec_.lease); }

  pid_t user_ = -1;
};

TEST_F(BoardGuardTest, SwitchesTheBoardOffAndGivesItBack) {
  spec_.lease.acquire = says("acquire");
  spec_.lease.release = says("release");
  begin_user();
  ASSERT_TRUE(came_to("started"));
  EXPECT_NE(guard(), 0);
  kill_user();
  EXPECT_TRUE(guard_ends());
  EXPECT_THAT(lines(), ElementsAre("acquire", "off", "on", "started", "off", "release"));
  EXPECT_EQ(lease(), "free");
}

// Nobody gets the board between the death and the power-off, and plan tells why.
TEST_F(BoardGuardTest, HoldsTheLockUntilTheBoardIsOff) {
  spec_.power.off = shell("if grep -q started $1; then " + waits("off")[2] + "; fi");
  begin_user();
  ASSERT_TRUE(came_to("started"));
  const std::string holder = lease();
  ASSERT_TRUE(holder.starts_with(fmt::format("in use by process {} of user", user_)));
  kill_user();
  ASSERT_TRUE(came_to("off begins"));
  const std::string expected = "in use: " + holder.substr(10) + ", has died; its guard is switching the board off";
  EXPECT_EQ(lease(), expected);
  const auto taken = take_lease(spec_.lease, clock_, interrupt_);
  ASSERT_FALSE(taken);
  EXPECT_TRUE(taken.error().message.starts_with("it is " + expected + "; waited 300ms")) << taken.error().message;
  let_go();
  EXPECT_TRUE(guard_ends());
  EXPECT_EQ(lease(), "free");
}

// What was begun is run to its end: a power-on that is still under way would come after the power-off.
TEST_F(BoardGuardTest, WaitsForTheCommandThatRuns) {
  spec_.power.on = waits("on");
  begin_user();
  ASSERT_TRUE(came_to("on begins"));
  kill_user();
  EXPECT_TRUE(eventually([&] { return lease().ends_with(", has died; its guard waits for 'sh' to end"); })) << lease();
  let_go();
  EXPECT_TRUE(guard_ends());
  EXPECT_THAT(lines(), ElementsAre("off", "on begins", "on ends", "off"));
}

// A place that somebody else has is not released.
TEST_F(BoardGuardTest, GivesBackOnlyWhatItHas) {
  spec_.lease.wait = 1min;
  spec_.lease.acquire = says("acquire", "exit 1");
  spec_.lease.release = says("release");
  begin_user();
  ASSERT_TRUE(came_to("acquire"));
  kill_user();
  EXPECT_TRUE(guard_ends());
  EXPECT_THAT(lines(), ElementsAre("acquire"));
  EXPECT_EQ(lease(), "free");
}

TEST_F(BoardGuardTest, PowerOffThatFailsIsToldToWhoComesNext) {
  spec_.power.off = says("off", "! grep -q started $1");
  spec_.lease.release = says("release");
  spec_.lease.acquire = {"true"};
  begin_user();
  ASSERT_TRUE(came_to("started"));
  kill_user();
  EXPECT_TRUE(guard_ends());
  EXPECT_THAT(lines(), ElementsAre("off", "on", "started", "off", "off", "release"));
  EXPECT_TRUE(lease().starts_with("free; process ")) << lease();
  EXPECT_TRUE(
      lease().ends_with(", has died; its guard failed at switching the board off: 'sh' ended with exit status 1"))
      << lease();
  EXPECT_TRUE(take_lease(spec_.lease, clock_, interrupt_));
}

TEST_F(BoardGuardTest, EndsWithinTheLimitsOfItsCommands) {
  spec_.power.timeout = 300ms;
  spec_.power.off = shell("if grep -q started $1; then trap '' TERM; echo deaf >> $1; sleep 100; fi");
  begin_user();
  ASSERT_TRUE(came_to("started"));
  kill_user();
  EXPECT_TRUE(guard_ends());
  EXPECT_THAT(lines(), ElementsAre("on", "started", "deaf", "deaf"));
  EXPECT_TRUE(lease().ends_with("failed at switching the board off: 'sh' did not end in time")) << lease();
}

// It is in a session of its own, deaf to what ends bootrig by hand, and holds nothing open that somebody may wait for.
TEST_F(BoardGuardTest, StandsApart) {
  begin_user();
  ASSERT_TRUE(came_to("started"));
  const pid_t pid = guard();
  ASSERT_NE(pid, 0);
  EXPECT_EQ(::getsid(pid), pid);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ::kill(pid, number);
  std::vector<std::string> open;
  for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/fd", pid))) {
    open.push_back(fs::read_symlink(entry.path()));
  }
  std::ranges::sort(open);
  ASSERT_EQ(open.size(), 5u) << ::testing::PrintToString(open);
  open.back().resize(8);  // and its number
  EXPECT_THAT(open, ElementsAre("/dev/null", "/dev/null", "/dev/null", spec_.lease.lock.string(), "socket:["));
  kill_user();
  EXPECT_TRUE(guard_ends());
  EXPECT_THAT(lines(), ElementsAre("off", "on", "started", "off"));
}

TEST_F(BoardGuardTest, SuspendedIsNotDead) {
  begin_user();
  ASSERT_TRUE(came_to("started"));
  ::kill(user_, SIGSTOP);
  ::usleep(300'000);
  EXPECT_NE(guard(), 0);
  EXPECT_EQ(lines().back(), "started");
}

// The rest is bootrig's own process.
class GuardedBoard : public BoardGuardTest {
 protected:
  Started start() {
    MachineSpec machine{.kind = MachineKind::kBoard};
    machine.board = std::make_shared<const BoardSpec>(spec_);
    return start_board(forking_, clock_, interrupt_, {.machine = machine, .image = image_}, state_, agent_);
  }

  ForkingLauncher forking_;
};

TEST_F(GuardedBoard, OrdinaryEndLetsTheGuardGo) {
  auto machine = start();
  ASSERT_TRUE(machine) << machine.error().message;
  EXPECT_NE(guard(), 0);
  (*machine)->stop();
  EXPECT_EQ(guard(), 0);
  EXPECT_EQ(lease(), "free");
  EXPECT_THAT(lines(), ElementsAre("off", "on", "off"));
}

TEST_F(GuardedBoard, StartThatFailsLetsTheGuardGo) {
  spec_.power.on = says("on", "echo no such outlet; exit 3");
  const auto machine = start();
  ASSERT_FALSE(machine);
  EXPECT_TRUE(machine.error().message.ends_with("ended with exit status 3: no such outlet (tried 2 times)"))
      << machine.error().message;
  EXPECT_EQ(guard(), 0);
  EXPECT_EQ(lease(), "free");
  EXPECT_THAT(lines(), ElementsAre("off", "on", "on", "off"));
}

TEST_F(GuardedBoard, GuardThatWasKilledIsNotMissed) {
  const auto machine = start();
  ASSERT_TRUE(machine) << machine.error().message;
  ::kill(guard(), SIGKILL);
  (*machine)->stop();
  EXPECT_THAT(lines(), ElementsAre("off", "on", "off"));
  EXPECT_EQ(lease(), "free");
}

TEST_F(GuardedBoard, NoBoardWithoutItsGuard) {
  agent_ = "/no/such/agent";
  const auto machine = start();
  ASSERT_FALSE(machine);
  EXPECT_EQ(machine.error().message,
            fmt::format("board '{}': cannot start its guard: there is no /no/such/agent; bootrig's folder 'agent' "
                        "belongs beside the program",
                        spec_.name));
  EXPECT_EQ(lease(), "free");
}

// As run_command() tells it.
TEST_F(GuardedBoard, TellsHowACommandEnded) {
  const HeldLease lock = take_lease(spec_.lease, clock_, interrupt_).value();
  auto guard = BoardGuard::start(forking_, agent_, spec_.name, lock.descriptor());
  ASSERT_TRUE(guard) << to_text(guard.error());
  const auto run = [&](CommandLine words) {
    return guard->run({{.timeout_ms = 200, .words = std::move(words)}, {}}).value();
  };
  const auto ended = run({"sh", "-c", "echo said; echo more >&2; exit 3"});
  EXPECT_EQ(ended->status.to_text(), "exit status 3");
  EXPECT_EQ(ended->output, "said\nmore\n");
  EXPECT_EQ(run({"sh", "-c", "kill -9 $$"})->status.signal, SIGKILL);
  EXPECT_TRUE(run({"sleep", "100"})->timed_out);
  EXPECT_EQ(run({"sh", "-c", "sleep 100 & echo left behind"})->output, "left behind\n");
  EXPECT_EQ(run({"sh", "-c", "head -c 1000000 /dev/zero"})->output.size(), kGuardOutputMax);
  EXPECT_EQ(run({"sh", "-c", "exec >&- 2>&-; sleep 0.05; exit 4"})->status.code, 4);
  EXPECT_EQ(to_text(run({"/no/such/program"}).error()), "/no/such/program: cannot start: No such file or directory");
}

}  // namespace
}  // namespace bootrig
