// A release's evidence: that it stands alone, and that not one byte of it can change unseen.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "cli/program_test.h"
#include "testing/json_schema.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class Qualify : public ::testing::Test {
 protected:
  Finished qualify(const Words& more, const std::string& project = small_project()) {
    Words words{"qualify", "--project", project, "--output", folder_.path() / "run", "--bundle", bundle_};
    words.insert(words.end(), more.begin(), more.end());
    return bootrig(words);
  }
  Finished verify(const Words& more = {}) {
    Words words{"qualify", "--verify", bundle_};
    words.insert(words.end(), more.begin(), more.end());
    return bootrig(words);
  }
  fs::path make_key(const std::string& name) {
    const fs::path path = folder_.path() / name;
    const auto made = run_command(launcher_, {.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path}},
                                  Deadline::after(SteadyClock().now(), std::chrono::seconds(60)));
    EXPECT_TRUE(made && made->status.code == 0);
    return path;
  }
  fs::path allow(const fs::path& key) {
    return folder_.put("allowed", "ann@example.org " + text_of(key.string() + ".pub"));
  }
  std::vector<fs::path> files() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(bundle_)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::ranges::sort(files);
    return files;
  }
  // What verification finds; "" for nothing.
  std::string problems(const Words& more = {}) {
    const Finished finished = verify(more);
    EXPECT_EQ(finished.err, "");
    if (finished.code == 0) return "";
    EXPECT_EQ(finished.code, 1);
    const std::string last = bundle_.string() + " is not as it was made\n";
    EXPECT_TRUE(finished.out.ends_with(last)) << finished.out;
    return finished.out.substr(0, finished.out.size() - std::min(finished.out.size(), last.size()));
  }

  TestFolder folder_;
  ForkingLauncher launcher_;
  fs::path bundle_ = folder_.path() / "bundle";
};

TEST_F(Qualify, ABundleIsVerifiedWhereverItIsAndNotWhenAByteChanged) {
  const fs::path key = make_key("key");
  const Words signers{"--allowed-signers", allow(key)};
  const Finished made = qualify({"good/off@virt", "--require", "2", "--sign", key});
  ASSERT_EQ(made.code, 0) << made.out << made.err;
  fs::rename(bundle_, folder_.path() / "moved");
  bundle_ = folder_.path() / "moved";
  fs::remove_all(folder_.path() / "run");
  EXPECT_EQ(problems(signers), "");
  EXPECT_EQ(problems(), "");
  const Finished told = verify(signers);
  EXPECT_NE(
      told.out.find("1 testcase on 1 image, each green 2 times in a row\nsigned by ann@example.org (ED25519 key "),
      std::string::npos)
      << told.out;

  for (const fs::path& file : files()) {
    const std::string name = file.lexically_relative(bundle_).string(), bytes = text_of(file);
    SCOPED_TRACE(name);
    if (!bytes.empty()) {
      std::string changed = bytes;
      changed[bytes.size() / 2] = static_cast<char>(changed[bytes.size() / 2] ^ 1);
      ASSERT_TRUE(write_file(file, changed));
      EXPECT_TRUE(problems(signers).starts_with(name + ": "));
    }
    ASSERT_TRUE(write_file(file, bytes + "\n"));
    EXPECT_TRUE(problems().starts_with(name + ": ")) << problems();
    fs::remove(file);
    EXPECT_EQ(problems(), name + ": is missing\n");
    ASSERT_TRUE(write_file(file, bytes));
  }
  EXPECT_EQ(problems(signers), "") << "all is as it was";
  ASSERT_TRUE(write_file(bundle_ / "cells/more", "x"));
  EXPECT_EQ(problems(), "cells/more: was added\n");
}

TEST_F(Qualify, AWrongSignatureIsTold) {
  const fs::path key = make_key("key"), other = make_key("other");
  const Words signers{"--allowed-signers", allow(key)};
  ASSERT_EQ(qualify({"good/off@virt", "--require", "1", "--sign", other}).code, 0);
  EXPECT_EQ(problems(), "") << "some key's";
  EXPECT_TRUE(problems(signers).starts_with("statement.json.sig: ED25519 key SHA256:")) << problems(signers);
  // The statement of another bundle, well signed.
  fs::rename(bundle_, folder_.path() / "first");
  ASSERT_EQ(qualify({"good/idle@virt", "--require", "1", "--sign", key}).code, 0);
  for (const char* name : {"statement.json", "statement.json.sig"}) {
    fs::copy(bundle_ / name, folder_.path() / "first" / name, fs::copy_options::overwrite_existing);
  }
  bundle_ = folder_.path() / "first";
  EXPECT_EQ(problems(signers), "statement.json: has changed\n");
}

