#include "cli/command_test.h"

namespace bootrig {
namespace {

TEST(Explain, OnePage) {
  const Said said = say({"explain", "table-not-linked"});
  EXPECT_EQ(said.status, 0);
  EXPECT_TRUE(said.output.starts_with("table-not-linked\n\nWhat: a table of the walk has no entry")) << said.output;
  EXPECT_NE(said.output.find("\nMend: write the value that the diagnosis gives"), std::string::npos) << said.output;
}

TEST(Explain, ListsThemAll) {
  const Said said = say({"explain"});
  EXPECT_EQ(said.status, 0);
  EXPECT_TRUE(said.output.starts_with("access-flag-clear           an address that one of the image's files occupies "))
      << said.output;
  EXPECT_NE(
      said.output.find("\nwrong-output-address        a descriptor is valid, but leads elsewhere than to the file "
                       "that is linked at that address\n"),
      std::string::npos)
      << said.output;
}

TEST(Explain, SaysWhichIsNone) {
  const Said said = say({"explain", "table-not-linkd"});
  EXPECT_EQ(said.status, 2);
  EXPECT_EQ(said.error,
            "bootrig: there is no root cause 'table-not-linkd' ('bootrig explain' lists them); did you mean "
            "'table-not-linked'?\n");
}

}  // namespace
}  // namespace bootrig
