#include <gtest/gtest.h>

#include "image/ninja_file.h"
#include "image/ninja_run.h"
#include "process/launcher.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

TEST(NinjaFile, WritesAnEdge) {
  const BuildEdge edge{.description = "link a",
                       .command = {"gcc", "-o", "out/a.elf", "b.o"},
                       .output = "out/a.elf",
                       .side_outputs = {"out/a.map"},
                       .inputs = {"b.o", "a.ld"}};
  const std::string text = ninja_text({&edge});
  EXPECT_TRUE(
      text.ends_with("\nbuild out/a.elf | out/a.map: make b.o a.ld\n"
                     "  what = link a\n"
                     "  cmd = gcc -o out/a.elf b.o\n"))
      << text;
  EXPECT_EQ(failed_name(edge), "out/a.elf out/a.map");
}

TEST(NinjaFile, QuotesForNinjaAndForTheShell) {
  const BuildEdge edge{.description = "a $b",
                       .command = {"gcc", "it's $HOME", "a b.c"},
                       .output = "o$ut",
                       .inputs = {"a b:c|d.c"},
                       .depfile = "o$ut.d"};
  EXPECT_TRUE(
      ninja_text({&edge}).ends_with("\nbuild o$$ut: compile a$ b$:c${pipe}d.c\n"
                                    "  what = a $$b\n"
                                    "  dep = o$$ut.d\n"
                                    "  cmd = gcc 'it'\\''s $$HOME' 'a b.c'\n"));
}

TEST(NinjaFile, PutsLongCommandsIntoAResponseFile) {
  BuildEdge edge{.command = {"bootrig", "stage", "cpio"}, .kept_words = 3, .output = "x.cpio"};
  edge.command.push_back("$a b");
  edge.command.insert(edge.command.end(), 7000, "name=file");
  const std::string text = ninja_text({&edge});
  EXPECT_NE(text.find("  cmd = bootrig stage cpio @x.cpio.arguments\n  rspfile = x.cpio.arguments\n"
                      "  rspfile_content = '$$a b' name=file name=file"),
            std::string::npos);
}

struct Heard {
  std::vector<std::string> progress;
  NinjaRun run;
};

// Feeds the text in pieces of `size` bytes.
Heard hear(std::string_view text, std::size_t size) {
  Heard heard;
  const BuildProgress progress = [&](int done, int total, const std::string& what) {
    heard.progress.push_back(std::to_string(done) + " of " + std::to_string(total) + ": " + what);
  };
  NinjaOutput output(progress);
  for (std::size_t at = 0; at < text.size(); at += size) output.feed(text.substr(at, size));
  output.finish(heard.run);
  return heard;
}

constexpr std::string_view kOutput =
    "[bootrig 1/4] compile a.c\n"
    "a.c:1:1: warning: w\n"
    "[bootrig 2/4] compile b.c\n"
    "FAILED: out/b.o \n"
    "gcc -c b.c\n"
    "b.c: In function 'main':\n"
    "b.c:3:5: error: 'x' undeclared\n"
    "[bootrig 3/4] compile c.c\n"
    "FAILED: out/c.elf out/c.map \n"
    "gcc c.o\n"
    "ninja: build stopped: cannot make progress due to previous errors.\n";

TEST(NinjaOutput, FindsProgressAndFailuresHoweverItIsSplit) {
  for (const std::size_t size : {1, 2, 7, 1000}) {
    const Heard heard = hear(kOutput, size);
    EXPECT_EQ(heard.progress,
              (std::vector<std::string>{"1 of 4: compile a.c", "2 of 4: compile b.c", "3 of 4: compile c.c"}));
    ASSERT_EQ(heard.run.failures.size(), 2u);
    EXPECT_EQ(heard.run.failures[0].outputs, "out/b.o");
    EXPECT_EQ(heard.run.failures[0].log, "gcc -c b.c\nb.c: In function 'main':\nb.c:3:5: error: 'x' undeclared\n");
    EXPECT_EQ(heard.run.failures[1].outputs, "out/c.elf out/c.map");
    EXPECT_EQ(heard.run.last_words,
              "a.c:1:1: warning: w\nninja: build stopped: cannot make progress due to previous errors.");
  }
}

