// The stage debian-package with the real apt and dpkg-deb, against an archive made here: no network.
#include "image/debian_package.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <optional>

#include "testing/stage_project.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

// A variable of the environment, for as long as it lives.
class Setting {
 public:
  Setting(const char* name, const std::string& value) : name_(name) {
    if (const char* old = ::getenv(name)) old_ = old;
    ::setenv(name, value.c_str(), 1);
  }
  ~Setting() { old_ ? ::setenv(name_, old_->c_str(), 1) : ::unsetenv(name_); }
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

// An archive of packages in a folder, and apt told to use no other.
class Archive {
 public:
  Archive()
      : apt_conf_("APT_CONFIG", folder_
                                    .put("apt.conf", fmt::format("Dir::Etc::sourcelist \"{0}/sources.list\";\n"
                                                                 "Dir::Etc::sourceparts \"{0}/none\";\n",
                                                                 folder_.path().string()))
                                    .string()) {
    folder_.put("sources.list", fmt::format("deb [trusted=yes] file:{}/archive ./\n", folder_.path().string()));
    folder_.put("archive/Packages", "");
  }

  // `files`: path in the package -> bytes.
  void add(const std::string& name, const std::string& version, const std::string& depends,
           const std::map<std::string, std::string>& files, const std::string& architecture = "arm64") {
    const std::string fields = fmt::format("Package: {}\nVersion: {}\nArchitecture: {}\n{}", name, version,
                                           architecture, depends.empty() ? "" : "Depends: " + depends + "\n");
    folder_.put(name + "/DEBIAN/control", fields + "Maintainer: x <x@example.org>\nDescription: x\n");
    for (const auto& [file, bytes] : files) folder_.put(name + "/" + file, bytes);
    const fs::path package = folder_.path() / "archive" / (name + ".deb");
    ForkingLauncher launcher;
    const auto built = run_command(
        launcher,
        {.argv = {"dpkg-deb", "--root-owner-group", "-b", (folder_.path() / name).string(), package.string()}},
        Deadline::never());
    EXPECT_TRUE(built && built->status.code == 0) << (built ? built->output : to_text(built.error()));
    packages_ += fmt::format("{}Filename: ./{}.deb\nSize: {}\nSHA256: {}\nDescription: x\n\n", fields, name,
                             fs::file_size(package), sha256_file(package).value());
    folder_.put("archive/Packages", packages_);
  }
  void link(const std::string& package, const std::string& file, const std::string& target) {
    make_folders((folder_.path() / package / file).parent_path()).value();
    fs::create_symlink(target, folder_.path() / package / file);
  }
  void remove() { fs::remove_all(folder_.path() / "archive"); }

