// Machines on another host, over a real ssh server: the same verdicts as here, and nothing stays running there, whatever
// is killed on the way.
#include <csignal>
#include <nlohmann/json.hpp>

#include "cli/ssh_server_test.h"

namespace bootrig {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using Json = nlohmann::json;

class Hosts : public testing::Test {
 protected:
  std::string run_folder() const { return own_.path() / "run"; }
  Words hang() const {
    return {"run",        "bad/hang@virt", "--project",          small_project(), "--output",
            run_folder(), "--hosts",       server_.hosts_file(), "--host",        "loopback"};
  }

  // The machines' QEMUs over there: they name the folder of the images.
  std::vector<Seen> machines() const {
    std::vector<Seen> found;
    for (const Seen& seen : all_processes()) {
      const bool qemu = seen.command.starts_with("qemu-system");
      if (qemu && seen.command.find((server_.folder() / "there").string()) != std::string::npos) found.push_back(seen);
    }
    return found;
  }
  // Until it has said something here: a connection that is lost before bootrig knows of the machine is made anew.
  void wait_for_machine() const {
    const fs::path transcript = fs::path(run_folder()) / "cells/bad/hang/virt/attempt-1/transcript.raw";
    std::error_code error;
    ASSERT_TRUE(eventually(60s, [&] {
      const auto size = fs::file_size(transcript, error);
      return !error && size > 0 && !machines().empty();
    }));
  }
  void expect_no_machine() const {
    EXPECT_TRUE(eventually(10s, [&] { return machines().empty(); })) << machines().front().command;
  }
  // The ssh of each machine (the shared connection's is another).
  std::vector<pid_t> sessions() const {
    std::vector<pid_t> found;
    for (const Seen& seen : all_processes()) {
      const bool ssh = seen.command.starts_with("ssh -F " + server_.folder().string());
      if (ssh && seen.command.find(" serve") != std::string::npos) found.push_back(seen.pid);
    }
    return found;
  }
  // The hanging testcase, once `trouble` has come over it.
  void expect_lost(Invocation& run, const std::string& detail) const {
    const Finished finished = run.wait(60s);
    EXPECT_EQ(finished.code, 1) << finished.out << finished.err;
    const Row row = report_of(run_folder()).row("bad/hang@virt");
    EXPECT_EQ(row.kind, "error");
    EXPECT_EQ(row.cause, "host");
    EXPECT_NE(row.detail.find("host 'loopback' (ssh loopback) was lost"), std::string::npos) << row.detail;
    EXPECT_NE(row.detail.find(detail), std::string::npos) << row.detail;
    expect_no_machine();
  }

