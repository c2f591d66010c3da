#include "machine/qmp.h"

#include <gtest/gtest.h>

namespace bootrig {
namespace {

using Why = GuestStopped::Why;

constexpr std::string_view kGreeting =
    R"({"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "x"}, "capabilities": ["oob"]}})"
    "\r\n";

std::optional<Why> stopped_by(std::string_view line) {
  QmpReader reader;
  reader.feed(line);
  reader.feed("\r\n");
  return reader.stopped();
}

TEST(QmpReader, ReadsAStreamHoweverItIsCut) {
  const std::string stream = std::string(kGreeting) + "{\"return\": {}}\r\n" +
                             R"({"return": {"enabled": true, "present": true}, "id": "query-kvm"})" + "\r\n" +
                             R"({"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-reset"}})" + "\r\n";
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    QmpReader reader;
    for (std::size_t at = 0; at < stream.size(); at += piece) reader.feed(std::string_view(stream).substr(at, piece));
    EXPECT_EQ(reader.version(), "7.2.22");
    EXPECT_EQ(reader.accelerator(), "kvm");
    EXPECT_EQ(reader.stopped(), Why::kReset);
  }
}

TEST(QmpReader, AccelerationThatIsNotEnabledIsTcg) {
  QmpReader reader;
  reader.feed("{\"return\": {\"enabled\": false, \"present\": true}, \"id\": \"query-kvm\"}\n");
  EXPECT_EQ(reader.accelerator(), "tcg");
}

TEST(QmpReader, KnowsTheGuestsDoingFromTheHosts) {
  EXPECT_EQ(stopped_by(R"({"event":"SHUTDOWN","data":{"guest":true,"reason":"guest-shutdown"}})"), Why::kPowerOff);
  EXPECT_EQ(stopped_by(R"({"event":"SHUTDOWN","data":{"guest":true,"reason":"guest-panic"}})"), Why::kPanic);
  EXPECT_EQ(stopped_by(R"({"event":"GUEST_PANICKED","data":{"action":"pause"}})"), Why::kPanic);
  EXPECT_EQ(stopped_by(R"({"event":"RESET","data":{"guest":true,"reason":"guest-reset"}})"), Why::kReset);
  EXPECT_EQ(stopped_by(R"({"event":"SHUTDOWN","data":{"guest":false,"reason":"host-signal"}})"), std::nullopt);
  EXPECT_EQ(stopped_by(R"({"event":"RESET","data":{"guest":false,"reason":"host-qmp-system-reset"}})"), std::nullopt);
  EXPECT_EQ(stopped_by(R"({"event":"STOP"})"), std::nullopt);
}

TEST(QmpReader, TheFirstStopStands) {
  QmpReader reader;
  reader.feed("{\"event\":\"GUEST_PANICKED\"}\n");
  reader.feed("{\"event\":\"SHUTDOWN\",\"data\":{\"reason\":\"guest-shutdown\"}}\n");
  EXPECT_EQ(reader.stopped(), Why::kPanic);
}

TEST(QmpReader, PassesOverWhatItDoesNotKnow) {
  QmpReader reader;
  for (const std::string_view line :
       {"", "nonsense", "[]", "7", R"({"QMP":7})", R"({"QMP":{"version":{"qemu":{"major":"7"}}}})", R"({"event":7})",
        R"({"event":"SHUTDOWN"})", R"({"event":"SHUTDOWN","data":[]})", R"({"id":"query-kvm","error":{}})"}) {
    reader.feed(line);
    reader.feed("\n");
  }
  EXPECT_EQ(reader.version(), "");
  EXPECT_EQ(reader.accelerator(), "");
  EXPECT_EQ(reader.stopped(), std::nullopt);
  reader.feed(std::string(std::size_t{3} << 20, 'x'));  // a line without an end is not kept
  reader.feed("\n");
  reader.feed(kGreeting);
  EXPECT_EQ(reader.version(), "7.2.22");
}

// Its end is no line of its own, and how it was cut into pieces makes no difference.
TEST(QmpReader, ALineThatIsTooLongIsDroppedAsAWhole) {
  const std::string line = "[\"" + std::string(std::size_t{2} << 20, 'x');
  const std::string end = R"({"event":"SHUTDOWN","data":{"reason":"guest-reset"}})"
                          "\n";
  QmpReader pieces;
  pieces.feed(line);
  pieces.feed(end);
  EXPECT_EQ(pieces.stopped(), std::nullopt);
  QmpReader whole;
  whole.feed(std::string(std::size_t{2} << 20, ' ') + end);
  EXPECT_EQ(whole.stopped(), std::nullopt);
  whole.feed(end);
  EXPECT_EQ(whole.stopped(), GuestStopped::Why::kReset);
}

TEST(QmpReader, TheReplyThatIsAwaited) {
  QmpReader reader;
  reader.feed("{\"return\": \"early\", \"id\": \"a\"}\n");
  reader.await("a");
  reader.feed("{\"return\": \"other\", \"id\": \"b\"}\n{\"return\": \"none\"}\n{\"event\": \"STOP\"}\n");
  EXPECT_FALSE(reader.reply());
  reader.feed("{\"return\": \"a\\r\\n\\\"b\\\"\", \"id\": \"a\"}\n{\"return\": \"again\", \"id\": \"a\"}\n");
  ASSERT_TRUE(reader.reply());
  EXPECT_EQ(reader.reply()->value(), "a\r\n\"b\"");
  reader.await("c");
  EXPECT_FALSE(reader.reply());
  reader.feed("{\"return\": {}, \"id\": \"c\"}\n");
  EXPECT_EQ(reader.reply()->value(), "");
  reader.await("d");
  reader.feed("{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}, \"id\": \"d\"}\n");
  EXPECT_EQ(reader.reply()->error().message, "no");
}

TEST(QmpCommand, OneLine) {
  EXPECT_EQ(qmp_command("stop", "x"), "{\"execute\":\"stop\",\"id\":\"x\"}\n");
  EXPECT_EQ(qmp_command("human-monitor-command", "x", {{"command-line", "a \"b\"\n"}}),
            R"({"execute":"human-monitor-command","id":"x","arguments":{"command-line":"a \"b\"\n"}})"
            "\n");
}

}  // namespace
}  // namespace bootrig