TEST(NinjaOutput, KeepsALimitedLog) {
  std::string text = "FAILED: x \ngcc\n";
  for (int i = 0; i < 20000; ++i) text += "0123456789\n";
  const Heard heard = hear(text, 4096);
  EXPECT_EQ(heard.run.failures.at(0).log.size(), 64u * 1024);
}

TEST(NinjaOutput, SurvivesOddLines) {
  const Heard heard = hear("[bootrig ] x\n[bootrig 1/] y\n[bootrig 9999999999/2] z\n[bootrig\nFAILED: ", 3);
  EXPECT_EQ(heard.run.failures.size(), 1u);
}

TEST(RunNinja, GivesNinjasOwnWords) {
  const TestFolder folder;
  folder.put("build.ninja", "build x: nothing\n");
  ForkingLauncher launcher;
  const NinjaRun run = run_ninja(launcher, folder.path(), {.jobs = 1, .limit = std::chrono::minutes(1)}).value();
  EXPECT_EQ(run.status.code, 1);
  EXPECT_TRUE(run.failures.empty());
  EXPECT_TRUE(run.last_words.starts_with("ninja: error: build.ninja:1: unknown build rule 'nothing'"))
      << run.last_words;
}

TEST(RunNinja, EndsWhatTakesTooLong) {
  const TestFolder folder;
  const BuildEdge edge{.description = "wait", .command = {"sleep", "600"}, .output = "x"};
  folder.put("build.ninja", ninja_text({&edge}));
  ForkingLauncher launcher;
  const NinjaRun run = run_ninja(launcher, folder.path(), {.jobs = 1}).value();
  EXPECT_TRUE(run.timed_out);
}

TEST(NinjaLook, SaysWhetherThereIsWork) {
  TestFolder folder;
  ForkingLauncher launcher;
  const auto nothing_to_do = [&] { return NinjaLook(launcher, folder.path(), -1).nothing_to_do(); };
  EXPECT_FALSE(nothing_to_do()) << "without a build.ninja nothing is known";
  const BuildEdge edge{.description = "copy", .command = {"cp", "a", "x"}, .output = "x", .inputs = {"a"}};
  folder.put("a", "one");
  folder.put("build.ninja", ninja_text({&edge}));
  EXPECT_FALSE(nothing_to_do());
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "x")) << "it only looks";
  ASSERT_EQ(run_ninja(launcher, folder.path(), {.limit = std::chrono::minutes(1)})->status.code, 0);
  EXPECT_TRUE(nothing_to_do());
  std::filesystem::remove(folder.path() / "a");
  EXPECT_FALSE(nothing_to_do());
}

TEST(FirstErrorLine, IsWhatThePersonNeeds) {
  EXPECT_EQ(first_error_line("gcc -DX='error: no'\nIn file included from a.c:1:\na.h:2:3: error: expected ';'\n"),
            "a.h:2:3: error: expected ';'");
  EXPECT_EQ(first_error_line("gcc\nx.S: Assembler messages:\nx.S:5: Error: unknown mnemonic `foo'\n"),
            "x.S:5: Error: unknown mnemonic `foo'");
  EXPECT_EQ(first_error_line("gcc\nld: a.o: in function `main':\na.c:3: undefined reference to `f'\n"
                             "collect2: error: ld returned 1 exit status\n"),
            "a.c:3: undefined reference to `f'");
  EXPECT_EQ(first_error_line("gcc\n\nKilled\n"), "Killed");
  EXPECT_EQ(first_error_line("gcc\n"), "the command failed and printed nothing");
  EXPECT_EQ(first_error_line(""), "the command failed and printed nothing");
}

TEST(ProgramExists, LooksInPathOrAtThePath) {
  EXPECT_TRUE(program_exists("sh"));
  EXPECT_TRUE(program_exists("/bin/sh"));
  EXPECT_FALSE(program_exists("/etc/passwd"));
  EXPECT_FALSE(program_exists("/bin"));
  EXPECT_FALSE(program_exists("no-such-program-gcc"));
}

}  // namespace
}  // namespace bootrig
