// bootrig boot: one image, no files needed.
#include "cli/program_test.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

class Boot : public ::testing::Test {
 protected:
  // Builds the image and gives its file.
  std::string build(const std::string& name) {
    const Finished built = bootrig({"build", name, "--project", small_project(), "--output", folder_.path()});
    EXPECT_EQ(built.code, 0) << built.err;
    const std::size_t begin = built.out.find("/"), end = built.out.find("  sha256");
    EXPECT_NE(end, std::string::npos) << built.out;
    return built.out.substr(begin, end - begin);
  }
  // Without the time and what follows the verdict.
  static std::string until_verdict(const std::string& out) { return out.substr(0, out.find(" after ")); }

  TestFolder folder_;
};

constexpr const char* kLines = "guest: one\r\nguest: two\r\nguest: three\r\n";

TEST_F(Boot, RunsUntilTheGuestIsSilent) {
  const Finished finished = bootrig({"boot", build("guest"), "--silence", "300ms"});
  EXPECT_EQ(finished.code, 0) << finished.err;
  EXPECT_EQ(until_verdict(finished.out),
            std::string(kLines) + "bootrig: PASS: silent, still running, nothing was expected on virt");
  EXPECT_TRUE(finished.out.ends_with(" s, 3 lines, tcg\n")) << finished.out;
}

TEST_F(Boot, ExpectedTextPasses) {
  const Finished finished =
      bootrig({"boot", "--expect", "guest: one", "-e", "re:^guest: t.ree$", build("guest"), "-t", "virt[level=2]"});
  EXPECT_EQ(finished.code, 0) << finished.err;
  EXPECT_EQ(until_verdict(finished.out), std::string(kLines) + "bootrig: PASS on virt[level=2]");
}

TEST_F(Boot, ExpectedTextThatNeverComes) {
  const Finished silent = bootrig({"boot", build("guest"), "-e", "guest: four", "--timeout", "500ms"});
  EXPECT_EQ(silent.code, 1) << silent.err;
  EXPECT_NE(silent.out.find("bootrig: FAIL (boot-timeout) on virt after "), std::string::npos) << silent.out;
  EXPECT_NE(silent.out.find("\n  the time limit of 500ms passed; --expect: 'guest: four' never came (0 of 1 met)"),
            std::string::npos)
      << silent.out;
  EXPECT_NE(silent.out.find("\n  command: qemu-system-aarch64 "), std::string::npos);
  const Finished ended = bootrig({"boot", build("guest-off"), "-e", "guest: four"});
  EXPECT_EQ(ended.code, 1) << ended.err;
  EXPECT_NE(ended.out.find("bootrig: FAIL (missing-output) on virt after "), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("never came (0 of 1 met); the guest powered off\n"), std::string::npos) << ended.out;
}

TEST_F(Boot, ForbiddenTextFails) {
  const Finished finished = bootrig({"boot", "--forbid", "guest: two", build("guest")});
  EXPECT_EQ(finished.code, 1) << finished.err;
  EXPECT_NE(finished.out.find("bootrig: FAIL (failure-signature) on virt"), std::string::npos) << finished.out;
}

TEST_F(Boot, ACrashDumpNamesItsSignature) {
  const Finished finished = bootrig({"boot", build("guest-dump")});
  EXPECT_EQ(finished.code, 1) << finished.err;
  EXPECT_NE(finished.out.find("bootrig: FAIL (exception) on virt after "), std::string::npos) << finished.out;
  EXPECT_NE(finished.out.find("\n  bootrig-kernel-exception at line 3: 'bootrig kernel: EXCEPTION Synchronous, current "
                              "EL with SP_ELx, taken to EL1'\n"),
            std::string::npos)
      << finished.out;
}

TEST_F(Boot, QuietPrintsTheVerdictAlone) {
  const Finished passed = bootrig({"boot", "-q", build("guest-off")});
  EXPECT_EQ(passed.code, 0) << passed.err;
  EXPECT_TRUE(passed.out.starts_with("bootrig: PASS: powered-off on virt after ")) << passed.out;
  EXPECT_EQ(passed.out.find('\n'), passed.out.size() - 1);
  // A failure shows the console's last lines, made safe.
  const Finished failed = bootrig({"boot", "-q", build("guest-noise"), "-e", "guest: four"});
  EXPECT_EQ(failed.code, 1) << failed.err;
  EXPECT_NE(failed.out.find("guest: three"), std::string::npos) << failed.out;
  EXPECT_EQ(failed.out.find('\x1b'), std::string::npos) << failed.out;
}

