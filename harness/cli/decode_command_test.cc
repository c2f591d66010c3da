#include <gtest/gtest.h>

#include "cli/command_test.h"
#include "json/value.h"

namespace bootrig {
namespace {

Said run(std::vector<std::string> words) {
  words.insert(words.begin(), "decode");
  return say(std::move(words));
}

TEST(DecodeCommand, TheSummaryComesFirst) {
  const Said said = run({"0x86000004", "--far", "0xffffff8040000000", "--elr", "ffffff80_40000000"});
  EXPECT_EQ(said.status, kExitExpected);
  EXPECT_TRUE(said.output.starts_with(
      "Instruction Abort, same EL: translation fault, level 0; FAR 0xffffff8040000000 is valid\n"
      "FAR equals ELR: the instruction at that address could not be fetched.\n\nESR_ELx 0x86000004\n"))
      << said.output;
  EXPECT_EQ(said.error, "");
}

TEST(DecodeCommand, NumbersWithoutPrefixAndSignExtendedOnes) {
  EXPECT_EQ(run({"96000010"}).output, run({"0X9600_0010"}).output);
  const Said said = run({"0xffffffff96000010"});
  EXPECT_TRUE(said.output.contains("Bits 63:32 are a copy of bit 31; decoded as 0x96000010.\n")) << said.output;
}

TEST(DecodeCommand, RegistersWithoutAnEsr) {
  EXPECT_TRUE(run({"--spsr", "0x3c5"}).output.starts_with("SPSR_ELx 0x3c5\n"));
  EXPECT_TRUE(run({"--tcr-el2", "0x80853510"}).output.starts_with("TCR_EL2 0x80853510\n"));
  const Said host = run({"--tcr-el2", "0x80853510", "--hcr", "0x400000000"});
  EXPECT_TRUE(host.output.starts_with("TCR_EL2 (E2H) 0x80853510\n")) << host.output;
  EXPECT_TRUE(host.output.contains("T1SZ"));
}

TEST(DecodeCommand, Descriptor) {
  const Said said = run({"--descriptor", "0x7000b003", "--level", "0"});
  EXPECT_TRUE(said.output.starts_with("table descriptor: the next table is at 0x7000b000\n\nDescriptor 0x7000b003\n"))
      << said.output;
  const Said stage2 = run({"--descriptor", "0x400007fd", "--level", "2", "--granule", "64K", "--stage", "2"});
  EXPECT_TRUE(stage2.output.contains("MemAttr")) << stage2.output;
}

TEST(DecodeCommand, JsonIsTheWholeTree) {
  const Said said = run({"0x96000004", "--json"});
  EXPECT_EQ(said.status, kExitExpected);
  ASSERT_TRUE(parse_json("output", said.output)) << said.output;
  EXPECT_TRUE(said.output.contains("\"far-valid\": true")) << said.output;
  EXPECT_TRUE(said.output.contains("\"name\": \"DFSC\"")) << said.output;
}

TEST(DecodeCommand, WrongWordsAreOneSentence) {
  const std::string number = " is not a hexadecimal number of at most 64 bits; write 0x96000010 or 96000010\n";
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"xyz"}, "VALUE 'xyz'" + number},
      {{"0x"}, "VALUE '0x'" + number},
      {{"0x10000000000000000"}, "VALUE '0x10000000000000000'" + number},
      {{"0", "--far", "12g"}, "--far '12g'" + number},
      {{"--mair", "0x0xff"}, "--mair '0x0xff'" + number},
      {{}, "there is nothing to decode; give an ESR or a register, as in 'bootrig decode 0x96000010'\n"},
      {{"--far", "1"}, "--far and --elr tell more about an ESR; give that, too\n"},
      {{"--level", "1"}, "--level, --granule and --stage tell where a --descriptor stands; give that, too\n"},
      {{"--descriptor", "3"}, "--descriptor needs --level: its bits mean other things at other levels\n"},
      {{"--descriptor", "3", "--level", "4"}, "--level '4' is not a level of 4K tables; write 0 to 3\n"},
      {{"--descriptor", "3", "--level", "0", "--granule", "64K"},
       "--level '0' is not a level of 64K tables; write 1 to 3\n"},
      {{"--descriptor", "3", "--level", "1", "--granule", "2M"},
       "--granule '2M' is not a granule; write 4K, 16K or 64K\n"},
      {{"--descriptor", "3", "--level", "1", "--stage", "3"}, "--stage '3' is not a stage; write 1 or 2\n"},
  };
  for (const auto& [words, message] : cases) {
    const Said said = run(words);
    EXPECT_EQ(said.status, kExitUntrustworthy) << message;
    EXPECT_EQ(said.error, "bootrig: " + message);
    EXPECT_EQ(said.output, "");
  }
}

}  // namespace
}  // namespace bootrig
