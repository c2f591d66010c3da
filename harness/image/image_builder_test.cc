// With the real tools: ninja, gcc and binutils for AArch64.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "base/file.h"
#include "base/text.h"
#include "elf/elf_file.h"
#include "image/image.h"
#include "process/launcher.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMain =
    "#include \"word.h\"\n"
    "#include \"answer.h\"\n"
    "extern const char archive[], archive_end[];\n"
    "extern const unsigned long archive_size;\n"
    "int main(void) { return archive[0] + archive_end[-1] + archive_size + WORD + answer() + "
    "sizeof(__FILE__); }\n";
constexpr const char* kStart = "    .global _start\n_start:\n    bl main\n    b .\n";
constexpr const char* kScript =
    "ENTRY(_start)\n"
    "SECTIONS { . = 0x40080000; .text : { *start*(.text) *(.text*) } .rodata : { *(.rodata*) } "
    ".data : { *(.data*) } "
    "/DISCARD/ : { *(.comment) *(.note*) *(.eh_frame*) } }\n";

// A project as a user has it: images/reference with a recipe, images/lib shared by recipes.
struct Project {
  explicit Project(const std::string& name = "project") : folder(name) {
    put("kernel/main.c", kMain);
    put("kernel/start.S", kStart);
    put("kernel/kernel.ld", kScript);
    put("include/word.h", "#define WORD 1\n");
    put("user.txt", "user");
    folder.put("images/lib/answer.c", "#include \"answer.h\"\nint answer(void) { return 42; }\n");
    folder.put("images/lib/answer.h", "int answer(void);\n");

    recipe.name = "reference";
    recipe.folder = folder.path() / "images/reference";
    recipe.parameters = {{.name = "word", .summary = "a word", .default_value = "plain"},
                         {.name = "cut", .summary = "size of the archive", .default_value = ""}};
    recipe.variants = {{.name = "cut", .summary = "half an archive", .set = {{"cut", "64"}}}};
    const std::vector<std::string> flags{"-O1", "-fno-pie", "-ffreestanding", "-DNAME=\"${word}\""};
    recipe.stages = {
        {CpioStage{"archive", {{"user.txt", "user.txt"}}, "${cut}"}, "recipe.json:/stages/0"},
        {EmbedStage{"archive-object", "archive", "archive", ".rodata.archive", 4096}, "recipe.json:/stages/1"},
        {CompileStage{"objects", {"kernel/start.S", "kernel/main.c", "../lib/answer.c"}, {"include", "../lib"}, flags},
         "recipe.json:/stages/2"},
        {LinkStage{"kernel", {"objects", "archive-object"}, "kernel/kernel.ld", {"-nostdlib", "-static", "-no-pie"}},
         "recipe.json:/stages/3"}};
    recipe.boot = {.stage = "kernel", .symbols = {"kernel"}};
  }

  fs::path put(const std::string& name, const std::string& bytes) {
    return folder.put("images/reference/" + name, bytes);
  }
  // Changes a file after a build: until its time is past that of every output. The kernel's file
  // times move in steps of some milliseconds, and ninja takes equal times as unchanged.
  void edit(const std::string& name, const std::string& bytes) {
    fs::file_time_type newest = fs::file_time_type::min();
    for (const auto& entry : fs::recursive_directory_iterator(out()))
      newest = std::max(newest, entry.last_write_time());
    while (fs::last_write_time(put(name, bytes)) <= newest) continue;
  }
  template <typename T>
  T& stage(std::size_t index) {
    return std::get<T>(recipe.stages[index].what);
  }

  std::vector<ImageResult> build(const std::vector<ImageRequest>& requests) { return build({recipe}, requests); }
  std::vector<ImageResult> build(const std::vector<Recipe>& recipes, const std::vector<ImageRequest>& requests) {
    done.clear();
    ForkingLauncher launcher;
    ImageBuilder builder(recipes,
                         {.folder = out(),
                          .program = fs::read_symlink("/proc/self/exe"),
                          .user_parameters = user,
                          .jobs = 2,
                          .progress = [this](int, int, const std::string& what) { done.push_back(what); }},
                         launcher);
    return builder.build(requests);
  }
  // The one image of one request; an Image without a file when it failed.
  Image build_one(const ImageRequest& request = {.name = "reference"}) {
    const ImageResult result = build({request}).at(0);
    if (result) return *result;
    ADD_FAILURE() << to_text(result.error().error) << "\n" << result.error().log;
    return {};
  }
  std::string failure(ImageFailure::Kind kind = ImageFailure::Kind::kBadSpec) {
    const ImageResult result = build({{.name = "reference"}}).at(0);
    if (result) return "no failure";
    EXPECT_EQ(result.error().kind, kind);
    return to_text(result.error().error);
  }
  fs::path out() const { return folder.path() / "out"; }

