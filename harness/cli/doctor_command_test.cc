// bootrig doctor: hosts that lack this or that, made by a PATH of their own.
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/program_test.h"
#include "image/ninja_run.h"
#include "testing/json_schema.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

std::string as_root(const std::string& command) {
  return (::geteuid() == 0 ? "" : "sudo ") + command;
}

class Doctor : public ::testing::Test {
 protected:
  Doctor() { fs::create_directories(tools_); }
  // The host's own, under its name.
  void have(const std::vector<std::string>& programs) {
    for (const std::string& program : programs) {
      ASSERT_FALSE(find_program(program).empty()) << program;
      fs::create_symlink(find_program(program), tools_ / program);
    }
  }
  void have_script(const std::string& program, const std::string& text) {
    const fs::path file = folder_.put("tools/" + program, "#!/bin/sh\n" + text);
    ASSERT_EQ(::chmod(file.c_str(), 0755), 0);
  }
  Finished doctor(Words more = {}, const std::string& cache = "cache") {
    Words words{"doctor", "--project", project_, "--output", output_};
    words.insert(words.end(), more.begin(), more.end());
    return bootrig(words, {"PATH=" + tools_.string(), "XDG_CACHE_HOME=" + (folder_.path() / cache).string()});
  }
  // The checks by name, and the exit status that goes with them.
  Json checks(int code, Words more = {}, const std::string& cache = "cache") {
    more.push_back("--json");
    const Finished finished = doctor(more, cache);
    EXPECT_EQ(finished.code, code) << finished.out << finished.err;
    EXPECT_EQ(against_schema(source_path("reports/doctor.schema.json"), finished.out), "");
    const Json document = Json::parse(finished.out, nullptr, /*allow_exceptions=*/false);
    EXPECT_EQ(document["ready"], code == 0);
    Json named;
    for (const Json& check : document["checks"]) named[check["name"].get<std::string>()] = check;
    return named;
  }
  static std::vector<std::string> needed_and_missing(const Json& checks) {
    std::vector<std::string> names;
    for (const auto& [name, check] : checks.items()) {
      if (check["needed"] == true && check["state"] != "ok") names.push_back(name);
    }
    return names;
  }

  TestFolder folder_;
  fs::path tools_ = folder_.path() / "tools";
  std::string project_ = small_project();
  std::string output_ = folder_.path() / "out";
};

using Names = std::vector<std::string>;

TEST_F(Doctor, AnEmptyPath) {
  const Json all = checks(1);
  EXPECT_EQ(needed_and_missing(all), (Names{"aarch64-linux-gnu-gcc", "machine virt", "ninja", "qemu-system-aarch64"}));
  const std::map<std::string, std::string> packages{{"qemu-system-aarch64", "qemu-system-arm"},
                                                    {"machine virt", "qemu-system-arm"},
                                                    {"aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu"},
                                                    {"ninja", "ninja-build"},
                                                    {"dtc", "device-tree-compiler"},
                                                    {"gdb-multiarch", "gdb-multiarch"},
                                                    {"ssh-keygen", "openssh-client"},
                                                    {"chromium", "chromium"},
                                                    {"git", "git"}};
  for (const auto& [name, package] : packages) {
    EXPECT_EQ(all[name]["state"], "missing") << name;
    EXPECT_EQ(all[name]["found"], "not found in PATH") << name;
    EXPECT_EQ(all[name]["mend"], as_root("apt-get install --no-install-recommends " + package)) << name;
  }
}

TEST_F(Doctor, WhatIsNeededAndNoMore) {
  have({"qemu-system-aarch64", "aarch64-linux-gnu-gcc", "ninja"});
  const Json all = checks(0);
  EXPECT_EQ(needed_and_missing(all), Names{});
  EXPECT_EQ(all["dtc"]["state"], "missing");
  EXPECT_TRUE(all["qemu-system-aarch64"]["found"].get<std::string>().starts_with("QEMU emulator version "));
  EXPECT_TRUE(all["machine virt"]["found"].get<std::string>().starts_with("QEMU ")) << all["machine virt"];
  EXPECT_EQ(all["project"]["found"].get<std::string>().substr(0, small_project().size() + 2), small_project() + ": ");
  EXPECT_EQ(all["ninja"]["mend"], "");
  EXPECT_EQ(all["slots"]["state"], "ok");
  const Finished told = doctor();
  EXPECT_EQ(told.code, 0);
  EXPECT_NE(told.out.find("\nmissing  dtc "), std::string::npos) << told.out;
  EXPECT_NE(told.out.find("only for: recipes with device trees in source\n"), std::string::npos) << told.out;
  EXPECT_NE(told.out.find("\nbootrig: all that is needed is here; "), std::string::npos) << told.out;
}

TEST_F(Doctor, ToolsThatAreBroken) {
  have({"aarch64-linux-gnu-gcc"});
  have_script("qemu-system-aarch64",
              "[ \"$1\" = --version ] && { printf 'QEMU \\033[2J7\\nmore\\n'; exit; }\n"
              "printf 'Supported machines are:\\nvirtual              not it\\n'\n");
  have_script("ninja", "exit 3\n");
  const Json all = checks(1);
  EXPECT_EQ(needed_and_missing(all), (Names{"machine virt", "ninja"}));
  EXPECT_EQ(all["machine virt"]["found"], "QEMU has no machine of this name");
  EXPECT_EQ(all["ninja"]["found"], "does not run: exit status 3");
  const Finished told = doctor();
  EXPECT_NE(told.out.find("qemu-system-aarch64    QEMU \\x1b[2J7\n"), std::string::npos) << told.out;
  EXPECT_TRUE(told.out.ends_with("\nbootrig: 2 that are needed are missing\n")) << told.out;
}

TEST_F(Doctor, ATargetOfTheProjectIsWrong) {
  have({"qemu-system-aarch64", "aarch64-linux-gnu-gcc", "ninja"});
  project_ = folder_.path() / "project";
  copy_project(small_project(), project_);
  folder_.put("project/targets/bad.json", R"({ "extends": "base/qemu-virt", "sumary": "x" })");
  const Json all = checks(1);
  EXPECT_EQ(needed_and_missing(all), Names{"project"});
  EXPECT_NE(all["project"]["found"].get<std::string>().find("bad.json:/sumary"), std::string::npos) << all["project"];
  EXPECT_EQ(all["project"]["state"], "broken") << "it is there";
}

TEST_F(Doctor, FoldersThatCannotBeMade) {
  have({"qemu-system-aarch64", "aarch64-linux-gnu-gcc", "ninja"});
  folder_.put("file", "");
  const Json cache = checks(0, {}, "file");
  EXPECT_EQ(cache["cache folder"]["state"], "missing");
  EXPECT_EQ(cache["cache folder"]["mend"], "export XDG_CACHE_HOME=FOLDER_ELSEWHERE");
  output_ = folder_.path() / "file/out";
  const Json all = checks(1);
  EXPECT_EQ(needed_and_missing(all), Names{"output folder"});
  EXPECT_EQ(all["output folder"]["found"], output_ + ": " + (folder_.path() / "file").string() + " is no folder");
}

TEST_F(Doctor, AProjectThatIsNone) {
  project_ = "/none";
  const Finished finished = doctor();
  EXPECT_EQ(finished.code, 2);
  EXPECT_EQ(finished.out, "");
  EXPECT_EQ(finished.err, "bootrig: --project: /none is no folder\n");
}

}  // namespace
}  // namespace bootrig
