#include "spec/matrix.h"

#include <gtest/gtest.h>

namespace bootrig {
namespace {

using Words = std::vector<std::string>;

TEST(Matrix, ReadsEveryKey) {
  const auto matrix = parse_matrix("nightly", "m.json", R"({
    "summary": "Every night",
    "entries": [{"scenarios": ["boot/*"], "targets": ["virt"], "tags": ["smoke"],
                 "vary": {"memory": ["2048M", "1G"], "gic": [2, "3"]}}],
    "exclude": [{"scenarios": ["boot/smp"], "where": {"level": [3], "memory": ["1024M"]}, "reason": "no PSCI"}],
    "expect-fail": [{"targets": ["virt"], "where": {"accelerator": ["kvm"]}, "verdict": "error",
                     "cause": "image-build", "root-cause": "hang", "detail": "d", "reason": "why"}],
    "quarantine": [{"scenarios": ["x"], "reason": "flaky", "owner": "ann", "until": "2028-02-29"}]})");
  ASSERT_TRUE(matrix) << to_text(matrix.error());
  EXPECT_EQ(matrix->name, "nightly");
  EXPECT_EQ(matrix->summary, "Every night");
  ASSERT_EQ(matrix->entries.size(), 1u);
  const MatrixEntry& entry = matrix->entries[0];
  EXPECT_EQ(entry.scenarios, Words{"boot/*"});
  EXPECT_EQ(entry.targets, Words{"virt"});
  EXPECT_EQ(entry.tags, Words{"smoke"});
  EXPECT_EQ(entry.place, "m.json:/entries/0");
  ASSERT_EQ(entry.vary.size(), 2u);
  EXPECT_EQ(entry.vary[0], (std::pair<std::string, Words>{"memory", {"2G", "1G"}})) << "the file's order";
  EXPECT_EQ(entry.vary[1], (std::pair<std::string, Words>{"gic", {"2", "3"}}));
  ASSERT_EQ(matrix->exclude.size(), 1u);
  EXPECT_EQ(matrix->exclude[0].condition.scenarios, Words{"boot/smp"});
  EXPECT_EQ(matrix->exclude[0].condition.where, (std::map<std::string, Words>{{"level", {"3"}}, {"memory", {"1G"}}}));
  EXPECT_EQ(matrix->exclude[0].reason, "no PSCI");
  EXPECT_EQ(matrix->exclude[0].place, "m.json:/exclude/0");
  ASSERT_EQ(matrix->expect_fail.size(), 1u);
  EXPECT_EQ(matrix->expect_fail[0].condition.targets, Words{"virt"});
  EXPECT_EQ(matrix->expect_fail[0].expected.cause, "image-build");
  EXPECT_EQ(matrix->expect_fail[0].expected.root_cause, "hang");
  EXPECT_EQ(matrix->expect_fail[0].expected.detail, "d");
  EXPECT_EQ(matrix->expect_fail[0].expected.reason, "why");
  EXPECT_EQ(matrix->expect_fail[0].place, "m.json:/expect-fail/0");
  ASSERT_EQ(matrix->quarantine.size(), 1u);
  EXPECT_EQ(matrix->quarantine[0].owner, "ann");
  EXPECT_EQ(matrix->quarantine[0].reason, "flaky");
  EXPECT_EQ(matrix->quarantine[0].until, "2028-02-29");
  EXPECT_EQ(matrix->quarantine[0].place, "m.json:/quarantine/0");
}

TEST(Matrix, DatesAreThoseOfTheCalendar) {
  const auto accepted = [](const std::string& date) {
    return parse_matrix("m", "m.json",
                        R"({"summary": "s", "entries": [{"scenarios": ["*"], "targets": ["*"]}],
        "quarantine": [{"scenarios": ["x"], "reason": "r", "owner": "o", "until": ")" +
                            date + "\"}]}")
        .has_value();
  };
  for (const char* date : {"2026-12-31", "2028-02-29", "2027-01-01"}) EXPECT_TRUE(accepted(date)) << date;
  for (const char* date : {"2027-02-29", "2027-13-01", "2027-00-10", "2027-1-1", "2027-01-00", "27-01-01",
                           "2027-01-31 ", "2027/01/31", "+027-01-01"}) {
    EXPECT_FALSE(accepted(date)) << date;
  }
}

TEST(Matrix, ItsFileHasAName) {
  const auto matrix = parse_matrix("every night", "every night.matrix.json", "{}");
  ASSERT_FALSE(matrix);
  EXPECT_EQ(to_text(matrix.error()),
            "every night.matrix.json: 'every night' is not a matrix's name; use letters, digits, "
            "'.', '_' and '-', "
            "beginning with a letter or digit");
}

}  // namespace
}  // namespace bootrig
