// Which host a machine goes to. ssh is a function of the test's.
#include "machine/host_choice.h"

#include <gtest/gtest.h>

#include <set>

#include "base/file.h"
#include "testing/fake_launcher.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

constexpr const char* kHere = "this host is x86_64";

std::string probe_of(const std::string& gics) {
  return "architecture aarch64\nkernel Linux\ncores 8\nmemory-kib 1048576\nkvm-trouble \nkvm-gic " + gics +
         "\nqemu QEMU emulator version 7.2\naccelerators tcg kvm\n";
}

class HostChoiceTest : public testing::Test {
 protected:
  HostChoiceTest() { folder_.put("aarch64", "an agent"); }

  HostChoice choice() {
    OtherHosts others{.file = "hosts.json", .agents = folder_.path(), .preferred = preferred_};
    for (const auto& [name, gics] : gics_) others.hosts.push_back({.name = name, .ssh = name});
    return HostChoice(std::move(others), launcher_);
  }

  // What ssh does: the master makes its socket, the others answer as the host would.
  Result<FakeRun> ssh(const LaunchSpec& spec) {
    const auto is = [&spec](const std::string& word) { return std::ranges::find(spec.argv, word) != spec.argv.end(); };
    if (is("-M")) {
      if (connections_++ < dying_) return FakeRun{.status = {.signal = 9}};
      if (unreachable_.contains(spec.argv.back())) return FakeRun{.status = {.code = 255}};
      for (const std::string& word : spec.argv) {
        if (word.starts_with("ControlPath=")) {
          EXPECT_TRUE(write_file(word.substr(12), ""));
        }
      }
      return FakeRun{};
    }
    const std::string& host = spec.argv[spec.argv.size() - 2];
    const std::string& command = spec.argv.back();
    if (dying_commands_-- > 0) return FakeRun{.status = {.code = 255}};
    if (command == "uname -m") return FakeRun{"aarch64\n"};
    if (command.find(" probe ") != std::string::npos) return FakeRun{probe_of(gics_.at(host))};
    return FakeRun{};
  }

  static MachineSpec kvm(unsigned gic, const std::string& host = "") {
    return {.accelerator = Accelerator::kKvm, .gic = gic, .host = host};
  }

  TestFolder folder_;
  std::map<std::string, std::string> gics_{{"a", "3"}, {"b", "2 3"}};
  std::set<std::string> unreachable_;
  std::string preferred_;
  int connections_ = 0;
  int dying_ = 0, dying_commands_ = 0;  // so many first of them
  FakeLauncher launcher_{[this](const LaunchSpec& spec) { return ssh(spec); }};
};

using Hosts = std::vector<std::size_t>;

TEST_F(HostChoiceTest, KvmGoesToThoseThatCan) {
  HostChoice choice = this->choice();
  EXPECT_EQ(choice.choose(kvm(3), kHere).hosts, (Hosts{1, 2}));
  EXPECT_EQ(choice.choose(kvm(2), kHere).hosts, Hosts{2});
  EXPECT_EQ(choice.hosts()[2].cores, 8u);
  EXPECT_EQ(connections_, 2);  // each was asked once
}

TEST_F(HostChoiceTest, WhatCanRunHereRunsHere) {
  HostChoice choice = this->choice();
  EXPECT_EQ(choice.choose(kvm(3), std::nullopt).hosts, Hosts{0});
  EXPECT_EQ(choice.choose({}, std::nullopt).hosts, Hosts{0});
  EXPECT_EQ(choice.choose(kvm(3, "local"), kHere).skip, kHere);
  EXPECT_EQ(connections_, 0);
}

TEST_F(HostChoiceTest, NoneCanIsSkippedWithAllReasons) {
  gics_ = {{"a", "3"}, {"b", "3"}};
  const auto choice = this->choice().choose(kvm(2), kHere);
  EXPECT_EQ(choice.skip, "this host is x86_64; host 'a': its KVM offers no GICv2; host 'b': its KVM offers no GICv2");
  EXPECT_TRUE(choice.hosts.empty());
}

TEST_F(HostChoiceTest, OneThatDoesNotAnswerIsTroubleUnlessAnotherCan) {
  unreachable_ = {"b"};
  HostChoice choice = this->choice();
  EXPECT_EQ(choice.choose(kvm(3), kHere).hosts, Hosts{1});
  const auto trouble = choice.choose(kvm(2), kHere).trouble;
  ASSERT_TRUE(trouble);
  EXPECT_TRUE(trouble->starts_with("host 'b' (ssh b): ssh ended without a word: tried ssh -M -N ")) << *trouble;
}

TEST_F(HostChoiceTest, AnSshThatDiesIsTriedOnceMore) {
  dying_ = 1;
  EXPECT_EQ(this->choice().choose({.host = "a"}, std::nullopt).hosts, Hosts{1});
  EXPECT_EQ(connections_, 2);
  connections_ = dying_ = 0;
  dying_commands_ = 1;
  EXPECT_EQ(this->choice().choose({.host = "a"}, std::nullopt).hosts, Hosts{1});
  EXPECT_EQ(connections_, 2);
  connections_ = 0;
  dying_ = 2;
  EXPECT_TRUE(this->choice().choose({.host = "a"}, std::nullopt).trouble);
  EXPECT_EQ(connections_, 2) << "not for ever";
}

TEST_F(HostChoiceTest, TheTargetNamesIt) {
  HostChoice choice = this->choice();
  EXPECT_EQ(choice.choose(kvm(3, "b"), std::nullopt).hosts, Hosts{2});
  EXPECT_EQ(choice.choose(kvm(2, "a"), std::nullopt).skip, "host 'a': its KVM offers no GICv2");
  EXPECT_EQ(choice.choose({.host = "b"}, std::nullopt).hosts, Hosts{2});
  EXPECT_EQ(choice.choose({.host = "bb"}, std::nullopt).trouble, "hosts.json names no host 'bb'; did you mean 'b'?");
}

TEST_F(HostChoiceTest, TheUserPrefersOne) {
  preferred_ = "b";
  HostChoice choice = this->choice();
  EXPECT_EQ(choice.choose({}, std::nullopt).hosts, Hosts{2});
  EXPECT_EQ(choice.choose(kvm(3, "a"), std::nullopt).hosts, Hosts{1});
  EXPECT_EQ(choice.choose(kvm(3, "local"), std::nullopt).hosts, Hosts{0});
}

}  // namespace
}  // namespace bootrig
