#include "spec/target.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "spec/board.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

// Profiles in memory, by name.
struct Profiles {
  std::map<std::string, std::string> files;

  Result<TargetProfile> parse(std::string_view name) const {
    std::vector<std::string> known;
    for (const auto& file : files) known.push_back(file.first);
    const ProfileSource source = [this](std::string_view wanted) -> Result<NamedText> {
      return NamedText{std::string(wanted) + ".json", files.at(std::string(wanted))};
    };
    return parse_target(name, source, known);
  }
  std::string error(std::string_view name) const {
    const auto profile = parse(name);
    return profile ? "none" : to_text(profile.error());
  }
};

// The profiles of targets/.
Profiles shipped() {
  Profiles profiles;
  const fs::path folder = fs::path(source_path("targets"));
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const fs::path file = entry.path().lexically_relative(folder);
    if (file.extension() != ".json" || file.string().ends_with(".schema.json")) continue;
    profiles.files[(file.parent_path() / file.stem()).string()] = read_file(entry.path()).value();
  }
  return profiles;
}

TEST(Target, ReadsEveryKey) {
  const Profiles profiles{{{"x", R"({ "summary": "s", "tags": ["a"], "timeout-multiplier": 1.5, "machine": {
      "kind": "qemu", "accelerator": "tcg", "cpu": "max,sve=off", "cpus": 512, "memory": "255G", "gic": 3,
      "level": 3, "deterministic": true, "qemu": "/opt/qemu", "arguments": ["-d", "int"] }, "variable": ["cpus"] })"}}};
  const auto profile = profiles.parse("x");
  ASSERT_TRUE(profile) << to_text(profile.error());
  EXPECT_EQ(profile->name, "x");
  EXPECT_EQ(profile->file, "x.json");
  EXPECT_EQ(profile->summary, "s");
  EXPECT_EQ(profile->tags, std::vector<std::string>{"a"});
  EXPECT_EQ(profile->timeout_multiplier, 1.5);
  EXPECT_EQ(profile->machine.accelerator, Accelerator::kTcg);
  EXPECT_EQ(profile->machine.cpu, "max,sve=off");
  EXPECT_EQ(profile->machine.cpus, 512u);
  EXPECT_TRUE(profile->machine.deterministic);
  EXPECT_EQ(profile->machine.memory, std::uint64_t{255} << 30);
  EXPECT_EQ(profile->machine.gic, 3u);
  EXPECT_EQ(profile->machine.level, 3u);
  EXPECT_EQ(profile->machine.qemu, "/opt/qemu");
  EXPECT_EQ(profile->machine.extra_arguments, (std::vector<std::string>{"-d", "int"}));
  EXPECT_EQ(profile->variable, std::vector<std::string>{"cpus"});
}

TEST(Target, TargetsOfOnePortAreOneBoardAtAnySpeed) {
  const std::string port = R"({"summary": "s", "machine": {"kind": "board", "serial": "/dev/ttyUSB0", "baud": )";
  const Profiles profiles{{{"slow", port + "115200}}"}, {"fast", port + "1500000}}"}}};
  const auto slow = profiles.parse("slow"), fast = profiles.parse("fast");
  ASSERT_TRUE(slow && fast) << profiles.error("slow");
  EXPECT_EQ(slow->machine.board->lease.lock, "/tmp/bootrig-board-_dev_ttyUSB0.lock");
  EXPECT_EQ(fast->machine.board->lease.lock, slow->machine.board->lease.lock);
}

TEST(Target, ExtendsMergesObjectsAndReplacesTheRest) {
  const Profiles profiles{{{"base/b", R"({"summary": "base", "tags": ["a", "b"],
                                          "machine": {"kind": "qemu", "gic": 3, "cpus": 4}})"},
                           {"x", R"({"extends": "base/b", "tags": ["c"], "machine": {"cpus": 2}})"}}};
  const auto profile = profiles.parse("x");
  ASSERT_TRUE(profile) << to_text(profile.error());
  EXPECT_EQ(profile->summary, "base");
  EXPECT_EQ(profile->tags, std::vector<std::string>{"c"});
  EXPECT_EQ(profile->machine.gic, 3u);
  EXPECT_EQ(profile->machine.cpus, 2u);
}

