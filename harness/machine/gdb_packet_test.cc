#include "machine/gdb_packet.h"

#include <gtest/gtest.h>

#include <random>

namespace bootrig {
namespace {

// All payloads, each ended by '|', or the error.
std::string read_all(std::string_view stream, std::size_t piece = std::string::npos) {
  GdbPacketReader reader;
  std::string payloads;
  while (!stream.empty()) {
    const std::string_view part = stream.substr(0, piece);
    stream.remove_prefix(part.size());
    reader.feed(part);
    for (;;) {
      const auto payload = reader.next();
      if (!payload) return payloads + to_text(payload.error());
      if (!*payload) break;
      payloads += **payload + '|';
    }
  }
  return payloads;
}

TEST(GdbPacket, IsFramedAndEscaped) {
  EXPECT_EQ(gdb_packet("OK"), "$OK#9a");
  EXPECT_EQ(gdb_packet(""), "$#00");
  EXPECT_EQ(gdb_packet("a$b#c}d*e"),
            "$a}\x04"
            "b}\x03"
            "c}]d}\x0a"
            "e#51");
  EXPECT_EQ(read_all(gdb_packet("a$b#c}d*e")), "a$b#c}d*e|");
}

TEST(GdbPacket, EveryByteSurvives) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(read_all(gdb_packet(all)), all + "|");
}

TEST(GdbPacketReader, ReadsAStreamHoweverItIsCut) {
  const std::string stream = "+$OK#9a++$#00%Stop:T05#99$0* #7a" + gdb_packet("x}") + "+";
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    EXPECT_EQ(read_all(stream, piece), "OK||0000|x}|") << piece;
  }
}

TEST(GdbPacketReader, WaitsForTheRest) {
  for (const std::string_view part : {"", "+", "$", "$OK", "$OK#", "$OK#9", "%x#"}) EXPECT_EQ(read_all(part), "");
}

TEST(GdbPacketReader, RefusesWhatIsBroken) {
  EXPECT_EQ(read_all("$OK#9b"), "gdbstub: a packet with a wrong checksum");
  EXPECT_EQ(read_all("$OK#zz"), "gdbstub: a packet with a wrong checksum");
  EXPECT_EQ(read_all("$OK#9a-"), "OK|gdbstub: it did not understand a packet");
  EXPECT_EQ(read_all("$OK#9aOK"), "OK|gdbstub: byte 0x4f where a packet should begin");
  EXPECT_EQ(read_all(std::string_view("\0", 1)), "gdbstub: byte 0x00 where a packet should begin");
  EXPECT_EQ(read_all("$}#7d"), "gdbstub: a packet ends within an escape");
  EXPECT_EQ(read_all("$0*#5a"), "gdbstub: a packet ends within an escape");
  EXPECT_EQ(read_all("$* #4a"), "gdbstub: a run length that cannot be");
  EXPECT_EQ(read_all("$0*\x1d#77"), "gdbstub: a run length that cannot be");
  EXPECT_EQ(read_all("$" + std::string(GdbPacketReader::kPacketMax + 1, '0')), "gdbstub: a packet that is too long");
}

// 97 times as long as it was: '~' is the longest run.
TEST(GdbPacketReader, RunsDoNotFillTheMemory) {
  std::string body = "0";
  unsigned sum = '0';
  for (int i = 0; i < 1000; ++i, sum += '*' + '~') body += "*~";
  GdbPacketReader reader;
  const char* digits = "0123456789abcdef";
  reader.feed("$" + body + "#" + digits[sum >> 4 & 15] + digits[sum & 15]);
  EXPECT_EQ(reader.next().error().message, "gdbstub: a packet that is too long");
}

TEST(GdbPacketReader, SurvivesNoise) {
  std::mt19937 random(7);
  const std::string_view alphabet = "$$##+-%*}0a9aOK~\0\xff";
  std::size_t errors = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string stream = gdb_packet("OK");
    const std::size_t size = random() % 40;
    for (std::size_t i = 0; i < size; ++i) stream += alphabet[random() % alphabet.size()];
    const std::string said = read_all(stream, 1 + random() % 7);
    EXPECT_TRUE(said.starts_with("OK|")) << said;
    errors += said.contains("gdbstub: ") ? 1 : 0;
  }
  EXPECT_GT(errors, 10000u);
}

TEST(GdbNumbers, AreLittleEndian) {
  EXPECT_EQ(parse_gdb_number("c9030040"), 0x400003c9u);
  EXPECT_EQ(parse_gdb_number("0123456789abCDEF"), 0xefcdab8967452301u);
  EXPECT_EQ(parse_gdb_number("7f"), 0x7fu);
  for (const std::string_view bad : {"", "1", "xx", "xxxxxxxxxxxxxxxx", "E22", "0g", "000000000000000000"}) {
    EXPECT_EQ(parse_gdb_number(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(parse_gdb_bytes("00fF10"), (std::vector<std::uint8_t>{0, 255, 16}));
  EXPECT_EQ(parse_gdb_bytes(""), std::vector<std::uint8_t>{});
  EXPECT_EQ(parse_gdb_bytes("E01"), std::nullopt);
}

}  // namespace
}  // namespace bootrig
