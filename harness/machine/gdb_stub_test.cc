// A stub that has said all before it is asked: the replies stand in the socket, in order. What a real one says is in
// qemu_inspection_test.cc.
#include "machine/gdb_stub.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>

namespace bootrig {
namespace {

constexpr std::string_view kTarget =
    R"(l<target><xi:include href="core.xml"/><xi:include href="system.xml"/></target>)";

std::string core_xml() {
  std::string xml = "l<feature>";
  for (unsigned i = 0; i < 31; ++i) xml += fmt::format("<reg name=\"x{}\" bitsize=\"64\"/>", i);
  return xml + R"(<reg name="sp"/><reg name="pc"/><reg name="cpsr"/></feature>)";
}

constexpr std::string_view kSystem =
    R"(l<reg name="SCTLR" regnum="90"/><reg name="ESR_EL1" regnum="80"/><reg name="MAIR_EL3" regnum="81"/>)";

const std::vector<std::string> kHandshake{"PacketSize=1000;qXfer:features:read+",
                                          "",
                                          std::string(kTarget),
                                          core_xml(),
                                          std::string(kSystem),
                                          "mp1.1",
                                          "mp1.2",
                                          "l",
                                          "OK"};

// The replies to cpus() for one CPU: to Hg and g, sp, pc, cpsr, x0 to x30, SCTLR_EL1, ESR_EL1.
std::vector<std::string> registers(const std::string& sctlr, const std::string& esr,
                                   const std::string& cpsr = "c5030000") {
  std::vector<std::string> replies{"OK", "0000", "0010000000000000", "0000004000000000", cpsr};
  for (unsigned i = 0; i < 31; ++i) replies.push_back(fmt::format("{:02x}00000000000000", i));
  replies.push_back(sctlr);
  replies.push_back(esr);
  return replies;
}

class GdbStubTest : public ::testing::Test {
 protected:
  GdbStubTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    far_.reset(ends[1]);
    stub_.emplace(ScopedFd(ends[0]), clock_);
  }

