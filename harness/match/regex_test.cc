#include "match/regex.h"

#include <gtest/gtest.h>

#include "match/watch.h"

namespace bootrig::match {
namespace {

Regex regex(std::string_view pattern) {
  return std::move(Regex::compile(pattern)).value();
}

TEST(Regex, EarliestEndIsThatOfTheShortestMatch) {
  EXPECT_EQ(regex("a+").earliest_end("xxaaa", 0, false, false), 3u);
  EXPECT_EQ(regex("a+b").earliest_end("xxaaab", 0, false, true), 6u);
  EXPECT_EQ(regex("a").earliest_end("aba", 1, false, false), 3u);
  EXPECT_EQ(regex("a").earliest_end("ba", 0, true, true), std::nullopt);
  EXPECT_EQ(regex("x*").earliest_end("", 0, false, false), 0u);
}

TEST(Regex, WhatDependsOnTheNextByteWaitsForIt) {
  EXPECT_EQ(regex("foo$").earliest_end("foo", 0, false, false), std::nullopt);
  EXPECT_EQ(regex("foo$").earliest_end("foo", 0, false, true), 3u);
  EXPECT_EQ(regex("(?m)foo$").earliest_end("foo", 0, false, false), std::nullopt);
  EXPECT_EQ(regex("foo\\b").earliest_end("foo", 0, false, false), std::nullopt);
  EXPECT_EQ(regex("foo\\b").earliest_end("foo bar", 0, false, false), 3u);
  EXPECT_EQ(regex("foo\\B").earliest_end("foo", 0, false, false), std::nullopt);
  EXPECT_EQ(regex("foo\\B").earliest_end("foob", 0, false, false), 3u);
  EXPECT_EQ(regex("foo(?:$|\\b|\\B)").earliest_end("foo", 0, false, false), 3u);
}

TEST(Regex, TheLinesBeginningIsNotWhereASearchBegins) {
  EXPECT_EQ(regex("^b").earliest_end("ab", 1, false, true), std::nullopt);
  EXPECT_EQ(regex("\\bb").earliest_end("ab", 1, false, true), std::nullopt);
}

TEST(Regex, BytesAreBytes) {
  EXPECT_TRUE(regex("a.b").found_in(std::string_view("a\0b", 3)));
  EXPECT_TRUE(regex("^.$").found_in("\xff"));
  EXPECT_TRUE(regex(Regex::quote(std::string_view("\0\xc3(", 3))).found_in(std::string_view("x\0\xc3(y", 5)));
}

// Every line in which a pattern matches must be found in a run, with and without '\r'.
TEST(RunExpression, FindsWhatTheLineHolds) {
  const struct {
    const char* pattern;
    const char* line;
  } cases[] = {
      {"^boot", "boot"},
      {"end$", "the end"},
      {"^$", ""},
      {"a[$]b", "a$b"},
      {"[]$]x$", "$x"},
      {"[^]$]x$", "ax"},
      {"[[:alpha:]$]+$", "ab$"},
      {"\\$ok$", "$ok"},
      {"\\Aboot\\z", "boot"},
      {"(?-m)^boot$", "boot"},
      {"(?i-m:^BOOT$)", "boot"},
      {"\\Qa$\\E", "a$"},
      {"\\bend\\b", "the end"},
      {"a|b$", "b"},
      {"(?:x$)*y?$", ""},
      {"[\\]$]$", "]"},
      {"(?s)a.*c$", "abc"},
      {"end$|^start", "start"},
  };
  for (const auto& c : cases) {
    EXPECT_TRUE(regex(c.pattern).found_in(c.line)) << c.pattern;
    const auto run = Regex::compile(as_run_expression(c.pattern), Regex::Scope::kRun);
    ASSERT_TRUE(run) << c.pattern;
    for (const char* ending : {"\n", "\r\n", "\r\r\n"}) {
      const std::string first = std::string("zzz") + ending;
      const auto found = run->find(first + c.line + ending + "zzz", 0);
      ASSERT_TRUE(found) << c.pattern;
      EXPECT_LE(*found, first.size() + std::string_view(c.line).size()) << c.pattern;
    }
  }
}

TEST(RunExpression, NeverMatchesAcrossLines) {
  const auto run = Regex::compile(as_run_expression("a[^x]+b|c\\sd|e\\nf"), Regex::Scope::kRun);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->find("a\nb\nc\nd\ne\nf", 0), std::nullopt);
  EXPECT_EQ(run->find("a\nb\nc d", 0), 4u);
}

}  // namespace
}  // namespace bootrig::match