  TestFolder folder;
  Recipe recipe;
  std::map<std::string, std::string> user;
  std::vector<std::string> done;  // the commands of the last build
};

TEST(ImageBuilder, BuildsAnImage) {
  Project project;
  const Image image = project.build_one();
  EXPECT_EQ(image.name, "reference");
  EXPECT_EQ(image.entry, 0x40080000u);
  EXPECT_EQ(image.load_address, std::nullopt);
  EXPECT_EQ(image.sha256, sha256_file(image.file).value());
  EXPECT_EQ(image.symbols, std::vector{image.file});
  EXPECT_EQ(image.parameters, (std::map<std::string, std::string>{{"word", "plain"}, {"cut", ""}}));
  EXPECT_TRUE(fs::exists(fs::path(image.file).replace_extension(".map")));
  EXPECT_EQ(image.file.parent_path().filename().string().size(), std::string("reference-").size() + 12);
  // The archive's bytes, at a multiple of the alignment, behind the code.
  const std::string bytes = read_file(image.file).value();
  const std::string archive = read_file(image.file.parent_path() / "archive.cpio").value();
  EXPECT_NE(bytes.find(archive), std::string::npos);
  std::ranges::sort(project.done);
  EXPECT_EQ(project.done,
            (std::vector<std::string>{"assemble reference/archive-object.o", "compile images/lib/answer.c",
                                      "compile images/reference/kernel/main.c",
                                      "compile images/reference/kernel/start.S", "cpio reference/archive.cpio",
                                      "embed reference/archive-object.S", "link reference/kernel.elf"}));
}

TEST(ImageBuilder, DoesNothingTheSecondTime) {
  Project project;
  const Image first = project.build_one();
  const Image second = project.build_one();
  EXPECT_EQ(project.done, std::vector<std::string>{});
  EXPECT_EQ(second.sha256, first.sha256);
  ForkingLauncher launcher;
  const auto ninja = run_command(launcher, {.argv = {"ninja", "-n"}, .folder = project.out()}, Deadline::never());
  EXPECT_EQ(ninja.value().output, "ninja: no work to do.\n");
}

TEST(ImageBuilder, RebuildsWhatAHeaderChanges) {
  Project project;
  const Image before = project.build_one();
  project.edit("include/word.h", "#define WORD 2\n");
  const Image after = project.build_one();
  EXPECT_EQ(project.done,
            (std::vector<std::string>{"compile images/reference/kernel/main.c", "link reference/kernel.elf"}));
  EXPECT_NE(after.sha256, before.sha256);
}

// Of two images that share objects: the source is compiled once, both are linked, and nothing else is made.
TEST(ImageBuilder, RebuildsOnlyWhatAChangedSourceReaches) {
  Project project;
  const std::vector<ImageRequest> both{{.name = "reference"}, {.name = "reference-cut"}};
  const auto before = project.build(both);
  ASSERT_TRUE(before.at(0) && before.at(1));
  project.edit("../lib/answer.c", "#include \"answer.h\"\nint answer(void) { return 43; }\n");
  const auto after = project.build(both);
  ASSERT_TRUE(after.at(0) && after.at(1));
  std::ranges::sort(project.done);
  EXPECT_EQ(project.done, (std::vector<std::string>{"compile images/lib/answer.c", "link reference/kernel.elf",
                                                    "link reference/kernel.elf"}));
  for (std::size_t i = 0; i < both.size(); ++i) EXPECT_NE(after[i]->sha256, before[i]->sha256);
}