  SshServer server_;
  TestFolder own_;
};

// What a report says of a testcase but for times, paths and the host.
Json gist(const fs::path& run) {
  const Json report = Json::parse(text_of(run / "report.json"));
  Json all;
  for (const Json& one : report.at("results")) {
    Json& gist = all[one.at("id").get<std::string>()];
    gist["standing"] = one.at("standing");
    gist["verdict"] = one.at("verdict");
    for (const Json& attempt : one.at("attempts")) {
      if (!attempt.contains("diagnosis")) continue;
      for (const char* key : {"facts", "cause"}) {
        if (attempt["diagnosis"].contains(key)) gist[key] = attempt["diagnosis"][key];
      }
    }
  }
  return all;
}

TEST_F(Hosts, GiveTheSameVerdictsAndDiagnosesAsThisOne) {
  const Words cells{"run", "boot/hello@virt-el2-gicv3", "boot/power-off@virt-el1-gicv2",
                    "faults/empty-window@virt[level=1]", "faults/silent@virt[level=1]"};
  Words here = cells;
  here.insert(here.end(), {"--output", own_.path() / "here"});
  Words there = cells;
  there.insert(there.end(), {"--output", own_.path() / "there", "--hosts", server_.hosts_file(), "--host", "loopback"});
  const Finished local = bootrig(here);
  const Finished remote = bootrig(there);
  EXPECT_EQ(local.code, remote.code) << remote.out << remote.err;
  const Json expected = gist(own_.path() / "here");
  EXPECT_EQ(expected.size(), 4u);
  EXPECT_EQ(gist(own_.path() / "there"), expected);
  EXPECT_NE(text_of(own_.path() / "there" / "report.json").find("\"host\":\"loopback\""), std::string::npos);
  EXPECT_NE(remote.out.find("host loopback: "), std::string::npos) << remote.out;
  expect_no_machine();
}

TEST_F(Hosts, ScaleTheTimeLimits) {
  server_.describe(R"(, "time-scale": 3)");
  const Words words{"run",        "good/off@virt", "--project",          small_project(), "--output",
                    run_folder(), "--hosts",       server_.hosts_file(), "--host",        "loopback"};
  const Finished run = bootrig(words);
  EXPECT_EQ(run.code, 0) << run.out << run.err;
  EXPECT_NE(run.out.find("host loopback: 1 testcase, time limits times 3"), std::string::npos) << run.out;
}

TEST_F(Hosts, AKilledBootrigLeavesNothingThere) {
  Invocation run(hang());
  wait_for_machine();
  run.signal(SIGKILL);
  expect_no_machine();
}

TEST_F(Hosts, AKilledSshIsAnErrorOfTheHost) {
  Invocation run(hang());
  wait_for_machine();
  ASSERT_EQ(sessions().size(), 1u);
  ::kill(sessions().front(), SIGKILL);
  expect_lost(run, "ssh was killed by signal 9");
}

TEST_F(Hosts, AKilledConnectionIsAnErrorOfTheHost) {
  Invocation run(hang());
  wait_for_machine();
  for (const pid_t pid : server_.connections()) ::kill(pid, SIGKILL);
  expect_lost(run, "");
}

TEST_F(Hosts, AKilledAgentIsAnErrorOfTheHost) {
  Invocation run(hang());
  wait_for_machine();
  ASSERT_EQ(::kill(machines().front().parent, SIGKILL), 0);
  expect_lost(run, "ssh ended");
}

TEST_F(Hosts, AFrozenConnectionIsGivenUpOnBothSides) {
  server_.describe(R"(, "patience": "2s")");
  Invocation run(hang());
  wait_for_machine();
  const auto frozen = server_.connections();
  ASSERT_FALSE(frozen.empty());
  for (const pid_t pid : frozen) ::kill(pid, SIGSTOP);
  expect_lost(run, "nothing was heard of the host for 2 s");
  for (const pid_t pid : frozen) ::kill(pid, SIGCONT);
}

TEST_F(Hosts, OneThatDoesNotAnswerIsAnErrorThatSaysWhatWasTried) {
  server_.stop();
  Words words = hang();
  const Finished finished = bootrig(words);
  EXPECT_EQ(finished.code, 1) << finished.err;
  const Row row = report_of(run_folder()).row("bad/hang@virt");
  EXPECT_EQ(row.kind, "error");
  EXPECT_EQ(row.cause, "host");
  EXPECT_NE(row.detail.find("Connection refused: tried ssh -M -N "), std::string::npos) << row.detail;
  EXPECT_NE(row.detail.find("Connection refused"), std::string::npos) << row.detail;
}

TEST_F(Hosts, OneWithoutRoomIsAnErrorOfTheHost) {
  server_.describe(R"(, "qemu": "qemu-system-aarch64")");
  edit(server_.hosts_file(), (server_.folder() / "there").string(), "/proc/no-room");
  EXPECT_EQ(bootrig(hang()).code, 1);
  const Row row = report_of(run_folder()).row("bad/hang@virt");
  EXPECT_EQ(row.cause, "host");
  EXPECT_NE(row.detail.find("cannot create directory"), std::string::npos) << row.detail;
}

TEST_F(Hosts, OneWithoutQemuIsAnErrorOfTheHost) {
  server_.describe(R"(, "qemu": "no-such-qemu")");
  EXPECT_EQ(bootrig(hang()).code, 1);
  const Row row = report_of(run_folder()).row("bad/hang@virt");
  EXPECT_EQ(row.cause, "host");
  EXPECT_EQ(row.detail, "host 'loopback': no-such-qemu cannot be run there");
}

TEST_F(Hosts, OneThatNobodyNamedIsToldWithTheNearOnes) {
  Words words = hang();
  words.back() = "lopback";
  const Finished finished = bootrig(words);
  EXPECT_EQ(finished.code, 2);
  EXPECT_NE(finished.err.find("names no host 'lopback'; 'local' or 'loopback' can be chosen; did you mean 'loopback'?"),
            std::string::npos)
      << finished.err;
}

// Its server takes two sessions on a connection, and five machines run at once.
TEST(HostsWithFewSessions, GetConnectionsOfTheirOwn) {
  const SshServer server("MaxSessions 2");
  server.describe(R"(, "cores": 5)");
  const TestFolder own;
  const Finished finished = bootrig({"run", "good/off@virt", "--repeat", "20", "--project", small_project(), "--output",
                                     own.path() / "run", "--hosts", server.hosts_file(), "--host", "loopback"});
  EXPECT_EQ(finished.code, 0) << finished.out << finished.err;
  EXPECT_EQ(report_of(own.path() / "run").rows.size(), 20u);
}

}  // namespace
}  // namespace bootrig
