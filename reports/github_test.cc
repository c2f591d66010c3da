#include "reports/github.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "base/file.h"
#include "base/text.h"
#include "reports/samples_test.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

constexpr const char* kToken = "0123456789abcdef";

// What GitHub's runner obeys in an output: lines that begin with "::" behind blanks, or that hold "##[" anywhere; while
// commands are stopped, the token's alone (actions/runner, ActionCommand.cs and ActionCommandManager.cs). "\r" ends a
// line, too.
std::vector<std::string> obeyed(const std::string& output) {
  std::vector<std::string> commands;
  std::string stopped;
  std::string lines = output;
  std::ranges::replace(lines, '\r', '\n');
  for (const std::string_view line : split_lines(lines)) {
    const std::string command(trim(line));
    if (!stopped.empty()) {
      if (command == "::" + stopped + "::") stopped.clear();
    } else if (command.starts_with("::stop-commands::")) {
      stopped = command.substr(std::string_view("::stop-commands::").size());
    } else if (command.starts_with("::") || command.find("##[") != std::string::npos) {
      commands.push_back(command);
    }
  }
  EXPECT_EQ(stopped, "");
  return commands;
}

struct Told {
  std::string output, summary;
  std::vector<std::string> commands() const { return obeyed(output); }
  std::vector<std::string> errors() const {
    std::vector<std::string> found = commands();
    std::erase_if(found, [](const std::string& command) { return !command.starts_with("::error "); });
    return found;
  }
};

Told told(const std::vector<RunResult>& results, std::size_t missing = 0, const std::string& before = "",
          std::uint64_t limit = 1'000'000) {
  const TestFolder folder;
  const auto summary = folder.put("summary.md", before);
  char* bytes = nullptr;
  std::size_t size = 0;
  std::FILE* file = ::open_memstream(&bytes, &size);
  {
    GithubReporter reporter({file, summary, "/project", "", kToken, limit});
    const auto reported = report(reporter, results, missing);
    EXPECT_TRUE(reported) << to_text(reported.error());
  }
  std::fclose(file);
  Told all{std::string(bytes, size), read_file(summary).value()};
  std::free(bytes);
  return all;
}

// A failure of its own, whose guest says these bytes wherever a guest's bytes are told.
RunResult saying(const std::string& bytes, std::size_t number = 0) {
  RunResult result = exception_sample();
  result.scenario = fmt::format("boot/x{}", number);
  result.id = result.scenario + "@virt[gic=3]";
  result.verdict.detail = fmt::format("linux-panic at line 7: '{}'", bytes);
  result.attempts[0].outcome.hit->line.text = bytes;
  result.transcript = {.head = "begin\n" + bytes + "\nend\n", .cut = 0, .tail = ""};
  return result;
}

std::size_t count_of(std::string_view text, std::string_view piece) {
  std::size_t count = 0;
  for (std::size_t at = text.find(piece); at != std::string_view::npos; at = text.find(piece, at + 1)) ++count;
  return count;
}

// A row's cells: '|' that no backslash stands before divides them.
std::size_t cells_of(std::string_view row) {
  std::size_t bars = 0;
  for (std::size_t i = 0; i < row.size(); ++i) bars += row[i] == '|' && (i == 0 || row[i - 1] != '\\');
  return bars - 1;
}

TEST(Github, IsAsApproved) {
  const Told all = told(sample_results(), 1);
  expect_approved("github.txt", all.output);
  expect_approved("github-summary.md", all.summary);
}

TEST(Github, AnnotatesEachDifferentFailureAtItsExpectation) {
  const auto errors = told({diverged_sample("2"), diverged_sample("3"), build_error_sample("boot/user", "2")}).errors();
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_TRUE(
      errors[0].starts_with("::error file=scenarios/boot/hello/expected.transcript,line=3,"
                            "title=boot/hello@virt[gic=2]%3A failed%3A unexpected-output::scenarios/"))
      << errors[0];
  EXPECT_NE(errors[0].find("%0Atestcases: boot/hello@virt[gic=2], boot/hello@virt[gic=3]%0Arepeat: "),
            std::string::npos)
      << errors[0];
  EXPECT_TRUE(errors[1].starts_with("::error file=/project/scenarios/boot/user/scenario.json,line=1,")) << errors[1];
}

TEST(Github, TellsTenErrorsAndCountsTheRest) {
  std::vector<RunResult> results;
  for (std::size_t i = 0; i < 10; ++i) results.push_back(saying("oops", i));
  EXPECT_EQ(told(results).errors().size(), 10u);
  for (std::size_t i = 10; i < 300; ++i) results.push_back(saying("oops", i));
  const Told all = told(results);
  ASSERT_EQ(all.errors().size(), 10u);
  EXPECT_EQ(all.errors().back(),
            "::error title=further failures::291 more testcases failed otherwise; the summary and the reports tell");
  EXPECT_NE(all.summary.find("\n100 more testcases failed; report.json has them.\n"), std::string::npos);
  EXPECT_EQ(told(results, 3).errors().size(), 10u);
  EXPECT_EQ(told(results, 3).errors().front(),
            "::error title=the run is not whole::3 of 303 planned testcases have no result");
}

TEST(Github, APassTellsItsTotalsAlone) {
  const Told all = told({passed_sample("boot/memory", "2")});
  EXPECT_TRUE(all.commands().empty());
  EXPECT_EQ(all.summary, "\n## bootrig: nightly\n\n**1 passed**\n\n");
}