TEST(Target, FourStepsOfExtendsAreAllowed) {
  const std::string machine = R"("summary": "s", "machine": {"kind": "qemu"})";
  Profiles profiles{{{"a", R"({"extends": "b"})"},
                     {"b", R"({"extends": "c"})"},
                     {"c", R"({"extends": "d"})"},
                     {"d", R"({"extends": "e"})"},
                     {"e", "{" + machine + "}"}}};
  EXPECT_EQ(profiles.error("a"), "none");
  profiles.files["e"] = R"({"extends": "f"})";
  profiles.files["f"] = "{" + machine + "}";
  EXPECT_EQ(profiles.error("a"), "e.json:/extends: goes deeper than 4: a -> b -> c -> d -> e -> f");
  EXPECT_EQ(profiles.error("b"), "none");
}

TEST(Target, NamesThatAreNotThere) {
  const Profiles profiles{{{"virt", "{}"}, {"base/virt", "{}"}}};
  EXPECT_EQ(profiles.error("vurt"), "there is no target 'vurt'; did you mean 'virt'?");
  EXPECT_EQ(profiles.error("base/virt"), "'base/virt' is a base that targets extend; it cannot be run");
}

TEST(Target, EveryShippedProfileIsValidAndSaysWhatItsNameSays) {
  const Profiles profiles = shipped();
  std::size_t count = 0;
  for (const auto& [name, text] : profiles.files) {
    if (name.starts_with("base/")) continue;
    const auto profile = profiles.parse(name);
    ASSERT_TRUE(profile) << to_text(profile.error());
    ++count;
    const MachineSpec& machine = profile->machine;
    const auto says = [&](std::string_view word) { return name.find(word) != std::string::npos; };
    const auto fixed = [&](const char* key) {
      return std::ranges::find(profile->variable, key) == profile->variable.end();
    };
    for (unsigned level = 1; level <= 3; ++level) {
      const bool named = says("-el" + std::to_string(level));
      EXPECT_TRUE(!named || (machine.level == level && fixed("level"))) << name;
    }
    for (unsigned gic = 2; gic <= 3; ++gic) {
      const bool named = says("-gicv" + std::to_string(gic));
      EXPECT_TRUE(!named || (machine.gic == gic && fixed("gic"))) << name;
    }
    EXPECT_TRUE(!says("smp4") || (machine.cpus == 4 && fixed("cpus"))) << name;
    const bool names_cpu = says("cortex") || says("neoverse") || says("max");
    EXPECT_TRUE(!names_cpu || (says(machine.cpu) && fixed("cpu"))) << name;
    EXPECT_EQ(machine.accelerator == Accelerator::kKvm, name.starts_with("kvm")) << name;
    EXPECT_EQ(std::ranges::find(profile->tags, "selftest") != profile->tags.end(), name.starts_with("selftest"))
        << name;
  }
  EXPECT_GE(count, 15u);
}

TEST(TargetReference, SplitsAndJoins) {
  for (const char* text : {"virt", "virt[gic=3]", "virt-el1-gicv2[cpus=2,memory=1G]"}) {
    const auto reference = parse_target_reference(text);
    ASSERT_TRUE(reference) << to_text(reference.error());
    EXPECT_EQ(target_id(reference->name, reference->variation), text);
  }
  const auto reference = parse_target_reference("virt[memory=1G,gic=3]");
  ASSERT_TRUE(reference);
  EXPECT_EQ(target_id(reference->name, reference->variation), "virt[gic=3,memory=1G]") << "sorted by key";
}

