#include "base/text.h"

#include <gtest/gtest.h>

namespace bootrig {
namespace {

using namespace std::chrono_literals;

TEST(Duration, Parses) {
  EXPECT_EQ(parse_duration("10s").value(), 10s);
  EXPECT_EQ(parse_duration("1m30s").value(), 90s);
  EXPECT_EQ(parse_duration("250ms").value(), 250ms);
}

TEST(Duration, RefusesWhatHasNoUnit) {
  for (const char* text : {"", "10", "s", "-1s", "10 s", "1.5s", "10sec", "99999999999999999h"}) {
    const auto result = parse_duration(text);
    ASSERT_FALSE(result) << text;
    EXPECT_NE(result.error().message.find("is not a duration"), std::string::npos);
  }
}

TEST(Duration, FormatsWhatItParses) {
  for (const char* text : {"0s", "10s", "1m30s", "250ms", "2h5m"}) {
    EXPECT_EQ(format_duration(parse_duration(text).value_or(0s)), text);
  }
}

TEST(Size, ParsesPowersOf1024) {
  EXPECT_EQ(parse_size("2G").value(), std::uint64_t{2} << 30);
  EXPECT_EQ(parse_size("512M").value(), std::uint64_t{512} << 20);
  EXPECT_EQ(parse_size("4096").value(), 4096u);
  EXPECT_EQ(format_size(std::uint64_t{3} << 29), "1536M");
}

TEST(Size, RefusesOtherUnits) {
  for (const char* text : {"", "1GB", "1GiB", "1g", "G", "-1M", "1.5G", "99999999999T"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(Address, HexOnly) {
  EXPECT_EQ(parse_address("0xffffff80_4000_0000").value(), 0xffffff8040000000u);
  for (const char* text : {"", "0x", "40000000", "0x4000000g", "0x1_", "0x10000000000000000"}) {
    EXPECT_FALSE(parse_address(text)) << text;
  }
}

TEST(Spelling, FindsTheNearest) {
  const std::vector<std::string> keys{"memory", "machine", "cpus"};
  EXPECT_EQ(nearest_spelling("memroy", keys), "memory");
  EXPECT_EQ(nearest_spelling("cpsu", keys), "cpus");  // neighbours that changed places count one
  EXPECT_EQ(nearest_spelling("zzz", keys), "");
  EXPECT_EQ(did_you_mean("cpu", keys), "; did you mean 'cpus'?");
  EXPECT_EQ(nearest_spelling("a", std::vector<std::string>{"ab", "abc"}), "ab");
  EXPECT_EQ(nearest_spelling(std::string(100'000'000, 'm'), keys), "");  // at once: it cannot be near
}

TEST(Glob, MatchesWholeText) {
  EXPECT_TRUE(glob_match("boot/*@virt-el?-*", "boot/hello@virt-el1-gicv2"));
  EXPECT_TRUE(glob_match("*[gic=2]", "x@virt[gic=2]"));
  EXPECT_FALSE(glob_match("boot", "boot/hello"));
  EXPECT_FALSE(glob_match("*a*b*c*", "aaaaaaaaaaaaaaabbbbbbbbbbbb"));
}

TEST(Utf8, ReplacesWhatIsIllFormed) {
  EXPECT_EQ(scrub_utf8("grün €"), "grün €");
  EXPECT_EQ(scrub_utf8("a\xff"
                       "b"),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(scrub_utf8("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");  // a surrogate
  EXPECT_EQ(scrub_utf8("\xe2\x82"), "\xef\xbf\xbd\xef\xbf\xbd");                  // cut off
}

TEST(Printable, ShowsControls) {
  EXPECT_EQ(printable(std::string("a\x1b[0m\0b", 7)), "a\\x1b[0m\\x00b");
}

TEST(Shell, QuotesWhatNeedsIt) {
  EXPECT_EQ(shell_quote({"qemu", "-append", "a b", "it's", ""}), "qemu -append 'a b' 'it'\\''s' ''");
}

}  // namespace
}  // namespace bootrig
