// One image, two machines that differ in one thing: the console differs in the lines about it, and in no other.
#include <algorithm>
#include <iterator>
#include <ostream>
#include <set>

#include "base/text.h"
#include "cli/program_test.h"

namespace bootrig {
namespace {

struct Axis {
  const char* name;
  const char* other;                  // the cell that differs from boot/power-off@virt
  std::vector<std::string> prefixes;  // of the lines that report the axis; each must differ
};

void PrintTo(const Axis& axis, std::ostream* out) {
  *out << axis.other;
}

std::vector<Axis> axes() {
  return {
      {"Level",
       "virt[level=2]",
       {"bootrig loader: entered at EL", "bootrig loader: goes on at EL", "bootrig loader: TTBR0_EL",
        "bootrig loader: kernel window ", "bootrig kernel: entered at EL", "bootrig kernel: PSCI ",
        "bootrig kernel: user thread at EL0 by stage "}},
      {"Gic", "virt[gic=3]", {"bootrig kernel: GICv"}},
      {"Memory", "virt[memory=2G]", {"bootrig kernel: memory "}},
      {"Cpus", "virt[cpus=2]", {"bootrig kernel: cpu 1 runs", "bootrig kernel: 1 of 1 ", "bootrig kernel: 2 of 2 "}},
      {"Cpu", "virt[cpu=cortex-a72]", {"bootrig loader: cpu MIDR "}},
  };
}

// The lines of one transcript that stand not in the other.
std::vector<std::string> lines_missing_in(const std::string& other, const std::string& text) {
  const auto others = split_lines(other);
  std::vector<std::string> missing;
  for (const std::string_view line : split_lines(text)) {
    if (std::ranges::find(others, line) == others.end()) missing.emplace_back(trim(line));
  }
  return missing;
}

class Axes : public ::testing::TestWithParam<Axis> {};

TEST_P(Axes, ChangesItsOwnLinesAlone) {
  const TestFolder folder;
  const std::string base_id = "boot/power-off@virt";
  const std::string other_id = std::string("boot/power-off@") + GetParam().other;
  const Finished run = bootrig({"run", base_id, other_id, "--output", folder.path()});
  ASSERT_EQ(run.code, 0) << run.out << run.err;
  const Report report = report_of(folder.path());
  const Row base = report.row(base_id), other = report.row(other_id);
  EXPECT_EQ(base.sha256, other.sha256);
  ASSERT_EQ(base.sha256.size(), 64u);
  const std::string base_text = text_of(base.folders.at(0) + "/transcript.raw");
  const std::string other_text = text_of(other.folders.at(0) + "/transcript.raw");

  std::vector<std::string> differing = lines_missing_in(other_text, base_text);
  std::ranges::copy(lines_missing_in(base_text, other_text), std::back_inserter(differing));
  std::set<std::string> reported;
  for (const std::string& line : differing) {
    const auto prefix =
        std::ranges::find_if(GetParam().prefixes, [&](const std::string& start) { return line.starts_with(start); });
    EXPECT_NE(prefix, GetParam().prefixes.end()) << "a line that has nothing to do with it: " << line;
    if (prefix != GetParam().prefixes.end()) reported.insert(*prefix);
  }
  EXPECT_EQ(reported.size(), GetParam().prefixes.size()) << ::testing::PrintToString(differing);

  // What is the same stands in the same order.
  const auto common = [&](const std::string& text) {
    std::vector<std::string> lines;
    for (const std::string_view line : split_lines(text)) {
      if (std::ranges::find(differing, trim(line)) == differing.end()) lines.emplace_back(line);
    }
    return lines;
  };
  EXPECT_EQ(common(base_text), common(other_text));
  EXPECT_GE(common(base_text).size(), 18u);
}

INSTANTIATE_TEST_SUITE_P(Each, Axes, ::testing::ValuesIn(axes()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace bootrig