TEST(TargetReference, ErrorsNameTheText) {
  const std::string form = "; write a name, as in 'virt', or a name and what varies, as in 'virt[gic=3,memory=1G]'";
  const std::pair<const char*, const char*> cases[] = {
      {"", "'' is not a target: it has no name"},
      {"[gic=3]", "'[gic=3]' is not a target: it has no name"},
      {"vi rt", "'vi rt' is not a target: its name has characters that no target has"},
      {"virt[gic=3", "'virt[gic=3' is not a target: it does not end with ']'"},
      {"virt[]", "'virt[]' is not a target: '' is not a key, '=' and a value"},
      {"virt[gic]", "'virt[gic]' is not a target: 'gic' is not a key, '=' and a value"},
      {"virt[gic=]", "'virt[gic=]' is not a target: 'gic=' is not a key, '=' and a value"},
      {"virt[gic=2,gic=3]", "'virt[gic=2,gic=3]' is not a target: 'gic' stands twice"},
      {"virt[\x1b]", "'virt[\\x1b]' is not a target: '\\x1b' is not a key, '=' and a value"},
  };
  for (const auto& [text, message] : cases) {
    const auto reference = parse_target_reference(text);
    ASSERT_FALSE(reference) << text;
    EXPECT_EQ(to_text(reference.error()), message + form);
  }
}

TEST(Variation, IsApplied) {
  const auto virt = shipped().parse("virt");
  ASSERT_TRUE(virt) << to_text(virt.error());
  const auto varied =
      apply_variation(*virt, {{"cpu", "max"}, {"cpus", "9"}, {"gic", "3"}, {"level", "2"}, {"memory", "1536M"}});
  ASSERT_TRUE(varied) << to_text(varied.error());
  EXPECT_EQ(machine_value(varied->machine, "cpu"), "max");
  EXPECT_EQ(machine_value(varied->machine, "cpus"), "9");
  EXPECT_EQ(machine_value(varied->machine, "gic"), "3");
  EXPECT_EQ(machine_value(varied->machine, "level"), "2");
  EXPECT_EQ(machine_value(varied->machine, "memory"), "1536M");
  EXPECT_EQ(machine_value(varied->machine, "accelerator"), "tcg");
  EXPECT_EQ(machine_value(virt->machine, "memory"), "1G");
}

TEST(Variation, ErrorsSayWhatMayVary) {
  const Profiles profiles = shipped();
  struct Case {
    const char* target;
    Variation variation;
    const char* message;
  };
  const Case cases[] = {
      {"virt",
       {{"gci", "3"}},
       "virt[gci=3]: 'gci' may not vary in 'virt'; 'level', 'gic', 'memory', 'cpus' or 'cpu' may; did you mean 'gic'?"},
      {"virt-el1-gicv2",
       {{"gic", "3"}},
       "virt-el1-gicv2[gic=3]: 'gic' may not vary in 'virt-el1-gicv2'; 'memory' or 'cpus' may"},
      {"selftest-no-qemu",
       {{"gic", "3"}},
       "selftest-no-qemu[gic=3]: 'gic' may not vary in 'selftest-no-qemu'; nothing of it may"},
      {"virt", {{"gic", "4"}}, "virt[gic=4]: gic: found '4'; 2 or 3 is expected"},
      {"virt", {{"level", "x"}}, "virt[level=x]: level: found 'x'; a whole number from 1 to 3 is expected"},
      {"virt",
       {{"memory", "63M"}},
       "virt[memory=63M]: memory: found 63M; a whole number of M from 64M to 255G is expected"},
      {"virt", {{"cpus", "9"}}, "virt[cpus=9]: cpus: found 9; with GICv2 at most 8 are allowed, with GICv3 512"},
      {"virt", {{"cpu", "a b"}}, "virt[cpu=a b]: cpu: 'a b' is not the name of a CPU model"},
      {"virt", {{"cpu", "m\u00e4x"}}, "virt[cpu=m\u00e4x]: cpu: 'm\u00e4x' is not the name of a CPU model"},
  };
  for (const Case& one : cases) {
    const auto profile = profiles.parse(one.target);
    ASSERT_TRUE(profile) << to_text(profile.error());
    const auto varied = apply_variation(*profile, one.variation);
    ASSERT_FALSE(varied) << one.message;
    EXPECT_EQ(to_text(varied.error()), one.message);
  }
}

}  // namespace
}  // namespace bootrig
