// The stage "elfloader" with the real compiler and small trees in the place of seL4's.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "elf/elf_file.h"
#include "testing/stage_project.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

constexpr const char* kMachine = R"(/dts-v1/;
/ { #address-cells = <2>; #size-cells = <2>;
    memory@40000000 { device_type = "memory"; reg = <0 0x40000000 0 0x40000000>; };
    cpus { #address-cells = <1>; #size-cells = <0>;
        cpu@0 { device_type = "cpu"; compatible = "arm,cortex-a53"; reg = <0>; }; };
    uart@9000000 { compatible = "acme,uart-2", "acme,uart"; reg = <0 0x9000000 0 0x1000>; };
    chosen { seL4,elfloader-devices = &{/uart@9000000}; }; };)";

constexpr const char* kKernelLists = R"(cmake_minimum_required(VERSION 3.16)
project(kernel NONE)
configure_file(${KERNEL} kernel.elf COPYONLY)
configure_file(${TREE} kernel.dtb COPYONLY)
file(WRITE ${CMAKE_BINARY_DIR}/gen_headers/plat/machine/platform_gen.yaml "memory:\n- end: ${END}\n  start: 0x40000000\n")
file(WRITE ${CMAKE_BINARY_DIR}/autoconf/autoconf.h "#define CONFIG_MAX_NUM_NODES 1\n")
)";

// Uses every header that is written for it.
constexpr const char* kLoader =
    "#include <stddef.h>\n"
    "#include <autoconf.h>\n"
    "#include <elfloader/gen_config.h>\n"
    "#include \"platform_info.h\"\n"
    "#define DRIVER_COMMON\n"
    "#include <devices_gen.h>\n"
    "#if !defined(CONFIG_IMAGE_ELF) || !defined(CONFIG_ELFLOADER_INCLUDE_DTB)\n"
    "#error \"not configured\"\n"
    "#endif\n"
    "static const char *const matches[] = { \"acme,uart\" };\n"
    "extern const char _archive_start[], _archive_start_end[];\n"
    "void _start(void) {\n"
    "  *(volatile char *)elfloader_devices[0].region_bases[0] = matches[0][0] + num_memory_regions;\n"
    "  *(volatile char *)memory_region[0].start = _archive_start_end - _archive_start + elfloader_cpus[0].cpu_id;\n"
    "}\n";
constexpr const char* kLoaderScript =
    "#include \"image_start_addr.h\"\nENTRY(_start)\nSECTIONS { . = IMAGE_START_ADDR; .all : { *(.text) *(.rodata*) "
    "*(._archive_cpio) *(.data*) *(.bss) } /DISCARD/ : { *(.note*) *(.comment) *(.eh_frame*) } }\n";
constexpr const char* kProgram = "void _start(void) { for (;;) {} }\n";

struct ElfloaderProject : StageProject {
  ElfloaderProject() {
    folder.put("sel4/CMakeLists.txt", kKernelLists);
    folder.put("tools/elfloader-tool/src/common.c", kLoader);
    folder.put("tools/elfloader-tool/src/linker.lds", kLoaderScript);
    folder.put("tools/elfloader-tool/include/types.h", "typedef unsigned long word_t;\n");
    folder.put("tools/elfloader-tool/src/plat/board/board.c", "int board;\n");
    folder.put("tools/elfloader-tool/src/plat/other/other.c", "#error \"another platform's\"\n");
    folder.put("util_libs/libcpio/src/cpio.c", "#include <cpio/cpio.h>\n");
    folder.put("util_libs/libcpio/include/cpio/cpio.h", "");
    put("machine.dts", kMachine);
    put("program.c", kProgram);
    put("kernel.ld",
        "ENTRY(_start) SECTIONS { . = 0x40000000; .text : { *(.text) } /DISCARD/ : { *(.note*) *(.eh_frame*) } }\n");
    put("root.ld",
        "ENTRY(_start) SECTIONS { . = 0x400000; .text : { *(.text) } /DISCARD/ : { *(.note*) *(.eh_frame*) } }\n");
    user = {{"trees", folder.path().string()}};
  }
  static std::string recipe() {
    return R"({ "summary": "s",
      "parameters": { "trees": { "summary": "t" }, "end": { "summary": "e", "default": "0x80000000" },
                      "tools": { "summary": "t", "default": "tools" } },
      "stages": [
        { "compile": "program", "sources": ["program.c"], "flags": ["-ffreestanding", "-fno-pie"] },
        { "link": "kernel-file", "inputs": ["program"], "script": "kernel.ld", "flags": ["-nostdlib", "-static", "-no-pie"] },
        { "link": "root", "inputs": ["program"], "script": "root.ld", "flags": ["-nostdlib", "-static", "-no-pie"] },
        { "device-tree-compile": "tree", "input": "machine.dts" },
        { "cmake": "kernel", "source": "${trees}/sel4",
          "definitions": { "KERNEL": "${stage:kernel-file}", "TREE": "${stage:tree}", "END": "${end}", "KernelPlatform": "board" },
          "outputs": ["kernel.elf", "kernel.dtb", "gen_headers/plat/machine/platform_gen.yaml"] },
        { "elfloader": "loader", "source": "${trees}/${tools}", "libraries": "${trees}/util_libs", "kernel": "kernel",
          "rootserver": "root" } ],
      "boot": { "stage": "loader", "symbols": ["loader", "kernel", "root"] } })";
  }
};