TEST(ImageBuilder, RebuildsWhatAnArchivedFileChanges) {
  Project project;
  const Image before = project.build_one();
  project.edit("user.txt", "USER");
  const Image after = project.build_one();
  EXPECT_NE(after.sha256, before.sha256);
  EXPECT_NE(read_file(after.file).value().find("USER"), std::string::npos);
  project.build_one();
  EXPECT_EQ(project.done, std::vector<std::string>{});
}

TEST(ImageBuilder, RebuildsWhatTheLinkerScriptChanges) {
  Project project;
  project.build_one();
  std::string script = kScript;
  project.edit("kernel/kernel.ld", script.replace(script.find("0x40080000"), 10, "0x40200000"));
  EXPECT_EQ(project.build_one().entry, 0x40200000u);
}

// A file written anew with the same bytes: its archive comes out the same, and nothing behind it is
// made again.
TEST(ImageBuilder, StopsWhereNothingChanged) {
  Project project;
  project.build_one();
  project.edit("user.txt", "user");
  project.build_one();
  EXPECT_EQ(project.done, std::vector<std::string>{"cpio reference/archive.cpio"});
  project.build_one();
  EXPECT_EQ(project.done, std::vector<std::string>{});
}

TEST(ImageBuilder, MakesTheSameBytesWhereverTheCheckoutStands) {
  Project one("one"), two("a longer name");
  const Image first = one.build_one(), second = two.build_one();
  ASSERT_NE(first.file, second.file);
  EXPECT_EQ(first.file.parent_path().filename(), second.file.parent_path().filename());
  EXPECT_EQ(first.sha256, second.sha256);
  // With debug information, which names the sources.
  EXPECT_NE(read_file(first.file).value().find("images/reference/kernel/start.S"), std::string::npos);
  EXPECT_EQ(read_file(first.file).value().find(one.folder.path().string()), std::string::npos);
}

TEST(ImageBuilder, TakesHardPaths) {
  Project project("a b $HOME c:d #1,=(%)[e]\\");
  EXPECT_EQ(project.build_one().entry, 0x40080000u);
  project.build_one();
  EXPECT_EQ(project.done, std::vector<std::string>{});
  project.edit("include/word.h", "#define WORD 2\n");
  project.build_one();
  EXPECT_EQ(project.done.size(), 2u);
}

// Ninja does not read these in gcc's lists of headers: such a checkout is compiled each time, and
// comes out right.
TEST(ImageBuilder, TakesPathsThatNinjaCannotRead) {
  Project project("it's \"q\" | & ;");
  const Image before = project.build_one();
  project.edit("include/word.h", "#define WORD 2\n");
  EXPECT_NE(project.build_one().sha256, before.sha256);
}

TEST(ImageBuilder, TakesValuesThatNeedQuotes) {
  Project project;
  project.put("kernel/main.c", "const char name[] __attribute__((used)) = NAME; int main(void) { return 0; }\n");
  const Image image = project.build_one({.name = "reference", .set = {{"word", "it's $5 & more"}}});
  EXPECT_NE(read_file(image.file).value().find("it's $5 & more"), std::string::npos);
}

TEST(ImageBuilder, ParametersMakeAnotherImage) {
  Project project;
  const auto results = project.build({{.name = "reference"}, {.name = "reference-cut"}});
  ASSERT_TRUE(results.at(0) && results.at(1));
  EXPECT_NE(results[0]->file, results[1]->file);
  EXPECT_NE(results[0]->sha256, results[1]->sha256);
  EXPECT_EQ(fs::file_size(results[1]->file.parent_path() / "archive.cpio"), 64u);
  // Going to and fro between them builds nothing.
  project.build({{.name = "reference-cut"}});
  EXPECT_EQ(project.done, std::vector<std::string>{});
  project.build({{.name = "reference"}});
  EXPECT_EQ(project.done, std::vector<std::string>{});
}

TEST(ImageBuilder, ImagesShareTheObjectsThatAreTheSame) {
  Project project;
  const auto results = project.build({{.name = "reference"}, {.name = "reference-cut"}});
  EXPECT_TRUE(results.at(0) && results.at(1));
  EXPECT_EQ(std::ranges::count(project.done, "compile images/reference/kernel/main.c"), 1);
  EXPECT_EQ(std::ranges::count(project.done, "link reference/kernel.elf"), 2);
  // A shared object that cannot be made fails both.
  project.edit("kernel/main.c", "int main(void) { return b; }\n");
  const auto failed = project.build({{.name = "reference"}, {.name = "reference-cut"}});
  EXPECT_FALSE(failed.at(0) || failed.at(1));
}