  void say(std::string_view bytes) {
    ASSERT_EQ(::write(far_.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  void reply(const std::vector<std::string>& payloads) {
    for (const auto& payload : payloads) say("+" + gdb_packet(payload));
  }
  std::string heard() {
    std::array<char, 65536> bytes;
    const ssize_t count = ::read(far_.get(), bytes.data(), bytes.size());
    return count < 0 ? "" : std::string(bytes.data(), static_cast<std::size_t>(count));
  }

  // After which an attach is as far as `steps` replies of the handshake.
  std::string attach_trouble(std::size_t steps, const std::string& then) {
    reply({kHandshake.begin(), kHandshake.begin() + static_cast<std::ptrdiff_t>(steps)});
    reply({then});
    ::shutdown(far_.get(), SHUT_WR);
    const auto attached = stub_->attach(soon());
    return attached ? "none" : to_text(attached.error());
  }
  // Long enough that only a hang reaches it.
  Deadline soon() const { return Deadline::after(clock_.now(), std::chrono::seconds(60)); }

  SteadyClock clock_;
  ScopedFd far_;
  std::optional<GdbStub> stub_;
};

TEST_F(GdbStubTest, Attaches) {
  reply(kHandshake);
  ASSERT_TRUE(stub_->attach(soon()));
  const std::string said = heard();
  EXPECT_TRUE(said.starts_with("$qSupported:multiprocess+;qXfer:features:read+#")) << said;
  EXPECT_TRUE(said.contains("$QStartNoAckMode#b0")) << said;
  EXPECT_TRUE(said.contains("$qXfer:features:read:core.xml:0,ffb#")) << said;
  EXPECT_TRUE(said.contains("$Qqemu.PhyMemMode:1#")) << said;
  EXPECT_TRUE(said.contains('+')) << said;

  reply(registers("3408c50000000000", "0400009600000000"));
  reply(registers("xxxxxxxxxxxxxxxx", "E01", "c4030000"));
  const auto cpus = stub_->cpus(soon());
  ASSERT_TRUE(cpus) << to_text(cpus.error());
  ASSERT_EQ(cpus->size(), 2u);
  EXPECT_EQ((*cpus)[0].sp, 0x1000u);
  EXPECT_EQ((*cpus)[0].pc, 0x40000000u);
  EXPECT_EQ((*cpus)[0].pstate, 0x3c5u);
  for (unsigned i = 0; i < 31; ++i) EXPECT_EQ((*cpus)[0].x[i], i);
  using Registers = std::map<std::string, std::uint64_t>;
  EXPECT_EQ((*cpus)[0].system, (Registers{{"SCTLR_EL1", 0xc50834}, {"ESR_EL1", 0x96000004}, {"SP_EL1", 0x1000}}));
  // What the stub does not tell is absent. With SPSel 0, SP is SP_EL0.
  EXPECT_EQ((*cpus)[1].index, 1u);
  EXPECT_EQ((*cpus)[1].system, (Registers{{"SP_EL0", 0x1000}}));
  const std::string asked = heard();
  EXPECT_TRUE(asked.contains(gdb_packet("Hgp1.1") + gdb_packet("g"))) << asked;
  EXPECT_TRUE(asked.contains("$Hgp1.2#")) << asked;
  EXPECT_TRUE(asked.contains(gdb_packet("p5a"))) << asked;
  EXPECT_TRUE(asked.contains(gdb_packet("p50"))) << asked;
}

TEST_F(GdbStubTest, StopRepliesThatNobodyAskedFor) {
  say(gdb_packet("T02thread:01;"));
  for (const auto& payload : kHandshake) {
    reply({payload});
    say(gdb_packet("S05"));
  }
  EXPECT_TRUE(stub_->attach(soon()));
}

TEST_F(GdbStubTest, NoAcknowledgementsOnceItAgrees) {
  auto handshake = kHandshake;
  handshake[1] = "OK";
  reply(handshake);
  ASSERT_TRUE(stub_->attach(soon()));
  const std::string said = heard();
  EXPECT_FALSE(said.substr(said.find("target.xml")).contains('+')) << said;
}

class GdbStubRunTest : public GdbStubTest {
 protected:
  void attach() {
    auto handshake = kHandshake;
    handshake[1] = "OK";  // QStartNoAckMode
    reply(handshake);
    ASSERT_TRUE(stub_->attach(soon()));
    (void)heard();
  }
};

TEST_F(GdbStubRunTest, RunsToABreakpoint) {
  attach();
  reply({"OK"});
  ASSERT_TRUE(stub_->insert_breakpoint(0xff80'4000'2400, soon()));
  EXPECT_EQ(heard(), gdb_packet("Z1,ff8040002400,4"));
  ASSERT_TRUE(stub_->resume(std::nullopt));
  EXPECT_EQ(heard(), gdb_packet("vCont;c"));
  const auto none = stub_->take_stop();
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  // Nothing may be asked while the guest runs: any byte would stop it.
  EXPECT_EQ(to_text(stub_->insert_breakpoint(4, soon()).error()), "gdbstub: it left an earlier question unanswered");
  EXPECT_EQ(heard(), "");
  say(gdb_packet("T05thread:p1.2;"));
  const auto stop = stub_->take_stop();
  ASSERT_TRUE(stop && *stop);
  EXPECT_TRUE((*stop)->trap);
  EXPECT_EQ((*stop)->cpu, 1u);

  ASSERT_TRUE(stub_->resume(1));
  EXPECT_EQ(heard(), gdb_packet("vCont;s:p1.2"));
  say(gdb_packet("T03thread:p1.1;"));
  const auto ended = stub_->take_stop();
  ASSERT_TRUE(ended && *ended);
  EXPECT_FALSE((*ended)->trap);
}

TEST_F(GdbStubRunTest, RegistersOfOneCpu) {
  attach();
  reply({"OK", "0000", "0000004000000000", "c9030000", "0600009200000000"});
  const auto values = stub_->registers(1, {"pc", "cpsr", "ESR_EL1", "ESR_EL2"}, soon());
  ASSERT_TRUE(values) << to_text(values.error());
  EXPECT_EQ(*values,
            (std::map<std::string, std::uint64_t>{{"pc", 0x40000000}, {"cpsr", 0x3c9}, {"ESR_EL1", 0x92000006}}));
  EXPECT_TRUE(heard().starts_with(gdb_packet("Hgp1.2")));
}

TEST_F(GdbStubRunTest, AStubThatMakesNoSenseOfIt) {
  attach();
  reply({""});
  EXPECT_EQ(to_text(stub_->insert_breakpoint(4, soon()).error()), "gdbstub: it sets no breakpoint at 0x4");
  ASSERT_TRUE(stub_->resume(std::nullopt));
  say(gdb_packet("T05thread:p1.9;"));
  EXPECT_EQ(to_text(stub_->take_stop().error()), "gdbstub: it tells of a stop of a CPU that it has not named");
  reply({"OK"});
  ASSERT_TRUE(stub_->insert_breakpoint(4, soon()));
  ASSERT_TRUE(stub_->resume(std::nullopt));
  say(gdb_packet("OK"));
  EXPECT_EQ(to_text(stub_->take_stop().error()), "gdbstub: no sense in what it says of the guest's stop");
  ::shutdown(far_.get(), SHUT_WR);
  EXPECT_EQ(to_text(stub_->take_stop().error()), "gdbstub: the machine has ended");
}

// As QEMU 7.2: it would take an acknowledgement, or anything else, for a request to stop the guest that runs.
TEST_F(GdbStubTest, NothingIsAcknowledgedWhileTheGuestRuns) {
  reply(kHandshake);
  ASSERT_TRUE(stub_->attach(soon()));
  (void)heard();
  ASSERT_TRUE(stub_->resume(std::nullopt));
  EXPECT_TRUE(heard().ends_with(gdb_packet("vCont;c")));
  say("+" + gdb_packet("T05thread:p1.1;"));
  const auto stop = stub_->take_stop();
  ASSERT_TRUE(stop && *stop);
  EXPECT_EQ(heard(), "");
  ASSERT_TRUE(stub_->resume(0));
  EXPECT_EQ(heard(), "+" + gdb_packet("vCont;s:p1.1"));
}

TEST_F(GdbStubTest, DocumentInPieces) {
  auto handshake = kHandshake;
  handshake[2] = std::string(kTarget.substr(20));
  handshake[2].insert(0, "l");
  handshake.insert(handshake.begin() + 2, "m" + std::string(kTarget.substr(1, 19)));
  reply(handshake);
  ASSERT_TRUE(stub_->attach(soon()));
  EXPECT_TRUE(heard().contains("$qXfer:features:read:target.xml:13,ffb#"));
}

TEST_F(GdbStubTest, Memory) {
  auto handshake = kHandshake;
  handshake[0] = "PacketSize=40";
  reply(handshake);
  ASSERT_TRUE(stub_->attach(soon()));
  heard();
  const std::string half(56, '1');
  reply({half, "2233"});
  std::array<std::uint8_t, 30> bytes{};
  ASSERT_TRUE(stub_->read_physical(0x40000000, bytes, soon()));
  EXPECT_EQ(bytes[27], 0x11);
  EXPECT_EQ(bytes[28], 0x22);
  EXPECT_EQ(bytes[29], 0x33);
  EXPECT_TRUE(heard().contains(gdb_packet("m40000000,1c") + gdb_packet("m4000001c,2")));
  for (const std::string bad : {"22", "223344", "E22", "", "xxxx"}) {
    reply({half, bad});
    EXPECT_EQ(stub_->read_physical(0x40000000, bytes, soon()).error().message,
              "gdbstub: cannot read memory at 0x4000001c")
        << bad;
  }
}

TEST_F(GdbStubTest, PassedDeadline) {
  EXPECT_EQ(stub_->attach(Deadline{clock_.now()}).error().message, "gdbstub: no reply in time");
}

struct Trouble {
  std::size_t after;  // replies of the handshake
  std::string reply;
  std::string message;
};

class GdbStubTrouble : public GdbStubTest, public ::testing::WithParamInterface<Trouble> {};

TEST_P(GdbStubTrouble, IsAnError) {
  EXPECT_EQ(attach_trouble(GetParam().after, GetParam().reply), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    All, GdbStubTrouble,
    ::testing::Values(Trouble{0, "", "gdbstub: the machine has ended"},
                      Trouble{2, "", "gdbstub: no sense in its reply to 'qXfer:features:read:target.xml:0,ffb'"},
                      Trouble{2, "m", "gdbstub: no sense in its reply to 'qXfer:features:read:target.xml:0,ffb'"},
                      Trouble{2, "E00", "gdbstub: no sense in its reply to 'qXfer:features:read:target.xml:0,ffb'"},
                      Trouble{3, "", "gdbstub: no sense in its reply to 'qXfer:features:read:core.xml:0,ffb'"},
                      Trouble{5, "", "gdbstub: no sense in its reply to 'qfThreadInfo'"},
                      Trouble{5, "m", "gdbstub: no sense in its reply to 'qfThreadInfo'"},
                      Trouble{5, "l", "gdbstub: the machine has no CPU"},
                      Trouble{5, "m" + std::string(1000, ','), "gdbstub: it tells of more than 512 CPUs"},
                      Trouble{6, "E01", "gdbstub: no sense in its reply to 'qsThreadInfo'"},
                      Trouble{8, "", "gdbstub: it cannot read memory by physical address"}, Trouble{8, "OK", "none"}));

TEST_F(GdbStubTest, TroubleWithRegisters) {
  auto handshake = kHandshake;
  handshake[3] = "l";
  reply(handshake);
  ASSERT_TRUE(stub_->attach(soon()));
  EXPECT_EQ(stub_->cpus(soon()).error().message, "gdbstub: the machine has no register sp");
}

TEST_F(GdbStubTest, CpuThatCannotBeChosen) {
  reply(kHandshake);
  ASSERT_TRUE(stub_->attach(soon()));
  auto replies = registers("00", "00");
  reply(replies);
  replies[0] = "E22";
  reply(replies);
  EXPECT_EQ(stub_->cpus(soon()).error().message, "gdbstub: no sense in its reply to 'Hgp1.2'");
}

TEST_F(GdbStubTest, CoreRegisterThatIsNotTold) {
  reply(kHandshake);
  ASSERT_TRUE(stub_->attach(soon()));
  auto replies = registers("00", "00");
  replies[3] = "xxxxxxxxxxxxxxxx";
  reply(replies);
  reply(replies);
  EXPECT_EQ(stub_->cpus(soon()).error().message, "gdbstub: no sense in its reply to 'p20'");
}

// Endings, cuts and wrong bytes at any place of a session that would be good.
TEST(GdbStub, SurvivesNoise) {
  const SteadyClock clock;
  std::string good;
  for (const auto& payload : kHandshake) good += "+" + gdb_packet(payload);
  for (int cpu = 0; cpu < 2; ++cpu) {
    for (const auto& payload : registers("00", "00")) good += gdb_packet(payload);
  }
  std::mt19937 random(3);
  std::size_t failures = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string stream = good;
    for (std::size_t edits = random() % 4; edits > 0; --edits) {
      stream[random() % stream.size()] = static_cast<char>(random());
    }
    if (random() % 4 == 0) stream.resize(random() % stream.size());
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    const ScopedFd far(ends[1]);
    ASSERT_EQ(::write(far.get(), stream.data(), stream.size()), static_cast<ssize_t>(stream.size()));
    ::shutdown(far.get(), SHUT_WR);
    GdbStub stub(ScopedFd(ends[0]), clock);
    const Deadline deadline = Deadline::after(clock.now(), std::chrono::seconds(60));
    const bool attached = stub.attach(deadline).has_value();
    if (!attached || !stub.cpus(deadline)) ++failures;
    EXPECT_FALSE(deadline.passed(clock.now()));
  }
  EXPECT_GT(failures, 500u);
  EXPECT_LT(failures, 2000u);
}

}  // namespace
}  // namespace bootrig
