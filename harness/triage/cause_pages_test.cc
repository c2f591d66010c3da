#include "triage/cause_pages.h"

#include <gtest/gtest.h>

#include "spec/root_causes.h"

namespace bootrig {
namespace {

TEST(CausePages, EveryRootCauseHasOne) {
  std::vector<std::string> names;
  for (const CausePage& page : cause_pages()) names.emplace_back(page.name);
  const auto known = root_cause_names();
  EXPECT_EQ(names, std::vector<std::string>(known.begin(), known.end()));
}

TEST(CausePages, EachSaysWhatWhyHowToConfirmAndHowToMend) {
  for (const CausePage& page : cause_pages()) {
    SCOPED_TRACE(page.name);
    EXPECT_TRUE(page.text.starts_with("What: "));
    std::size_t at = 0;
    for (const std::string_view part : {"\nWhy: ", "\nConfirm: ", "\nMend: "}) {
      const std::size_t found = page.text.find(part, at);
      ASSERT_NE(found, std::string_view::npos) << part;
      at = found;
    }
    EXPECT_TRUE(page.text.ends_with("."));
  }
}

TEST(CausePages, FindsOneByItsName) {
  ASSERT_NE(find_cause_page("hang"), nullptr);
  EXPECT_TRUE(find_cause_page("hang")->text.starts_with("What: a CPU goes round a loop"));
  EXPECT_EQ(find_cause_page("hangs"), nullptr);
  EXPECT_EQ(find_cause_page(""), nullptr);
}

}  // namespace
}  // namespace bootrig
