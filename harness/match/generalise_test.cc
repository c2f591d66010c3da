#include "match/generalise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "match/matcher.h"

namespace bootrig {
namespace {

// The transcript; each console that it was made of must pass it.
std::string generalised(const std::vector<std::string>& consoles, const std::string& before = "") {
  const auto text = generalise(consoles, "t", before);
  if (!text) return "error: " + text.error().message;
  for (const std::string& console : consoles) {
    ExpectationsBuilder builder;
    EXPECT_TRUE(builder.add_transcript("t", *text).has_value()) << *text;
    Matcher matcher(builder.build());
    matcher.feed(console);
    EXPECT_TRUE(matcher.completed_at().has_value()) << *text << "does not pass\n" << console;
  }
  return *text;
}

TEST(Generalise, WhatIsEqualStaysLiteral) {
  EXPECT_EQ(generalised({"a 1\r\nb 0x2\r\n", "a 1\r\nb 0x2\r\n"}), "a 1\nb 0x2\n");
}

TEST(Generalise, WhatDiffersIsAPlaceholderByItsKind) {
  EXPECT_EQ(generalised({"memory 0x1f at 10, 1 cpu, EL1\n", "memory 0x20 at 10, 4 cpu, EL2\n"}),
            "memory {{hex:memory}} at 10, {{dec:at}} cpu, EL{{dec:el}}\n");
  EXPECT_EQ(generalised({"state: yes\n", "state: no\n"}), "state: {{word:state}}\n");
  EXPECT_EQ(generalised({"took 1.25 s\n", "took 3.75 s\n"}), "took {{dec:took}}.{{dec:took2}} s\n");
}

TEST(Generalise, TheSameTextsGetTheSameName) {
  EXPECT_EQ(generalised({"entered at EL1\nleft at EL1, 7\n", "entered at EL2\nleft at EL2, 8\n"}),
            "entered at EL{{dec:el}}\nleft at EL{{dec:el}}, {{dec:el2}}\n");
}

TEST(Generalise, LinesThatNotAllHaveBecomeAGap) {
  EXPECT_EQ(generalised({"a\nnoise\nb\n", "a\nb\n"}), "a\n...\nb\n");
  EXPECT_EQ(generalised({"x\nx\na\n", "a\n"}), "...\na\n");
  EXPECT_EQ(generalised({"a\n", "b\n"}), "error: the boots have no line in common; there is nothing to expect");
  EXPECT_EQ(generalised({"xy1\nend\n", "wz2\nend\n"}), "...\nend\n");
}

TEST(Generalise, WhatAFileCannotSayIsWrittenAnotherWay) {
  EXPECT_EQ(generalised({"# x\n...\n{{any}}\nend\n"}), "{{re:#}} x\n{{re:\\.\\.\\.}}\n{{re:\\{\\{}}any}}\nend\n");
}

TEST(Generalise, ALineWithoutAnEndIsAPrompt) {
  EXPECT_EQ(generalised({"a\n=> ", "a\n=> "}), "a\n=> ");
}

TEST(Generalise, PlaceholdersCommentsAndGapsAreKept) {
  const std::string before = "# who\nloader at {{hex:base}}\n...\nready, {{re:[0-9]+}} ms\n";
  EXPECT_EQ(generalised({"loader at 0x10\nnoise\nready, 5 ms\nmore\n"}, before), before);
  EXPECT_EQ(generalised({"loader at 0x10\nnew at 0x10\nready, 5 ms\n", "loader at 0x20\nnew at 0x20\nready, 5 ms\n"},
                        "loader at {{hex:base}}\nready, {{re:[0-9]+}} ms\n"),
            "loader at {{hex:base}}\nnew at {{hex:base}}\nready, {{re:[0-9]+}} ms\n");
  EXPECT_EQ(generalised({"a\nirq: GICv2, at 0x8\nb\n", "a\nirq: GICv3, cpu 0\nb\n"}, "a\nirq: {{re:GIC.*}}\nb\n"),
            "a\nirq: {{re:GIC.*}}\nb\n");
  EXPECT_EQ(generalised({"a\nirq: GICv2 at 0x8\nb\n", "a\nirq: GICv3, cpu 0\nb\n"}), "a\n...\nb\n");
  EXPECT_EQ(generalised({"loader up\nready, 5 ms\n"}, before), "loader up\nready, {{re:[0-9]+}} ms\n");
}

TEST(Generalise, ABadFileBeforeIsAnError) {
  EXPECT_EQ(generalised({"a\n"}, "{{nix}}\n"),
            "error: '{{nix}}': there is no placeholder 'nix', only 'hex', 'dec', 'word', 'any' or 're'");
}

}  // namespace
}  // namespace bootrig