TEST(Github, WhatTheTerminalPrintsMeanwhileIsNotObeyed) {
  const std::string output = told({passed_sample("boot/memory", "2")}).output;
  EXPECT_EQ(output, fmt::format("::stop-commands::{0}\n::{0}::\n", kToken));
}

const std::string kHostile[] = {
    "::error::x",
    "\r::error::x",
    "x\n::add-mask::secret\ny",
    "##[error]x",
    "::stop-commands::y",
    "::endgroup::",
    "%0A::error::x",
    "</pre></details><script>alert(1)</script>",
    "<!-- ",
    "| a | b |\n|---|---|",
    "\\| `x` ``` ~~~ ![a](http://evil) [b](javascript:x) <b>",
    "@everyone #1 https://evil.example www.evil.example",
    std::string("\0\x1b[2J\x1b]0;t\a\xff\xfe", 14),
    "\xe2\x80\xae reversed \xe2\x80\xa8 line",
};

void expect_no_commands(const std::string& bytes, const Told& all) {
  static const std::vector<std::string> harmless = told({saying("harmless")}).commands();
  ASSERT_EQ(harmless.size(), 3u);  // the annotation, a group and its end
  const auto commands = all.commands();
  ASSERT_EQ(commands.size(), 3u) << printable(bytes);
  EXPECT_TRUE(commands[0].starts_with("::error file=")) << commands[0];
  EXPECT_EQ(commands[1], harmless[1]);
  EXPECT_EQ(commands[2], harmless[2]);
}

void expect_whole_summary(const std::string& summary) {
  EXPECT_EQ(count_of(summary, "<pre>"), 1u) << summary;
  EXPECT_EQ(count_of(summary, "</pre>\n\n</details>\n"), 1u) << summary;
  // "<details>", "<summary>", "<pre>" and their ends, and nothing else that Markdown or HTML would take for a tag.
  EXPECT_EQ(count_of(summary, "<") - count_of(summary, "\\<"), 6u) << summary;
  std::size_t rows = 0;
  for (const std::string_view line : split_lines(summary)) {
    if (!line.starts_with("| boot/x0")) continue;
    ++rows;
    EXPECT_EQ(cells_of(line), 4u) << line;
  }
  EXPECT_EQ(rows, 1u) << summary;
  EXPECT_EQ(scrub_utf8(summary), summary);
  EXPECT_TRUE(std::ranges::none_of(summary, [](char c) { return (c >= 0 && c < ' ' && c != '\n') || c == 0x7f; }));
}

TEST(Github, AGuestGivesNoCommandsAndStaysInItsPlace) {
  for (const std::string& bytes : kHostile) {
    const Told all = told({saying(bytes)});
    expect_no_commands(bytes, all);
    expect_whole_summary(all.summary);
  }
}

TEST(Github, NorDoesOneThatSaysAnything) {
  const std::vector<std::string> pieces{
      "::", "error",  "\n",   "\r",  " ",       "##[",   "]",       "stop-commands", kToken + 1, "<",
      ">",  "</pre>", "|",    "\\",  "`",       "```\n", "\xff",    "\xe2\x80",      "%0A",      "&",
      "*",  "~~~",    "<!--", "-->", "\x1b[0m", "@x",    "https://"};
  std::mt19937 random(7);
  for (int i = 0; i < 100; ++i) {
    std::string bytes;
    for (std::size_t left = random() % 30; left > 0; --left) bytes += pieces[random() % pieces.size()];
    const Told all = told({saying(bytes)});
    expect_no_commands(bytes, all);
    expect_whole_summary(all.summary);
  }
}

TEST(Github, TheSummaryStaysBelowItsLimit) {
  std::vector<RunResult> results;
  for (std::size_t i = 0; i < 150; ++i) {
    results.push_back(saying(std::string(20'000, '<'), i));
    results.back().transcript.head = std::string(200'000, '&');
  }
  const Told all = told(results, 0, std::string(300'000, 'x'));
  EXPECT_LE(all.summary.size(), 1'000'000u);
  EXPECT_GT(all.summary.size(), 800'000u);
  EXPECT_NE(all.summary.find(" more transcripts are in the run's folder."), std::string::npos);
  EXPECT_EQ(count_of(all.summary, "<details>"), count_of(all.summary, "</details>"));
  // A file that is full already gets nothing.
  EXPECT_EQ(told(results, 0, std::string(1'000'000, 'x')).summary.size(), 1'000'000u);
}

TEST(Github, ASummaryThatCannotBeWrittenIsAnError) {
  char* bytes = nullptr;
  std::size_t size = 0;
  std::FILE* file = ::open_memstream(&bytes, &size);
  GithubReporter reporter({file, "/dev/full", "/project", "", kToken});
  const auto reported = report(reporter, {diverged_sample("2")});
  std::fclose(file);
  std::free(bytes);
  ASSERT_FALSE(reported);
  EXPECT_EQ(to_text(reported.error()), "/dev/full: cannot write: No space left on device");
}

TEST(RandomToken, IsNeverTheSame) {
  const std::string token = random_token().value();
  EXPECT_EQ(token.size(), 32u);
  EXPECT_NE(token, random_token().value());
}

}  // namespace
}  // namespace bootrig
