// bootrig console in a real terminal: tmux types, and reads the screen back.
#include <fmt/format.h>

#include <csignal>

#include "base/text.h"
#include "cli/program_test.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class ConsoleInTerminal : public ::testing::Test {
 protected:
  ConsoleInTerminal() {
    tmux({"-f", "/dev/null", "new-session", "-d", "-x", "110", "-y", "50", "-e", "PS1=ready> ", "bash", "--norc",
          "--noprofile"});
    expect("ready> ");
    type("stty -a > " + path("before"));
    press("Enter");
  }
  ~ConsoleInTerminal() override { tmux({"kill-server"}); }

  std::string tmux(Words words) {
    words.insert(words.begin(), {"tmux", "-S", path("socket")});
    const auto result = run_command(launcher_, {.argv = words}, Deadline::after(SteadyClock().now(), 20s));
    EXPECT_TRUE(result && !result->timed_out) << shell_quote(words);
    return result ? result->output : "";
  }
  std::string path(const char* name) const { return folder_.path() / name; }
  void type(const std::string& text) { tmux({"send-keys", "-l", text}); }
  void press(const std::string& key) { tmux({"send-keys", key}); }
  void menu(const std::string& key) {
    press("C-]");
    type(key);
  }
  std::string screen() { return tmux({"capture-pane", "-p", "-J"}); }
  bool shows(const std::string& text, Duration limit = 60s) {
    return eventually(limit, [&] { return screen().find(text) != std::string::npos; });
  }
  void expect(const std::string& text) { EXPECT_TRUE(shows(text)) << "not '" << text << "' but\n" << screen(); }
  void clear() {
    tmux({"send-keys", "-R"});
    tmux({"clear-history"});
  }

  // The project's image, from the prompt on.
  void begin(const std::string& image, const std::string& project = small_project()) {
    clear();
    type(fmt::format("{} console virt {} -o {} --project {}; echo status=$?", build_path("bootrig"), image, path("out"),
                     project));
    press("Enter");
  }
  void expect_sane(const std::string& status) {
    expect("status=" + status);
    type("stty -a > " + path("after") + "; echo written");
    press("Enter");
    expect("\nwritten");
    EXPECT_EQ(text_of(path("after")), text_of(path("before")));
  }
  pid_t child(const std::string& name) {
    pid_t found = 0;
    const auto of_our_image = processes_naming(folder_.path() / "out/images", 0);
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const auto line = read_file(entry.path() / "cmdline");
      if (line && line->find(name) == 0 && line->find(folder_.path().string()) != std::string::npos) {
        found = std::stoi(entry.path().filename());
      }
    }
    EXPECT_NE(found, 0) << name << ::testing::PrintToString(of_our_image);
    return found;
  }
  void kill(const std::string& name, int number) {
    if (const pid_t pid = child(name); pid > 0) ::kill(pid, number);
  }

  ForkingLauncher launcher_;
  TestFolder folder_;
};

TEST_F(ConsoleInTerminal, MenuResetPauseSaveAndQuit) {
  begin("guest");
  expect("guest: three");
  expect("bootrig: guest on virt; Ctrl-] is the menu; transcript in ");
  menu("?");
  expect("bootrig: Ctrl-] d  explain what the console and the machine show; the guest goes on");
  menu("p");
  expect("bootrig: the guest is paused; Ctrl-] p lets it go on");
  menu("p");
  expect("bootrig: the guest goes on");
  menu("b");
  expect("bootrig: BREAK is sent");
  menu("s");
  expect("bootrig: saved 38 bytes as ");
  menu("z");
  expect("bootrig: there is no such key; b break");
  clear();
  menu("r");
  expect("bootrig: the machine is reset\nguest: one\nguest: two\nguest: three");
  press("C-c");  // the guest's
  menu("q");
  expect("bootrig: 76 bytes in ");
  expect_sane("0");
  EXPECT_EQ(text_of(folder_.path() / "out/saved-1.raw"), "guest: one\r\nguest: two\r\nguest: three\r\n");
  EXPECT_EQ(text_of(folder_.path() / "out/transcript.raw").size(), 76u);
}