TEST_F(Qualify, TheStatementIsAnInTotoTestResult) {
  ASSERT_EQ(qualify({"-m", "good", "--target", "virt*level=1*", "--require", "1"}).code, 0);
  const Json statement = Json::parse(text_of(bundle_ / "statement.json"));
  EXPECT_EQ(statement["_type"], "https://in-toto.io/Statement/v1");
  EXPECT_EQ(statement["predicateType"], "https://in-toto.io/attestation/test-result/v0.1");
  EXPECT_EQ(statement["predicate"]["result"], "PASSED");
  EXPECT_EQ(statement["predicate"]["passedTests"],
            (Words{"good/idle@virt[gic=2,level=1]", "good/idle@virt[gic=3,level=1]", "good/off@virt[gic=2,level=1]",
                   "good/off@virt[gic=3,level=1]"}));
  EXPECT_EQ(statement["predicate"]["failedTests"], Json::array());
  const Report report = report_of(bundle_);
  ASSERT_EQ(statement["subject"].size(), 2u);
  for (const Json& subject : statement["subject"]) {
    const std::string sha256 = subject["digest"]["sha256"];
    EXPECT_EQ(sha256_file(bundle_ / std::string(subject["name"])).value_or(""), sha256);
    EXPECT_TRUE(std::ranges::any_of(report.rows, [&](const Row& row) { return row.sha256 == sha256; })) << sha256;
  }
  EXPECT_EQ(against_schema(source_path("reports/qualify.schema.json"), text_of(bundle_ / "qualify.json")), "");
  const Json qualification = Json::parse(text_of(bundle_ / "qualify.json"));
  std::set<std::string> tools;
  for (const Json& tool : qualification["tools"]["programs"]) tools.insert(tool["name"]);
  for (const char* name : {"bootrig", "ninja", "qemu-system-aarch64", "aarch64-linux-gnu-gcc"}) {
    EXPECT_TRUE(tools.contains(name)) << name;
  }
  EXPECT_EQ(Json::parse(text_of(bundle_ / "plan.json"))["testcases"].size(), 4u);
  EXPECT_TRUE(fs::exists(bundle_ / "recipes/guest/recipe.json"));
  EXPECT_TRUE(fs::exists(bundle_ / "cells/good/off/virt,gic=2,level=1/attempt-1/transcript.raw"));
  EXPECT_EQ(problems(), "");
  EXPECT_NE(verify().out.find("\nnot signed\n"), std::string::npos);
  const fs::path key = make_key("key");
  EXPECT_EQ(problems({"--allowed-signers", allow(key)}), "statement.json.sig: is missing: the bundle is not signed\n");
  // sha256sum agrees.
  const auto checked = run_command(launcher_, {.argv = {"sha256sum", "--quiet", "-c", "SHA256SUMS"}, .folder = bundle_},
                                   Deadline::after(SteadyClock().now(), std::chrono::seconds(60)));
  EXPECT_TRUE(checked && checked->status.code == 0) << (checked ? checked->output : "");
}

TEST_F(Qualify, WhatIsNotGreenMakesNoBundle) {
  const Finished failed = qualify({"bad/fourth@virt", "--require", "2"});
  EXPECT_EQ(failed.code, 1) << failed.err;
  EXPECT_FALSE(fs::exists(bundle_));
  EXPECT_EQ(report_of(folder_.path() / "run").rows.size(), 1u) << "the first failure ends it";
#ifndef __aarch64__
  const fs::path project = folder_.path() / "project";
  copy_project(small_project(), project);
  folder_.put("project/targets/with-kvm.json", R"({ "extends": "base/qemu-kvm", "summary": "Not here" })");
  const Finished skipped = qualify({"good/off@with-kvm", "--require", "1"}, project);
  EXPECT_EQ(skipped.code, 1);
  EXPECT_TRUE(skipped.err.starts_with("bootrig: not qualified: good/off@with-kvm: session 1 is not green: skip: "))
      << skipped.err;
  EXPECT_FALSE(fs::exists(bundle_));
  EXPECT_FALSE(fs::exists(bundle_.string() + ".partial"));
#endif
}

TEST_F(Qualify, WhatCannotBeTried) {
  const std::string here = folder_.path().string();
  Finished finished = bootrig({"qualify", "good/off@virt", "--project", small_project()});
  EXPECT_EQ(finished.code, 2);
  EXPECT_EQ(finished.err, "bootrig: --bundle is required: the folder that gets the evidence (or --verify DIR)\n");
  finished = qualify({});
  EXPECT_EQ(finished.code, 2);
  EXPECT_EQ(finished.err, "bootrig: what is to be qualified? Name testcases, or a matrix with --matrix\n");
  folder_.put("bundle/file", "");
  finished = qualify({"good/off@virt"});
  EXPECT_EQ(finished.code, 2);
  EXPECT_EQ(finished.err, "bootrig: " + here + "/bundle: is there already; a bundle is written to a new folder\n");
  finished = verify();
  EXPECT_EQ(finished.code, 2);
  EXPECT_EQ(finished.err, "bootrig: " + here + "/bundle: is no bundle of 'bootrig qualify'\n");
  folder_.put("bundle/SHA256SUMS", "");
  EXPECT_EQ(problems(), "statement.json: is missing\n");
  finished = verify({"--allowed-signers", here + "/none"});
  EXPECT_EQ(finished.code, 2);
  EXPECT_EQ(finished.err, "bootrig: " + here + "/none: there is no such file of allowed signers\n");
}

}  // namespace
}  // namespace bootrig