TEST_F(Boot, TheDeviceTreeThatIsGiven) {
  const std::string tree = folder_.path() / "virt.dtb";
  const std::string dump = "qemu-system-aarch64 -M virt,dumpdtb=" + tree + " -nodefaults -display none 2>&1";
  ASSERT_EQ(std::system((dump + " | grep -q dumped").c_str()), 0);
  const Finished finished = bootrig({"boot", build("guest-off"), "--dtb", tree, "-e", "guest: four"});
  EXPECT_EQ(finished.code, 1) << finished.err;
  // QEMU's own dump is mostly room: the guest is given a copy without it.
  const std::size_t begin = finished.out.find(" -dtb ") + 6;
  const fs::path given = finished.out.substr(begin, finished.out.find_first_of(" \n", begin) - begin);
  EXPECT_EQ(given.filename(), "tree.dtb") << finished.out;
  EXPECT_LT(fs::file_size(given), fs::file_size(tree) / 2);
  const Finished again = bootrig({"boot", build("guest-off"), "--dtb", given.string(), "-e", "guest: four"});
  EXPECT_NE(again.out.find(" -dtb " + given.string()), std::string::npos) << again.out;
}

TEST_F(Boot, WhatIsNoDeviceTree) {
  const std::string image = build("guest-off");
  EXPECT_EQ(bootrig({"boot", image, "--dtb", image}).err,
            "bootrig: " + image + ": is no sound device tree: FDT_ERR_BADMAGIC\n");
  const std::string none = folder_.path() / "none.dtb";
  EXPECT_EQ(bootrig({"boot", image, "--dtb", none}).err,
            "bootrig: " + none + ": cannot read: No such file or directory\n");
}

TEST_F(Boot, OutputKeepsTheTranscript) {
  const fs::path output = folder_.path() / "kept";
  EXPECT_EQ(bootrig({"boot", build("guest-off"), "--output", output}).code, 0);
  EXPECT_EQ(text_of(output / "transcript.raw"), kLines);
  EXPECT_TRUE(text_of(output / "lines.tsv").starts_with("1\t0\t"));
}

TEST_F(Boot, ARawImage) {
  const std::string raw = folder_.path() / "guest.bin";
  ForkingLauncher launcher;
  const auto copied =
      run_command(launcher, {.argv = {"aarch64-linux-gnu-objcopy", "-O", "binary", build("guest-off"), raw}},
                  Deadline::after(SteadyClock().now(), std::chrono::seconds(60)));
  ASSERT_TRUE(copied && copied->status.code == 0);
  const Finished finished = bootrig({"boot", raw, "--load", "0x40400000"});
  EXPECT_EQ(finished.code, 0) << finished.err;
  EXPECT_EQ(until_verdict(finished.out), std::string(kLines) + "bootrig: PASS: powered-off on virt");
}

#ifndef __aarch64__
TEST_F(Boot, AKvmTargetIsSkippedHere) {
  const Finished finished = bootrig({"boot", build("guest"), "-t", "kvm"});
  EXPECT_EQ(finished.code, 2);
  EXPECT_TRUE(finished.out.starts_with("bootrig: SKIP on kvm: this host is ")) << finished.out;
  EXPECT_TRUE(finished.out.ends_with("; KVM runs AArch64 guests on AArch64 hosts alone\n")) << finished.out;
}
#endif

TEST_F(Boot, AQemuThatIsNotInstalled) {
  const std::string image = build("guest");
  const Finished finished = bootrig({"boot", image, "-t", "selftest-no-qemu"});
  EXPECT_EQ(finished.code, 2);
  EXPECT_EQ(finished.err, "bootrig: qemu-system-that-does-not-exist: cannot start: No such file or directory\n");
}

}  // namespace
}  // namespace bootrig