 private:
  TestFolder folder_;
  std::string packages_;
  Setting apt_conf_;
};

std::string package_recipe(const std::string& keys) {
  return fmt::format(R"({{ "summary": "s", "stages": [ {{ "debian-package": "firmware", {} }} ],
      "boot": {{ "stage": "firmware", "format": "raw", "load": "0x40080000" }} }})",
                     keys);
}
const std::string kFirmware = package_recipe(R"("package": "firmware-x", "files": ["usr/lib/x/*.bin"])");

std::string booted(StageProject& project, const std::string& text) {
  const ImageResult image = project.build(text);
  return image ? read_file(image->file).value_or("gone") : to_text(image.error().error);
}

TEST(DebianPackage, GivesAFileOfThePackageAndThenNeedsNoArchive) {
  StageProject project;
  Archive archive;
  archive.add("firmware-x", "1:2.0+deb12u1", "", {{"usr/lib/x/x.bin", "BYTES"}, {"usr/lib/x/x.elf", "ELF"}});
  EXPECT_EQ(booted(project, kFirmware), "BYTES");
  archive.remove();
  EXPECT_EQ(booted(project, kFirmware), "BYTES");
  const Setting path("PATH", "/nowhere");
  EXPECT_EQ(booted(project, kFirmware), "BYTES") << "what is in the cache needs no apt";
}

TEST(DebianPackage, OfAllArchitectures) {
  StageProject project;
  Archive archive;
  archive.add("firmware-x", "1", "", {{"usr/lib/x/x.bin", "ALL"}}, "all");
  EXPECT_EQ(booted(project, kFirmware), "ALL");
}

TEST(DebianPackage, FollowsADependency) {
  StageProject project;
  Archive archive;
  archive.add("linux-cloud", "6.2", "base (>= 1) | none, linux-6.1-cloud (= 6.1), linux-doc", {});
  archive.add("linux-6.1-cloud", "6.1", "base", {{"boot/vmlinuz-6.1", "KERNEL"}, {"boot/config-6.1", "CONFIG"}});
  EXPECT_EQ(booted(project, package_recipe(R"("package": "linux-cloud", "follow": "linux-*-cloud",
      "files": ["boot/vmlinuz-*", "boot/config-*"])")),
            "KERNEL");
  EXPECT_NE(booted(project, package_recipe(R"("package": "linux-cloud", "follow": "linux-*-rt", "files": ["boot/*"])"))
                .find("'linux-*-rt' is to follow one dependency of 'linux-cloud', which has none that it matches"),
            std::string::npos);
  EXPECT_NE(booted(project, package_recipe(R"("package": "linux-cloud", "follow": "linux-*", "files": ["boot/*"])"))
                .find("'linux-*' is to follow one dependency of 'linux-cloud', which has linux-6.1-cloud, linux-doc"),
            std::string::npos);
}

TEST(DebianPackage, WithoutAnArchiveTheImageIsSkipped) {
  StageProject project;
  {
    Archive archive;
    archive.remove();
    const std::string failure = project.failure(kFirmware);
    EXPECT_TRUE(failure.starts_with(
        "skipped: Debian package 'firmware-x' (arm64) is not in the cache, and apt-get update failed: E: "))
        << failure;
  }
  const Setting path("PATH", "/nowhere");
  EXPECT_EQ(project.failure(kFirmware),
            "skipped: Debian package 'firmware-x' (arm64) is not in the cache, and apt-get is not installed (Debian "
            "package apt)");
}

TEST(DebianPackage, SaysWhatIsNotThere) {
  StageProject project;
  Archive archive;
  archive.add("firmware-x", "1", "", {{"usr/lib/x/a.bin", "A"}, {"usr/lib/x/b.bin", "B"}});
  const std::string place =
      "bad spec: " + (project.folder.path() / "images/sample/recipe.json").string() + ":/stages/0: ";
  EXPECT_EQ(project.failure(package_recipe(R"("package": "firmware-y", "files": ["x"])")),
            place + "the archive that apt uses has no package 'firmware-y' for arm64");
  EXPECT_EQ(
      project.failure(package_recipe(R"("package": "firmware-x", "files": ["usr/lib/x/a.bni"])")),
      place + "Debian package 'firmware-x' (arm64) has no file 'usr/lib/x/a.bni'; did you mean 'usr/lib/x/a.bin'?");
  EXPECT_EQ(project.failure(kFirmware),
            place +
                "'usr/lib/x/*.bin' is more than one file of Debian package 'firmware-x' (arm64): "
                "'usr/lib/x/a.bin' or 'usr/lib/x/b.bin'");
}

TEST(DebianPackage, ALinkThatLeadsOutOfThePackageIsRefused) {
  StageProject project;
  Archive archive;
  archive.link("firmware-x", "usr/lib/x/x.bin", "/etc/passwd");
  archive.link("firmware-x", "usr/lib/x/loop.bin2", "loop.bin2");
  archive.add("firmware-x", "1", "", {{"usr/lib/x/y", "Y"}});
  for (const std::string file : {"usr/lib/x/x.bin", "usr/lib/x/loop.bin2"}) {
    EXPECT_NE(
        project.failure(package_recipe(fmt::format(R"("package": "firmware-x", "files": ["{}"])", file)))
            .find(fmt::format("'{}' of Debian package 'firmware-x' (arm64) is no file, or a link that leads out of "
                              "the package",
                              file)),
        std::string::npos);
  }
}

}  // namespace
}  // namespace bootrig
