// Command lines that cannot be done: each with its status and all that it says.
#include <fmt/format.h>

#include "base/text.h"
#include "cli/program_test.h"
#include "reports/html_page.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHelp = "\n@help";  // the line that names the help of the command, or of all

struct Refusal {
  Words words;      // "@" stands for the test's folder
  std::string err;  // after "bootrig: "; without a newline at its end one is added
};

std::string with_folder(std::string text, const fs::path& folder) {
  for (std::size_t at = text.find('@' + std::string("/")); at != text.npos; at = text.find("@/", at)) {
    text.replace(at, 1, folder.string());
  }
  return text;
}

void expect_refused(const std::vector<Refusal>& table, const fs::path& folder) {
  for (const Refusal& refusal : table) {
    Words words;
    for (const std::string& word : refusal.words) words.push_back(with_folder(word, folder));
    SCOPED_TRACE(shell_quote(words));
    const Finished finished = bootrig(words);
    EXPECT_EQ(finished.code, 2);
    EXPECT_EQ(finished.out, "");
    std::string err = "bootrig: " + with_folder(refusal.err, folder);
    if (const std::size_t at = err.find(kHelp); at != err.npos) {
      err.replace(at + 1, err.npos,
                  words.empty() || words.front().starts_with("-")
                      ? "'bootrig --help' and 'bootrig COMMAND --help' tell what is allowed."
                      : fmt::format("'bootrig {} --help' tells what is allowed.", words.front()));
    }
    if (!err.ends_with('\n')) err += '\n';
    EXPECT_EQ(finished.err, err);
  }
}

TEST(CommandLine, CommandsAndOptionsThatAreNone) {
  const TestFolder folder;
  expect_refused(
      {
          {{}, std::string("a command is required") + kHelp},
          {{"rnu"},
           "there is no command 'rnu'; there is 'run', 'boot', 'console', 'plan', 'list', 'build', 'decode', 'triage', "
           "'inspect', 'explain', 'history', 'compare', 'bisect', 'merge', 'record', 'prove', 'qualify', 'doctor', "
           "'completion' "
           "or "
           "'manual'; did you "
           "mean "
           "'run'?"},
          {{"\x1b[2J"},
           "there is no command '\\x1b[2J'; there is 'run', 'boot', 'console', 'plan', 'list', 'build', 'decode', "
           "'triage', "
           "'inspect', 'explain', 'history', 'compare', 'bisect', 'merge', 'record', 'prove', 'qualify', 'doctor', "
           "'completion' "
           "or "
           "'manual'"},
          {{"run", "--matrx", "smoke"}, std::string("'run' has no option '--matrx'; did you mean '--matrix'?") + kHelp},
          {{"run", "--job=2"}, std::string("'run' has no option '--job'; did you mean '--jobs'?") + kHelp},
          {{"boot", "a", "b"}, std::string("The following argument was not expected: b") + kHelp},
          {{"boot"}, std::string("IMAGE is required") + kHelp},
          {{"list", "targts"},
           "there is no list of 'targts'; there is 'images', 'matrices', 'scenarios', 'signatures' or 'targets'; did "
           "you mean 'targets'?"},
          {{"build", "refrence"}, "there is no image 'refrence'; did you mean 'reference'?"},
          {{"run", "--jobs", "0"}, std::string("--jobs: Value 0 not in range 1 to 1024") + kHelp},
          {{"run", "--repeat", "0"}, std::string("--repeat: Value 0 not in range 1 to 100000") + kHelp},
          {{"run", "--shard", "5/4"}, "--shard: '5/4' is not a part such as 2/4"},
          {{"run", "--shard", "0/4"}, "--shard: '0/4' is not a part such as 2/4"},
          {{"run", "--shard", "1/2/3"}, "--shard: '1/2/3' is not a part such as 2/4"},
          {{"run", "--set", "colour", "good/off@virt"}, "--set 'colour' is not of the form name=value"},
          {{"run", "--shuffle=x"}, "--shuffle: 'x' is not a whole number"},
          {{"run", "--timeout-multiplier", "0"},
           std::string("--timeout-multiplier: Value 0 not in range 0.010000 to 1000.000000") + kHelp},
          {{"run", "--junit-flavor", "x"}, std::string("--junit-flavor: x not in {strict,extended}") + kHelp},
      },
      folder.path());
}

