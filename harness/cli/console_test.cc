// bootrig console at a pipe's end.
#include <fmt/format.h>

#include "cli/program_test.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

// With standard input from a shell's pipe: children of the tests have none.
class Console : public ::testing::Test {
 protected:
  // `before` feeds bootrig; `after` is what becomes of its output.
  Finished console(const std::string& before, const std::string& words, const std::string& after = "") {
    const std::string command =
        fmt::format("set -o pipefail; {} | {} console {} -o {} --project {} 2> {} {}", before, build_path("bootrig"),
                    words, output_.string(), small_project(), (folder_.path() / "err").string(), after);
    ForkingLauncher launcher;
    const auto result =
        run_command(launcher, {.argv = {"bash", "-c", command}}, Deadline::after(SteadyClock().now(), 100s));
    EXPECT_TRUE(result && !result->timed_out) << command;
    return {result->status.code, result->status.signal, result->output, text_of(folder_.path() / "err")};
  }
  std::string last_line(std::size_t bytes) const {
    return fmt::format("bootrig: {} bytes in {}\n", bytes, (output_ / "transcript.raw").string());
  }

  TestFolder folder_;
  fs::path output_ = folder_.path() / "out";
};

constexpr const char* kConsoleLines = "guest: one\r\nguest: two\r\nguest: three\r\n";

TEST_F(Console, EndsWhenTheInputHasEndedAndTheGuestIsSilent) {
  const Finished finished = console("true", "virt guest --silence 300ms");
  EXPECT_EQ(finished.code, 0) << finished.err;
  EXPECT_EQ(finished.out, kConsoleLines);
  EXPECT_EQ(finished.err, "bootrig: the input has ended, and the guest is silent for 300ms\n" + last_line(38));
  EXPECT_EQ(text_of(output_ / "transcript.raw"), kConsoleLines);
  EXPECT_TRUE(text_of(output_ / "lines.tsv").starts_with("1\t0\t")) << text_of(output_ / "lines.tsv");
}

TEST_F(Console, EndsWithTheGuest) {
  const Finished finished = console("sleep 100 & sleep 0.1", "virt guest-off");
  EXPECT_EQ(finished.code, 0) << finished.err;
  EXPECT_EQ(finished.err, "bootrig: the guest powered off\n" + last_line(38));
}

TEST_F(Console, OutputThatCannotBeWritten) {
  const Finished finished = console("sleep 100 & sleep 0.1", "virt guest", "> /dev/full");
  EXPECT_EQ(finished.code, 2);
  EXPECT_EQ(finished.err,
            "bootrig: cannot write what the guest says: No space left on device; the machine is stopped\n");
  // However little came first.
  const std::string kept = text_of(output_ / "transcript.raw");
  EXPECT_TRUE(!kept.empty() && std::string_view(kConsoleLines).starts_with(kept))
      << "kept before it is shown: " << kept;
}

TEST_F(Console, AGuestThatGoesOnAndOn) {
  const Finished finished = console("true", "virt guest --silence 10s --timeout 200ms");
  EXPECT_EQ(finished.code, 1);
  EXPECT_EQ(finished.err, "bootrig: the input has ended, and the guest goes on for 200ms\n" + last_line(38));
}

TEST_F(Console, AGuestThatTakesNoInput) {
  const Finished finished = console("head -c 3000000 /dev/zero", "virt guest --timeout 300ms");
  EXPECT_EQ(finished.code, 1);
  EXPECT_EQ(finished.err, "bootrig: the guest takes no input for 300ms\n" + last_line(38));
}

TEST_F(Console, WordsThatAreWrong) {
  EXPECT_EQ(console("true", "virt gest").err, "bootrig: there is no file and no image 'gest'; did you mean 'guest'?\n");
  EXPECT_EQ(console("true", "vrit guest").err, "bootrig: there is no target 'vrit'; did you mean 'virt'?\n");
  EXPECT_EQ(console("true", "virt guest --load 0x0").err,
            "bootrig: guest: its recipe says how it is booted: --load, --initrd, --append and --dtb are for files\n");
  EXPECT_EQ(
      console("true", "virt guest --silence soon").err,
      "bootrig: --silence: 'soon' is not a duration; write a number and a unit, as in '500ms', '10s' or '1m30s'\n");
  EXPECT_EQ(console("true", "virt /dev/null").code, 2);
}

}  // namespace
}  // namespace bootrig