TEST(ImageBuilder, EqualRequestsShareOneBuild) {
  Project project;
  const auto results = project.build({{.name = "reference", .set = {{"cut", "64"}}}, {.name = "reference-cut"}});
  ASSERT_TRUE(results.at(0) && results.at(1));
  EXPECT_EQ(results[0]->file, results[1]->file);
  EXPECT_EQ(results[0]->name, "reference");
  EXPECT_EQ(results[1]->name, "reference-cut");
  EXPECT_EQ(project.done.size(), 7u);
}

TEST(ImageBuilder, AFailingImageDoesNotKeepTheOthers) {
  Project project;
  Recipe broken = project.recipe;
  broken.name = "broken";
  std::get<CompileStage>(broken.stages[2].what).sources.push_back("kernel/wrong.c");
  project.put("kernel/wrong.c", "int a;\nint f(void) {\n  return b;\n}\n");
  Recipe missing = project.recipe;
  missing.parameters.push_back({.name = "sel4", .summary = "path of a kernel tree"});
  missing.name = "missing";
  const auto results = project.build({broken, missing, project.recipe},
                                     {{.name = "broken"}, {.name = "reference"}, {.name = "missing"}, {.name = "no"}});
  ASSERT_FALSE(results.at(0));
  EXPECT_EQ(results[0].error().kind, ImageFailure::Kind::kBuildFailed);
  EXPECT_EQ(to_text(results[0].error().error),
            "images/reference/kernel/wrong.c:3:10: error: 'b' undeclared (first use in this function)");
  EXPECT_TRUE(results[0].error().log.starts_with("aarch64-linux-gnu-gcc -c")) << results[0].error().log;
  EXPECT_NE(results[0].error().log.find("return b;"), std::string::npos);
  EXPECT_TRUE(results.at(1));
  EXPECT_EQ(results.at(2).error().kind, ImageFailure::Kind::kSkipped);
  EXPECT_EQ(results.at(3).error().kind, ImageFailure::Kind::kBadSpec);
}

TEST(ImageBuilder, GivesTheFirstErrorOfAssemblerAndLinker) {
  Project project;
  project.put("kernel/start.S", ".global _start\n_start: frobnicate x0\n");
  EXPECT_EQ(project.failure(ImageFailure::Kind::kBuildFailed),
            "images/reference/kernel/start.S:2: Error: unknown mnemonic `frobnicate' -- `frobnicate x0'");
  project.edit("kernel/start.S", ".global _start\n_start: bl nowhere\n");
  EXPECT_TRUE(project.failure(ImageFailure::Kind::kBuildFailed).ends_with("undefined reference to `nowhere'"));
  // Once it is right again the same folder serves.
  project.edit("kernel/start.S", kStart);
  project.build_one();
}

TEST(ImageBuilder, ChecksTheBootFile) {
  Project project;
  project.stage<LinkStage>(3).flags = {"-nostdlib", "-static", "-no-pie", "-Wl,-e,0x10"};
  EXPECT_TRUE(project.failure(ImageFailure::Kind::kBuildFailed)
                  .ends_with("kernel.elf: has the entry 0x10, which lies in no loadable segment"));
}

TEST(ImageBuilder, MakesRawBytesOfALinkedStage) {
  Project project;
  project.recipe.boot = {
      .stage = "kernel", .format = BootFormat::kRaw, .load_address = 0x40080000, .symbols = {"kernel"}};
  const Image image = project.build_one();
  EXPECT_EQ(image.file.filename(), "kernel.bin");
  EXPECT_EQ(image.load_address, 0x40080000u);
  EXPECT_EQ(image.entry, 0x40080000u);
  EXPECT_EQ(image.symbols.at(0).filename(), "kernel.elf");
  EXPECT_FALSE(looks_like_elf(read_file(image.file).value()));
}