TEST(CommandLine, SelectionsThatAreEmptyOrMisspelt) {
  const TestFolder folder;
  fs::create_directories(folder.path() / "empty/scenarios");
  const std::string p = small_project();
  expect_refused(
      {
          {{"run", "--project", p, "-m", "god"}, "there is no matrix 'god'; did you mean 'good'?"},
          {{"plan", "--project", p, "-m", "god"}, "there is no matrix 'god'; did you mean 'good'?"},
          {{"run", "--project", p, "good/of@virt"}, "there is no scenario 'good/of'; did you mean 'good/off'?"},
          {{"run", "--project", p, "good/off@vrit"}, "there is no target 'vrit'; did you mean 'virt'?"},
          {{"run", "--project", p, "good/of"}, "'good/of' matches none of 10 testcases; did you mean 'good/off'?"},
          {{"run", "--project", p, "good/off", "good/of"},
           "'good/of' matches none of 10 testcases; did you mean 'good/off'?"},
          {{"run", "--project", p, "--target", "vrit"},
           "--target: 'vrit' matches none of 10 testcases; did you mean 'virt'?"},
          {{"run", "--project", p, "--tag", "idle"},
           "--tag: 'idle' matches none of 10 testcases; did you mean 'idles'?"},
          {{"run", "--project", p, "bad/*", "--target", "virt*gic*"},
           "the selection is empty: each of its words matches some of 10 testcases, but none matches all of them; "
           "'bootrig plan' lists them"},
          {{"run", "--project", p, "good/off@virt", "--shard", "2/2"},
           "shard 2/2 is empty: only 1 testcase is selected"},
          {{"run", "--project", p, "good/off@virt[gic=4]"}, "virt[gic=4]: gic: found '4'; 2 or 3 is expected"},
          {{"run", "--project", p, "good/off@base/qemu-virt"},
           "'base/qemu-virt' is a base that targets extend; it cannot be run"},
          {{"run", "--project", "@/empty"},
           "there are no testcases: the project has no matrix (scenarios/NAME.matrix.json), and no cell is named "
           "outright (SCENARIO@TARGET)"},
          {{"run", "--project", "@/none"}, "--project: @/none is no folder"},
      },
      folder.path());
}

TEST(CommandLine, ImagesThatCannotBeBooted) {
  const TestFolder folder;
  folder.put("empty", "");
  folder.put("text", "just text");
  std::string elf = text_of("/proc/self/exe").substr(0, 4096);
  folder.put("host.elf", text_of("/proc/self/exe"));
  folder.put("cut.elf", elf.substr(0, 40));
  expect_refused(
      {
          {{"boot", "@/none"}, "@/none: cannot read: No such file or directory"},
          {{"boot", folder.path().string()}, folder.path().string() + ": cannot read: it is a folder"},
          {{"boot", "@/empty"}, "@/empty: is empty"},
          {{"boot", "@/text"}, "@/text: is no ELF; a raw image needs the address it loads at (--load 0x…)"},
#ifdef __x86_64__
          {{"boot", "@/host.elf"}, "@/host.elf: is an ELF for x86-64; AArch64 is needed"},
#endif
          {{"boot", "@/text", "--load", "0x4040000g"},
           "--load: '0x4040000g' is not an address; write hexadecimal with 0x, as in '0x40400000'"},
          {{"boot", "@/text", "--load", "40400000"},
           "--load: '40400000' is not an address; write hexadecimal with 0x, as in '0x40400000'"},
          {{"boot", "@/text", "--load", "0x40400001"},
           "@/text: cannot be entered at 0x40400001: instructions are 4-aligned"},
          {{"boot", "@/text", "--load", "0x40400000", "--timeout", "5"},
           "--timeout: '5' is not a duration; write a number and a unit, as in '500ms', '10s' or '1m30s'"},
          {{"boot", "@/text", "--load", "0x40400000", "--silence", "soon"},
           "--silence: 'soon' is not a duration; write a number and a unit, as in '500ms', '10s' or '1m30s'"},
          {{"boot", "@/text", "--load", "0x40400000", "--expect", "re:("},
           "--expect: 're:(' is no regular expression: missing ): ("},
          {{"boot", "@/text", "--load", "0x40400000", "-t", "vrit"}, "there is no target 'vrit'; did you mean 'virt'?"},
      },
      folder.path());
}

// As root a folder without rights is still writable; one below a file is not.
TEST(CommandLine, OutputThatCannotBeWritten) {
  const TestFolder folder;
  folder.put("file", "x");
  fs::create_directories(folder.path() / "full");
  fs::create_symlink("/dev/full", folder.path() / "full/journal.jsonl");
  const std::string p = small_project();
  expect_refused(
      {
          {{"run", "--project", p, "good/off@virt", "--output", "@/file/out"},
           "@/file/out: cannot make the folder: Not a directory"},
          {{"run", "--project", p, "good/off@virt", "--output", "@/full"},
           "@/full/journal.jsonl: cannot write the journal: No space left on device"},
      },
      folder.path());
  // Reports come last: the terminal has told the results by then.
  const Finished junit =
      bootrig({"run", "--project", p, "good/off@virt", "--output", folder.path() / "out", "--junit", "/dev/full"});
  EXPECT_EQ(junit.code, 2);
  EXPECT_NE(junit.out.find("1 passed in "), std::string::npos) << junit.out;
  EXPECT_EQ(junit.err, "bootrig: /dev/full: cannot write: No space left on device\n");
  if (!html_page()) return;
  const Finished html =
      bootrig({"run", "--project", p, "good/off@virt", "--output", folder.path() / "out", "--html", "/dev/full"});
  EXPECT_EQ(html.code, 2);
  EXPECT_EQ(html.err, "bootrig: /dev/full: cannot write: No space left on device\n");
}

