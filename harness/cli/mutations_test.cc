// Test of the tests: what is altered, in a transcript, in a source or in a recipe, fails in exactly the cells that it
// touches, and the console says what was expected and what came.
#include <algorithm>
#include <functional>
#include <set>

#include "base/text.h"
#include "cli/program_test.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

// 12 cells of the images that come with bootrig.
constexpr const char* kMatrix = R"({ "summary": "Twelve cells",
  "entries": [ { "scenarios": ["boot/hello", "boot/power-off"], "targets": ["virt"],
                 "vary": { "level": [1, 2], "gic": [2, 3] } },
               { "scenarios": ["boot/user-yield", "boot/reset", "boot/noise", "boot/probe"], "targets": ["virt"] } ] })";

// The project's own matrices name scenarios and targets that are not copied.
void make_project(const TestFolder& folder) {
  copy_project(source_path(), folder.path() / "project");
  for (const char* name : {"smoke", "nightly", "sel4"})
    fs::remove(folder.path() / "project/scenarios" / (std::string(name) + ".matrix.json"));
  folder.put("project/scenarios/twelve.matrix.json", kMatrix);
}

// An alteration of one file, the scenarios whose cells it touches, and what the report must quote.
struct Mutation {
  const char* name;
  const char* file;                                      // below the project
  std::function<void(std::vector<std::string>&)> alter;  // the file's lines
  std::set<std::string> touched;
  // What the console says about it. Behind a line "..." nothing is refused at once, as it may let more lines pass: then
  // what came stands among the console's last lines.
  const char* expected;
  const char* seen;
};

std::vector<std::string>::iterator line_with(std::vector<std::string>& lines, const std::string& part) {
  const auto found = std::ranges::find_if(lines, [&](const auto& line) { return line.find(part) != line.npos; });
  EXPECT_NE(found, lines.end()) << part;
  return found;
}

auto replace(const std::string& from, const std::string& to) {
  return [=](std::vector<std::string>& lines) {
    const auto line = line_with(lines, from);
    line->replace(line->find(from), from.size(), to);
  };
}

const std::set<std::string> kReference{"boot/hello", "boot/power-off", "boot/user-yield", "boot/reset", "boot/noise"};

std::vector<Mutation> transcript_mutations() {
  const char* hello = "scenarios/boot/hello/expected.transcript";
  const char* yield = "scenarios/boot/user-yield/expected.transcript";
  return {
      {"the first line",
       hello,
       replace("loader: entered at", "loader: was entered at"),
       {"boot/hello"},
       "expected   'bootrig loader: was entered at EL{{dec:entry}}'",
       "seen       'bootrig loader: entered at EL"},
      {"a middle line",
       hello,
       replace("10 timer interrupts", "11 timer interrupts"),
       {"boot/hello"},
       "expected   'bootrig kernel: 11 timer interrupts taken'",
       "seen       'bootrig kernel: 10 timer interrupts taken'"},
      {"the last line",
       "scenarios/boot/probe/expected.transcript",
       replace("probe: idle", "probe: idles"),
       {"boot/probe"},
       "expected   'bootrig probe: idles'",
       "seen       'bootrig probe: idle'"},
      {"a line dropped",
       yield,
       [](auto& lines) { lines.erase(line_with(lines, "10 timer interrupts")); },
       {"boot/user-yield"},
       "expected   'bootrig kernel: {{re:(PSCI",
       "seen       'bootrig kernel: 10 timer interrupts taken'"},
      {"two lines swapped",
       "scenarios/boot/power-off/expected.transcript",
       [](auto& lines) { std::iter_swap(line_with(lines, "user: hello"), line_with(lines, "asks for power-off")); },
       {"boot/power-off"},
       "expected   'bootrig user: asks for power-off'",
       "seen       'bootrig user: hello'"},
      {"a line added",
       "scenarios/boot/reset/expected.transcript",
       [](auto& lines) { lines.insert(line_with(lines, "user: hello"), "bootrig user: good morning"); },
       {"boot/reset"},
       "expected   'bootrig user: good morning'",
       " | bootrig user: hello"},
  };
}

std::vector<Mutation> image_mutations() {
  return {
      {"a word in the kernel",
       "images/reference/kernel/main.c",
       replace("keeps what is written\"", "keeps what is writ\""),
       {"boot/hello", "boot/power-off", "boot/user-yield", "boot/reset"},
       "expected   'bootrig kernel: the last word of memory keeps what is written'",
       "seen       'bootrig kernel: the last word of memory keeps what is writ'"},
      {"a word in the probe",
       "images/probe/main.c",
       replace("probe: EL", "probe: el"),
       {"boot/probe"},
       "expected   'bootrig probe: EL{{re:[123]}}, MIDR {{hex:midr}}'",
       "seen       'bootrig probe: el1, MIDR 0x"},
      {"the recipe's ending",
       "images/reference/recipe.json",
       replace("\"set\": { \"ending\": \"idle\" }", "\"set\": { \"ending\": \"power-off\" }"),
       {"boot/hello"},
       "expected   'bootrig user: idle'",
       "24 | bootrig user: asks for power-off"},
      {"the loader's tables",
       "images/reference/recipe.json",
       replace("\"set\": { \"ending\": \"yield\" }", "\"set\": { \"ending\": \"yield\", \"fault\": \"empty-window\" }"),
       {"boot/user-yield"},
       "exception: bootrig-loader-exception at line 14",
       "bootrig loader: EXCEPTION Synchronous"},
  };
}