TEST(ImageBuilder, TakesPrebuiltFiles) {
  Project project;
  const auto firmware = project.put("firmware.bin", "\x1f\x20\x03\xd5");
  project.recipe.parameters = {{.name = "firmware", .summary = "the firmware"}};
  project.recipe.variants.clear();
  project.recipe.stages = {
      {PrebuiltStage{"firmware", "${firmware}", sha256_file(firmware).value()}, "recipe.json:/stages/0"}};
  project.recipe.boot = {.stage = "firmware", .format = BootFormat::kRaw, .load_address = 0x40000000};
  project.user = {{"firmware", firmware.string()}};
  EXPECT_EQ(project.build_one().file, firmware);
  project.user = {{"firmware", "firmware.bin"}};
  EXPECT_EQ(project.build_one().file, firmware);
  // A user's path may be relative to where he is.
  const fs::path before = fs::current_path();
  fs::current_path(project.folder.path());
  project.user = {{"firmware", "images/reference/firmware.bin"}};
  EXPECT_EQ(project.build_one().file, firmware);
  fs::current_path(before);

  project.put("firmware.bin", "other");
  project.user = {{"firmware", firmware.string()}};
  EXPECT_EQ(project.failure(), "recipe.json:/stages/0: '" + firmware.string() +
                                   "' is not the file that the recipe means: its SHA-256 is " + sha256_hex("other") +
                                   ", the recipe says " + sha256_hex("\x1f\x20\x03\xd5"));
}