// What the shell makes of "bootrig WORDS REDIRECTION".
Finished redirected(const std::string& words, const std::string& redirection, const fs::path& errors) {
  const std::string script =
      fmt::format("exec {} {} {} 2>{}", build_path("bootrig"), words, redirection, errors.string());
  ForkingLauncher launcher;
  const auto result = run_command(launcher, {.argv = {"sh", "-c", script}, .folder = small_project()},
                                  Deadline::after(SteadyClock().now(), std::chrono::seconds(60)));
  Finished finished;
  if (result) finished = {.code = result->status.code, .out = result->output, .err = text_of(errors)};
  return finished;
}

TEST(CommandLine, StandardOutputThatCannotBeWritten) {
  const TestFolder folder;
  const fs::path errors = folder.path() / "errors";
  for (const std::string words : {"plan", "manual", "list targets", "decode 0x96000010", "--help"}) {
    const Finished full = redirected(words, ">/dev/full", errors);
    EXPECT_EQ(full.code, 2) << words;
    EXPECT_EQ(full.err, "bootrig: standard output: cannot write: No space left on device\n") << words;
    const Finished closed = redirected(words, ">&-", errors);
    EXPECT_EQ(closed.code, 2) << words;
    EXPECT_EQ(closed.err, "bootrig: standard output: cannot write: Bad file descriptor\n") << words;
  }
}

TEST(CommandLine, FilesThatAreWrong) {
  const TestFolder folder;
  const fs::path project = folder.path() / "project";
  copy_project(small_project(), project);
  const auto run = [&](const std::string& cell) {
    return bootrig({"run", "--project", project, "--output", folder.path() / "out", cell}, {}, folder.path());
  };
  const std::string recipe = text_of(project / "images/guest/recipe.json");
  edit(project / "images/guest/recipe.json", "\"flags\": [\"-nostdlib\"", "\"falgs\": [\"-nostdlib\"");
  Finished finished = run("good/off@virt");
  EXPECT_EQ(finished.code, 2);
  EXPECT_TRUE(finished.err.starts_with("bootrig: project/images/guest/recipe.json:/stages/1")) << finished.err;
  EXPECT_NE(finished.err.find("'falgs'"), std::string::npos) << finished.err;
  EXPECT_NE(finished.err.find("did you mean 'flags'?"), std::string::npos) << finished.err;
  folder.put("project/images/guest/recipe.json", recipe);

  edit(project / "scenarios/good/off/scenario.json", "\"20s\"", "\"20\"");
  finished = run("good/off@virt");
  EXPECT_EQ(finished.code, 2);
  EXPECT_EQ(finished.err,
            "bootrig: project/scenarios/good/off/scenario.json:/timeout: '20' is not a duration; write a number and a "
            "unit, as in '500ms', '10s' or '1m30s'\n");
  EXPECT_FALSE(fs::exists(folder.path() / "out")) << "nothing is written before all is read";
}

TEST(CommandLine, AParameterThatNoImageHasIsRefusedBeforeAnythingRuns) {
  const TestFolder folder;
  const fs::path output = folder.path() / "out";
  const Finished finished =
      bootrig({"run", "--project", small_project(), "--output", output, "--set", "flag=red", "good/off@virt"});
  EXPECT_EQ(finished.code, 2) << finished.err;
  EXPECT_TRUE(finished.err.starts_with("bootrig: --set: no image that is asked for has a parameter 'flag'; they have "))
      << finished.err;
  EXPECT_FALSE(fs::exists(output));
}

// What the reports say under "repeat" works, whatever stands in which order.
TEST(CommandLine, RepeatableOptionsLeaveTheSelectionAlone) {
  const Words cells{"good/off@virt[gic=2,level=1]\n"};
  for (const Words& words : std::vector<Words>{{"--matrix", "good", "good/off@virt[gic=2,level=1]"},
                                               {"good/off@virt[level=1,gic=2]"},
                                               {"--set", "a=b", "good/off@virt[gic=2,level=1]"},
                                               {"--tag", "ends", "good/off@virt[gic=2,level=1]"},
                                               {"--shuffle=3", "good/off@virt[gic=2,level=1]"}}) {
    Words all{"run", "--project", small_project(), "--dry-run"};
    all.insert(all.end(), words.begin(), words.end());
    const Finished finished = bootrig(all);
    EXPECT_EQ(finished.code, 0) << finished.err;
    EXPECT_EQ(finished.out, cells[0]) << shell_quote(words);
  }
}

}  // namespace
}  // namespace bootrig