class Mutations : public ::testing::Test {
 protected:
  Mutations() {
    make_project(folder_);
    const Finished green = run();
    EXPECT_EQ(green.code, 0) << green.out << green.err;
    EXPECT_EQ(report_of(folder_.path() / "run").rows.size(), 12u);
  }

  Finished run() {
    return bootrig({"run", "--project", folder_.path() / "project", "--output", folder_.path() / "run", "-m", "twelve"},
                   {"COLUMNS=200"});
  }

  void expect_caught(const Mutation& mutation) {
    SCOPED_TRACE(mutation.name);
    const fs::path file = folder_.path() / "project" / mutation.file;
    const std::string before = text_of(file);
    std::vector<std::string> lines;
    for (const std::string_view line : split_lines(before)) lines.emplace_back(line);
    mutation.alter(lines);
    std::string after;
    for (const std::string& line : lines) after += line + "\n";
    ASSERT_NE(after, before);
    ASSERT_TRUE(write_file(file, after));

    const Finished finished = run();
    ASSERT_TRUE(write_file(file, before));
    EXPECT_EQ(finished.code, 1) << finished.out << finished.err;
    const Report report = report_of(folder_.path() / "run");
    EXPECT_EQ(report.rows.size(), 12u);
    for (const Row& row : report.rows) {
      const bool touched = mutation.touched.contains(row.id.substr(0, row.id.find('@')));
      EXPECT_EQ(row.standing, touched ? "fail" : "pass") << row.id << " " << row.detail;
    }
    EXPECT_NE(finished.out.find(mutation.expected), std::string::npos) << finished.out;
    EXPECT_NE(finished.out.find(mutation.seen), std::string::npos) << finished.out;
  }

  TestFolder folder_;
};

TEST_F(Mutations, OfTranscripts) {
  for (const Mutation& mutation : transcript_mutations()) expect_caught(mutation);
}

TEST_F(Mutations, OfImages) {
  for (const Mutation& mutation : image_mutations()) expect_caught(mutation);
  EXPECT_EQ(run().code, 0) << "what was altered is as it was";
}

class BrokenSource : public ::testing::Test {
 protected:
  BrokenSource() {
    copy_project(small_project(), project_);
    edit(project_ / "images/guest/guest.c", "void guest_main(void) {", "void guest_main(void) {\n  nonsense;");
  }
  Finished run(const std::string& cell) {
    return bootrig({"run", "--project", project_, "--output", folder_.path() / "run", cell}, {"COLUMNS=200"});
  }

  TestFolder folder_;
  fs::path project_ = folder_.path() / "project";
};

TEST_F(BrokenSource, IsAnErrorWithTheCompilersLine) {
  const std::string line = "images/guest/guest.c:25:3: error: 'nonsense' undeclared";
  const Finished finished = run("good/idle@virt");
  EXPECT_EQ(finished.code, 1) << finished.err;
  EXPECT_NE(finished.out.find("ERROR good/idle@virt  error: image-build"), std::string::npos) << finished.out;
  EXPECT_NE(finished.out.find(line), std::string::npos) << finished.out;
  const Row row = report_of(folder_.path() / "run").row("good/idle@virt");
  EXPECT_EQ(row.kind, "error");
  EXPECT_EQ(row.cause, "image-build");
  EXPECT_EQ(row.detail.substr(0, line.size()), line);
  const auto errors = xpath(folder_.path() / "run/junit.xml", "//testcase/error[@type='image-build']/@message");
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].substr(0, line.size()), line);
}

// Who expects a failure of the guest does not get it from an image that is not there.
TEST_F(BrokenSource, IsNoExpectedFailure) {
  edit(project_ / "scenarios/bad/fourth/scenario.json", "\"ending\"",
       R"("expect-fail": { "verdict": "fail", "cause": "exception", "reason": "a test" }, "ending")");
  const Finished finished = run("bad/fourth@virt");
  EXPECT_EQ(finished.code, 1) << finished.err;
  const Row row = report_of(folder_.path() / "run").row("bad/fourth@virt");
  EXPECT_EQ(row.standing, "wrong-failure");
  EXPECT_EQ(row.cause, "image-build");
  EXPECT_NE(finished.out.find("guest.c:25:3: error:"), std::string::npos) << finished.out;
}

}  // namespace
}  // namespace bootrig