TEST_F(ConsoleInTerminal, DiagnosesADumpTwiceAndTheMachineGoesOn) {
  begin("guest-dump");
  expect("guest: three");
  for (int time = 0; time < 2; ++time) {
    clear();
    menu("d");
    expect("translation fault, level 0");
    expect("bootrig: ");
  }
  menu("q");
  expect_sane("0");
}

TEST_F(ConsoleInTerminal, NothingToExplain) {
  begin("guest");
  expect("guest: three");
  menu("d");
  expect("bootrig: nothing to explain: no crash dump since the start, no exception in the registers");
  expect("bootrig:   CPU 0 at EL1, PC 0x40400");
  menu("q");
  expect_sane("0");
}

TEST_F(ConsoleInTerminal, AGuestThatEndedCanBootAnew) {
  begin("guest-off");
  expect("bootrig: the guest powered off; Ctrl-] r boots it anew, Ctrl-] d explains, Ctrl-] q ends");
  clear();
  menu("r");
  expect("guest: three\nbootrig: the guest powered off");
  menu("q");
  expect_sane("0");
}

// The terminal is a terminal again after what a guest, a signal, or a QEMU's end left behind.
TEST_F(ConsoleInTerminal, IsGivenBackAfterEscapes) {
  const Words flags{"display-message", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{keypad_cursor_flag}"};
  // As a guest would.
  type(R"(printf '\e[?1049h\e[?25l\e[?1000h\e[?1h\e[41m\e(0'; )" + build_path("bootrig") +
       " console virt guest-noise -o " + path("out") + " --project " + small_project() + "; echo status=$?");
  press("Enter");
  expect("bootrig: the guest powered off");
  EXPECT_EQ(tmux(flags), "1 0 1 1\n");
  menu("q");
  expect_sane("0");
  EXPECT_EQ(tmux(flags), "0 1 0 0\n");
}

TEST_F(ConsoleInTerminal, IsGivenBackWhenTheOutputBreaks) {
  clear();
  type(build_path("bootrig") + " console virt guest -o " + path("out") + " --project " + small_project() +
       " | true; echo status=${PIPESTATUS[0]}");
  press("Enter");
  expect_sane("2");
}

TEST_F(ConsoleInTerminal, IsGivenBackOnSignals) {
  for (const auto& [number, status] : std::map<int, std::string>{{SIGTERM, "2"}, {SIGSEGV, "139"}, {SIGQUIT, "131"}}) {
    begin("guest");
    expect("guest: three");
    kill(build_path("bootrig"), number);
    expect_sane(status);
  }
}

TEST_F(ConsoleInTerminal, IsGivenBackWhenQemuDies) {
  begin("guest");
  expect("guest: three");
  kill("qemu-system-aarch64", SIGKILL);
  expect("bootrig: the machine ended by itself: signal 9 (Killed)");
  expect_sane("1");
}

TEST_F(ConsoleInTerminal, StoppedAndContinued) {
  begin("guest");
  expect("guest: three");
  kill(build_path("bootrig"), SIGTSTP);
  expect("Stopped");
  clear();
  type("fg");
  press("Enter");
  expect("console virt guest");
  menu("?");
  expect("bootrig: Ctrl-] q  stop the machine and end");
  menu("q");
  expect("bootrig: 38 bytes in ");
  type("echo status=$?");
  press("Enter");
  expect_sane("0");
}

TEST_F(ConsoleInTerminal, UBootHearsWhatIsTyped) {
  const Finished built = bootrig({"build", "u-boot", "--output", folder_.path() / "built"});
  if (built.code != 0) GTEST_SKIP() << built.err;
  begin("u-boot", source_path());
  expect("Hit any key to stop autoboot:");
  press("Enter");
  expect("=> ");
  type("echo one two");
  press("Enter");
  expect("\none two\n");
  type("sleep 1000");  // ends by Ctrl-C alone
  press("Enter");
  press("C-c");
  menu("d");
  expect("bootrig: nothing to explain");
  type("version");
  press("Enter");
  expect("aarch64-linux-gnu-gcc");
  clear();
  menu("r");
  expect("Hit any key to stop autoboot:");
  press("Enter");
  menu("q");
  expect_sane("0");
}

}  // namespace
}  // namespace bootrig