TEST(ImageBuilder, TakesArgumentsThatAreTooManyForAShell) {
  Project project;
  std::map<std::string, std::string> files;
  for (int i = 0; i < 1500; ++i) files[std::string(100, 'n') + std::to_string(i)] = "user.txt";
  project.stage<CpioStage>(0).files = files;
  project.stage<CompileStage>(2).flags.insert(project.stage<CompileStage>(2).flags.end(), 4500, "-DX='a b'");
  const Image image = project.build_one();
  EXPECT_GT(fs::file_size(image.file.parent_path() / "archive.cpio"), 300'000u);
}

TEST(ImageBuilder, NamesFilesThatAreMissing) {
  const auto failure = [](auto change) {
    Project project;
    change(project);
    return project.failure();
  };
  EXPECT_EQ(failure([](Project& p) { p.stage<CompileStage>(2).sources[1] = "kernel/mian.c"; }),
            "recipe.json:/stages/2: source 'kernel/mian.c' is not there: no file "
            "images/reference/kernel/mian.c");
  EXPECT_EQ(failure([](Project& p) { p.stage<CompileStage>(2).include[0] = "lib"; }),
            "recipe.json:/stages/2: include folder 'lib' is not there: no folder images/reference/lib");
  EXPECT_EQ(failure([](Project& p) { p.stage<LinkStage>(3).script = "x.ld"; }),
            "recipe.json:/stages/3: linker script 'x.ld' is not there: no file images/reference/x.ld");
  EXPECT_EQ(failure([](Project& p) { p.stage<CpioStage>(0).files["x"] = "user.elf"; }),
            "recipe.json:/stages/0: file 'user.elf' is not there: no file images/reference/user.elf");
}

TEST(ImageBuilder, RefusesStagesThatDoNotFit) {
  const auto failure = [](auto change) {
    Project project;
    change(project);
    return project.failure();
  };
  EXPECT_EQ(failure([](Project& p) { p.stage<LinkStage>(3).inputs[0] = "object"; }),
            "recipe.json:/stages/3: there is no stage 'object' above this one");
  EXPECT_EQ(failure([](Project& p) { p.stage<CpioStage>(0).truncate = "64k"; }),
            "recipe.json:/stages/0: truncate: '64k' is not a size; write a whole number of bytes "
            "or of K, M, G or T "
            "(powers of 1024), as in '512M' or '2G'");
  EXPECT_EQ(failure([](Project& p) { p.stage<CpioStage>(0).files["a=b"] = "user.txt"; }),
            "recipe.json:/stages/0: 'a=b' cannot be a name in an archive");
  const std::string twice = failure([](Project& p) { p.stage<CompileStage>(2).sources.push_back("./kernel/main.c"); });
  EXPECT_TRUE(twice.starts_with("two commands of recipe 'reference' make the same file: reference-objects/objects-"));
  EXPECT_TRUE(twice.ends_with("/kernel/main.c.o")) << twice;
  EXPECT_EQ(failure([](Project& p) { p.stage<LinkStage>(3).name = "archive"; }),
            "recipe.json:/stages/3: there are two stages 'archive'");
  EXPECT_EQ(failure([](Project& p) { p.stage<LinkStage>(3).name = "../kernel"; }).substr(0, 63),
            "recipe 'reference' has a stage whose name cannot be a file's: r");
  EXPECT_EQ(failure([](Project& p) { p.recipe.boot.stage = "loader"; }),
            "recipe 'reference' boots the stage 'loader', which it has not");
  EXPECT_EQ(failure([](Project& p) { p.recipe.boot.stage = "objects"; }),
            "recipe 'reference': stage 'objects' makes objects, not a file to boot");
  EXPECT_EQ(failure([](Project& p) { p.recipe.boot.format = BootFormat::kRaw; }),
            "recipe 'reference' boots raw bytes without 'load', the address");
}

TEST(ImageBuilder, SaysWhichToolIsMissing) {
  Project project;
  project.recipe.toolchain = "no-such-toolchain-";
  EXPECT_EQ(project.failure(ImageFailure::Kind::kBuildFailed), "no-such-toolchain-gcc is not installed");
  project.recipe.toolchain = "aarch64-linux-gnu-";
  // A PATH with gcc alone, then an empty one.
  const std::string path = ::getenv("PATH");
  fs::create_directory(project.folder.path() / "bin");
  ::setenv("PATH", (project.folder.path() / "bin").c_str(), 1);
  EXPECT_EQ(project.failure(ImageFailure::Kind::kBuildFailed),
            "aarch64-linux-gnu-gcc is not installed (Debian package gcc-aarch64-linux-gnu)");
  fs::create_symlink("/usr/bin/aarch64-linux-gnu-gcc", project.folder.path() / "bin/aarch64-linux-gnu-gcc");
  EXPECT_EQ(project.failure(ImageFailure::Kind::kBuildFailed), "ninja is not installed (Debian package ninja-build)");
  ::setenv("PATH", path.c_str(), 1);
}

TEST(ImageBuilder, TheEnvironmentDoesNotChangeTheImage) {
  Project project;
  const std::string before = project.build_one().sha256;
  fs::remove_all(project.out());
  ::setenv("NINJA_STATUS", "x", 1);
  ::setenv("CPATH", "/nowhere", 1);
  project.put("kernel/main.c", std::string(kMain) + "const char made[] __attribute__((used)) = __DATE__;\n");
  const Image image = project.build_one();
  ::unsetenv("NINJA_STATUS");
  ::unsetenv("CPATH");
  EXPECT_EQ(project.done.size(), 7u);
  EXPECT_NE(image.sha256, before);
  EXPECT_NE(read_file(image.file).value().find("Jan  1 1970"), std::string::npos);
}

TEST(ImageBuilder, GivesNinjasWordsWhenNoCommandIsToBlame) {
  Project project;
  fs::create_directories(project.out() / ".ninja_log");
  const std::string failure = project.failure(ImageFailure::Kind::kBuildFailed);
  EXPECT_TRUE(failure.starts_with("ninja failed (exit status 1): ninja: build stopped: ")) << failure;
}

TEST(ImageBuilder, NamesAProgramThatIsNotThere) {
  Project project;
  ForkingLauncher launcher;
  ImageBuilder builder({project.recipe}, {.folder = project.out(), .program = "/nowhere/bootrig"}, launcher);
  const auto result = builder.build({{.name = "reference"}}).at(0);
  ASSERT_FALSE(result);
  EXPECT_EQ(to_text(result.error().error), "/bin/sh: 1: /nowhere/bootrig: not found");
}

TEST(ImageBuilder, NamesAFolderThatCannotBeMade) {
  Project project;
  project.folder.put("out", "a file");
  EXPECT_EQ(project.failure(ImageFailure::Kind::kBuildFailed),
            project.out().string() + ": cannot make the folder: Not a directory");
}

}  // namespace
}  // namespace bootrig