TEST(ElfloaderStage, BuildsALoaderAroundAKernel) {
  ElfloaderProject project;
  const ImageResult image = project.build(project.recipe());
  ASSERT_TRUE(image) << to_text(image.error().error) << image.error().log;
  const auto loader = open_elf(image->file);
  ASSERT_TRUE(loader);
  EXPECT_EQ(loader->segments.front().physical_address, 0x40400000u);
  const std::string bytes = read_file(image->file).value();
  const std::size_t kernel = bytes.find("kernel.elf"), tree = bytes.find("kernel.dtb"), root = bytes.find("rootserver");
  ASSERT_NE(root, std::string::npos);
  EXPECT_LT(kernel, tree) << "the elfloader takes the kernel first";
  EXPECT_LT(tree, root);
  EXPECT_NE(bytes.find("acme,uart\0", 0, 10), std::string::npos);
  const std::string header = read_file(image->file.parent_path() / "loader/include/devices_gen.h").value();
  EXPECT_NE(header.find(R"(.compat = "acme,uart", .region_bases = { (void *)0x9000000, })"), std::string::npos)
      << header;
  const std::string layout = read_file(image->file.parent_path() / "loader.txt").value();
  EXPECT_NE(layout.find("0x40000000..0x40001000   kernel.elf"), std::string::npos) << layout;
  EXPECT_NE(layout.find("0x40001000..0x40002000   kernel.dtb"), std::string::npos);
  EXPECT_NE(layout.find("0x40002000..0x40004000   rootserver"), std::string::npos);
  EXPECT_NE(layout.find("elfloader        the lowest multiple of 2M that is 4M into memory"), std::string::npos);
}

TEST(ElfloaderStage, WithNothingChangedOnlyTheKernelIsAsked) {
  ElfloaderProject project;
  ASSERT_EQ(project.failure(project.recipe()), "no failure");
  ASSERT_EQ(project.failure(project.recipe()), "no failure");
  EXPECT_EQ(project.done, Words{"cmake sample/kernel"});
}

TEST(ElfloaderStage, SaysWhatCannotBoot) {
  ElfloaderProject project;
  project.user["end"] = "0x90000000";
  EXPECT_EQ(
      project.failure(project.recipe()),
      "build failed: error: the kernel was built to manage the memory 0x40000000..0x90000000, and the device tree "
      "has 0x40000000..0x80000000");
  project.user.erase("end");
  project.folder.put("tools/elfloader-tool/src/linker.lds",
                     "ENTRY(_start)\nSECTIONS { . = 0x40000000; .all : { *(*) } }\n");
  EXPECT_NE(project.failure(project.recipe()).find("would overwrite itself with kernel.elf at 0x40000000..0x40001000"),
            std::string::npos);
}

TEST(ElfloaderStage, LooksForItsTreesFirst) {
  ElfloaderProject project;
  project.user["tools"] = "sel4";
  EXPECT_NE(project.failure(project.recipe())
                .find("/sel4' is not the source tree that is meant: there is no elfloader-tool/src/linker.lds in it"),
            std::string::npos);
  project.user.erase("tools");
  std::string text = project.recipe();
  text.replace(text.find(R"(, "kernel.dtb")"), 14, "");
  EXPECT_NE(project.failure(text).find("the elfloader needs 'kernel.dtb', which is not among the outputs of the stage "
                                       "'kernel'"),
            std::string::npos);
}

}  // namespace
}  // namespace bootrig
