// images/microkit-hello and images/microkit-prebuilt as they are shipped. The SDK is a stand-in: its program puts the
// domain into the image and writes down for which board.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "elf/elf_file.h"
#include "image/image.h"
#include "testing/paths.h"
#include "testing/small_elf.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTool = R"(#!/bin/sh
here=${0%/bin/microkit}
[ -z "$MICROKIT_SDK" ] || { echo "error: the user's MICROKIT_SDK is set"; exit 1; }
[ "$2 $3 $4 $6 $7 $8 $9" = "--search-path .. --board --config debug --output loader.img" ] || { echo "error: $*"; exit 1; }
grep -q 'path="hello.elf"' "$1" || exit 1
[ -s "$here/board/$5/debug/elf/loader.elf" ] || exit 1
{ echo code; cat "$3/hello.elf"; } > loader.img
echo "$5" > report.txt
)";

// The linker takes a text for a script of its own: the library's one function, somewhere.
constexpr const char* kLibrary = "microkit_dbg_puts = 0x300000;\n";
constexpr const char* kMicrokitScript = R"(ENTRY(init)
SECTIONS { . = 0x200000; .text : { *(.text*) } .rodata : { *(.rodata*) } .bss : { *(.bss*) } })";
constexpr const char* kHeader = "typedef unsigned microkit_channel;\nvoid microkit_dbg_puts(const char*);\n";

struct StandIn {
  StandIn() {
    ::setenv("MICROKIT_SDK", "/nowhere", 1);
    fs::permissions(folder.put("sdk/bin/microkit", kTool), fs::perms::owner_all);
    put_board("qemu_virt_aarch64", 0x70000000);
  }
  ~StandIn() { ::unsetenv("MICROKIT_SDK"); }

  void put_board(const std::string& name, std::uint64_t link_address) const {
    const std::string board = "sdk/board/" + name + "/debug/";
    const std::string elf = small_elf({link_address, link_address, std::string(16, '\0')}, link_address);
    for (const char* program : {"loader", "sel4", "monitor"}) folder.put(board + "elf/" + program + ".elf", elf);
    folder.put(board + "lib/libmicrokit.a", kLibrary);
    folder.put(board + "lib/microkit.ld", kMicrokitScript);
    folder.put(board + "include/microkit.h", kHeader);
  }

  ImageResult build(const std::string& recipe, unsigned level) const {
    const std::string file = source_path("images/" + recipe + "/recipe.json");
    auto parsed = parse_recipe(recipe, file, read_file(file).value());
    CHECK(parsed);
    ForkingLauncher launcher;
    ImageBuilder builder({*parsed},
                         {.folder = folder.path() / "out",
                          .program = fs::read_symlink("/proc/self/exe"),
                          .user_parameters = user,
                          .jobs = 2},
                         launcher);
    ImageRequest request{.name = recipe};
    request.machine.level = level;
    return builder.build({request}).at(0);
  }
  // "skipped: …" or what else went wrong.
  std::string failure(unsigned level) const {
    const ImageResult result = build("microkit-hello", level);
    if (result) return "no failure";
    const bool skipped = result.error().kind == ImageFailure::Kind::kSkipped;
    return (skipped ? "skipped: " : "error: ") + result.error().error.message;
  }
  std::string sdk() const { return (folder.path() / "sdk").string(); }

  TestFolder folder;
  std::map<std::string, std::string> user{{"microkit-sdk", sdk()}};
};

TEST(MicrokitRecipe, MakesAnImageThatLoadsWhereTheSdksLoaderIsLinked) {
  const StandIn stand_in;
  const ImageResult image = stand_in.build("microkit-hello", 2);
  ASSERT_TRUE(image) << to_text(image.error().error) << image.error().log;
  EXPECT_EQ(image->file.filename(), "loader.img");
  EXPECT_EQ(image->load_address, 0x70000000u);
  EXPECT_EQ(read_file(image->file.parent_path() / "report.txt").value_or(""), "qemu_virt_aarch64\n");
  ASSERT_EQ(image->symbols.size(), 4u);
  EXPECT_EQ(image->symbols[0], fs::path(stand_in.sdk()) / "board/qemu_virt_aarch64/debug/elf/loader.elf");
  const std::string domain = read_file(image->symbols[3]).value();
  EXPECT_TRUE(parse_elf("hello.elf", domain)) << "the domain's own ELF file";
  EXPECT_TRUE(read_file(image->file).value().ends_with(domain));
}

TEST(MicrokitRecipe, TheTargetsLevelDecidesTheBoard) {
  const StandIn stand_in;
  EXPECT_EQ(stand_in.failure(1),
            fmt::format("skipped: the SDK has no board qemu_virt_aarch64_el1 in the configuration debug (no file "
                        "{}/board/qemu_virt_aarch64_el1/debug/elf/loader.elf)",
                        stand_in.sdk()));
  stand_in.put_board("qemu_virt_aarch64_el1", 0x60000000);
  const ImageResult image = stand_in.build("microkit-hello", 1);
  ASSERT_TRUE(image) << to_text(image.error().error) << image.error().log;
  EXPECT_EQ(image->load_address, 0x60000000u);
  EXPECT_EQ(read_file(image->file.parent_path() / "report.txt").value_or(""), "qemu_virt_aarch64_el1\n");
  EXPECT_EQ(
      stand_in.failure(3),
      "skipped: parameter 'board' (the SDK's board) has no value for a target with level '3', only for '1' or '2'");
}

TEST(MicrokitRecipe, SaysWhatIsMissing) {
  StandIn stand_in;
  stand_in.user.clear();
  EXPECT_EQ(
      stand_in.failure(2),
      "skipped: parameter 'microkit-sdk' is not given: folder of a Microkit SDK, with bin/microkit and board/ in it "
      "(give --set microkit-sdk=…)");
  stand_in.user = {{"microkit-sdk", stand_in.folder.path().string()}};
  EXPECT_EQ(stand_in.failure(2), fmt::format("error: file '{0}/bin/microkit' is not there: no file {0}/bin/microkit",
                                             stand_in.folder.path().string()));
  stand_in.user = {{"microkit-sdk", stand_in.sdk()}, {"config", "debgu"}};
  EXPECT_NE(stand_in.failure(2).find("did you mean 'debug'?"), std::string::npos);
  stand_in.user.erase("config");
  stand_in.folder.put("sdk/board/qemu_virt_aarch64/debug/elf/loader.elf", "no ELF");
  EXPECT_EQ(stand_in.failure(2), "error: is no ELF");
}

TEST(MicrokitRecipe, BootsAnImageThatIsThereAlready) {
  StandIn stand_in;
  const fs::path file = stand_in.folder.put("loader.img", "code");
  stand_in.user = {{"loader", file.string()}};
  const ImageResult image = stand_in.build("microkit-prebuilt", 2);
  ASSERT_TRUE(image) << to_text(image.error().error);
  EXPECT_EQ(image->file, file);
  EXPECT_EQ(image->load_address, 0x70000000u);
  stand_in.user["address"] = "0x60000000";
  EXPECT_EQ(stand_in.build("microkit-prebuilt", 2)->load_address, 0x60000000u);
  stand_in.user["address"] = "1G";
  EXPECT_EQ(stand_in.build("microkit-prebuilt", 2).error().error.message,
            "load: '1G' is not an address; write hexadecimal with 0x, as in '0x40400000'");
}

}  // namespace
}  // namespace bootrig
