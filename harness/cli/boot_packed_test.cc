// bootrig boot and inspect of uImages and FITs, made by mkimage and booted by QEMU.
#include <fmt/format.h>

#include "cli/program_test.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

class BootPacked : public ::testing::Test {
 protected:
  Finished build(const std::string& name, const std::string& project) {
    return bootrig({"build", name, "--project", project, "--output", folder_.path() / "built"});
  }
  // The small project's image as raw bytes that are entered at their first.
  std::string raw_guest() {
    const Finished built = build("guest-off", small_project());
    EXPECT_EQ(built.code, 0) << built.err;
    const std::size_t begin = built.out.find('/'), end = built.out.find("  sha256");
    const std::string raw = folder_.path() / "guest.bin";
    run({"aarch64-linux-gnu-objcopy", "-O", "binary", built.out.substr(begin, end - begin), raw});
    return raw;
  }
  void run(const Words& argv) {
    ForkingLauncher launcher;
    const auto done =
        run_command(launcher, {.argv = argv}, Deadline::after(SteadyClock().now(), std::chrono::seconds(60)));
    ASSERT_TRUE(done && done->status.code == 0) << argv.front() << (done ? done->output : "");
  }
  std::string fit(const std::string& images, const std::string& configuration, const Words& options = {}) {
    const auto source = folder_.put(
        "image.its", fmt::format("/dts-v1/;\n/ {{ description = \"test\"; #address-cells = <1>;\n"
                                 "images {{ {} }};\nconfigurations {{ default = \"c\"; c {{ {} }}; }};\n}};\n",
                                 images, configuration));
    const std::string file = folder_.path() / "image.itb";
    Words argv{"mkimage", "-q", "-f", source.string()};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.push_back(file);
    run(argv);
    return file;
  }
  static std::string image_node(const std::string& name, const std::string& kind, const std::string& file,
                                const std::string& more = "") {
    return fmt::format(
        "{} {{ description = \"{}\"; data = /incbin/(\"{}\"); type = \"{}\"; arch = \"arm64\"; "
        "os = \"linux\"; compression = \"none\"; {} hash-1 {{ algo = \"sha1\"; }}; }};\n",
        name, name, file, kind, more);
  }

  TestFolder folder_;
};

constexpr const char* kPackedLines = "guest: one\r\nguest: two\r\nguest: three\r\nbootrig: PASS";
constexpr const char* kAddress = "0x40400000";

TEST_F(BootPacked, UImagesOfMkimage) {
  const std::string raw = raw_guest(), packed = folder_.path() / "guest.uimage", zipped = raw + ".gz";
  run({"sh", "-c", "gzip -nk " + raw});
  const struct {
    const char *kind, *compression;
    std::string file;
  } cases[] = {{"kernel", "none", raw}, {"standalone", "none", raw}, {"kernel", "gzip", zipped}};
  for (const auto& c : cases) {
    run({"mkimage", "-q", "-A", "arm64", "-O", "linux", "-T", c.kind, "-C", c.compression, "-a", kAddress, "-e",
         kAddress, "-n", "a guest", "-d", c.file, packed});
    const Finished booted = bootrig({"boot", packed});
    EXPECT_EQ(booted.code, 0) << booted.out << booted.err;
    EXPECT_TRUE(booted.out.starts_with(kPackedLines)) << booted.out;
    const Finished inspected = bootrig({"inspect", packed});
    EXPECT_NE(
        inspected.out.find(fmt::format("  packed     a guest: {}, arm64, compression {}, ", c.kind, c.compression)),
        std::string::npos)
        << inspected.out;
    EXPECT_NE(inspected.out.find("crc32 of the header good, crc32 good"), std::string::npos) << inspected.out;
  }
  std::string bytes = text_of(packed);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  ASSERT_TRUE(write_file(packed, bytes));
  EXPECT_EQ(bootrig({"boot", packed}).err, "bootrig: " + packed +
                                               ": what it holds: its crc32 does not match its bytes: the file is "
                                               "damaged\n");
  const Finished inspected = bootrig({"inspect", packed});
  EXPECT_EQ(inspected.code, 1);
  EXPECT_NE(inspected.out.find("error: a crc32 in the uImage is not that of the bytes that are there [bad-hash]"),
            std::string::npos)
      << inspected.out;
}

TEST_F(BootPacked, AFitOfRawCode) {
  const std::string node =
      image_node("kernel-1", "kernel", raw_guest(), fmt::format("load = <{}>; entry = <{}>;", kAddress, kAddress));
  for (const Words& options : {Words{}, Words{"-E"}}) {  // -E: the data behind the tree
    const std::string file = fit(node, "kernel = \"kernel-1\";", options);
    const Finished booted = bootrig({"boot", file});
    EXPECT_EQ(booted.code, 0) << booted.out << booted.err;
    EXPECT_TRUE(booted.out.starts_with(kPackedLines)) << booted.out;
    const Finished inspected = bootrig({"inspect", file});
    EXPECT_EQ(inspected.code, 0) << inspected.out;
    EXPECT_NE(inspected.out.find("  configuration c (default): kernel kernel-1\n"), std::string::npos) << inspected.out;
    EXPECT_NE(inspected.out.find("loaded at 0x40400000, entered at 0x40400000, sha1 good"), std::string::npos)
        << inspected.out;
  }
}

// Skipped where Debian's kernel cannot be had.
TEST_F(BootPacked, AFitOfLinux) {
  const Finished built = build("linux", source_path());
  if (built.code != 0) GTEST_SKIP() << built.err;
  const std::size_t begin = built.out.find('/'), end = built.out.find("  sha256");
  const fs::path kernel = fs::canonical(built.out.substr(begin, end - begin));
  std::string initramfs;
  for (const auto& entry : fs::recursive_directory_iterator(folder_.path() / "built")) {
    if (entry.path().filename() == "initramfs.cpio") initramfs = entry.path();
  }
  ASSERT_FALSE(initramfs.empty()) << kernel;
  const std::string tree = folder_.path() / "virt.dtb";
  run({"qemu-system-aarch64", "-M", "virt,dumpdtb=" + tree, "-cpu", "cortex-a53", "-m", "1G", "-nodefaults", "-display",
       "none"});
  const Finished plain =
      bootrig({"boot", kernel, "-q", "--initrd", initramfs, "--dtb", tree, "--append", "console=ttyAMA0 panic=-1",
               "--expect", "init: hello", "--target", "virt[memory=1G]", "--timeout", "90s"});
  EXPECT_EQ(plain.code, 0) << plain.out << plain.err;
  run({"sh", "-c", fmt::format("gzip -n1c {} > {}/Image.gz", kernel.string(), folder_.path().string())});
  const std::string zipped =
      image_node("kernel-1", "kernel", folder_.path() / "Image.gz", "load = <0x40200000>; entry = <0x40200000>;");
  std::string images = zipped;
  images.replace(images.find("compression = \"none\""), 20, "compression = \"gzip\"");
  images += image_node("ramdisk-1", "ramdisk", initramfs) + image_node("fdt-1", "flat_dt", tree);
  const std::string file = fit(images, "kernel = \"kernel-1\"; ramdisk = \"ramdisk-1\"; fdt = \"fdt-1\";");
  const Finished booted =
      bootrig({"boot", file, "-q", "--append", "console=ttyAMA0 panic=-1", "--expect", "Run /init as init process",
               "--expect", "init: hello", "--target", "virt[memory=1G]", "--timeout", "90s"});
  EXPECT_EQ(booted.code, 0) << booted.out << booted.err;
}

}  // namespace
}  // namespace bootrig
