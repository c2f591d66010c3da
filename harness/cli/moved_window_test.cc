// Nothing that triage says of an image is wired into it: the kernel's window moves, the tables' symbols are renamed or
// stripped, and what is named moves with them. Each case is an image that is built and booted.
#include <fmt/format.h>

#include <cstdlib>
#include <ostream>

#include "cli/program_test.h"
#include "elf/symbols.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

struct Window {
  const char* offset;  // the kernel's virtual less its physical address
  unsigned index;      // of its level 0 entry: bits [47:39]
};

void PrintTo(const Window& window, std::ostream* out) {
  *out << window.offset;
}

class MovedWindow : public ::testing::TestWithParam<Window> {
 protected:
  // Builds a variant of the reference image with the window moved; gives its loader.
  fs::path build(const std::string& name) {
    const Finished built = bootrig(
        {"build", name, "--set", fmt::format("window={}", GetParam().offset), "--output", folder_.path().string()});
    EXPECT_EQ(built.code, 0) << built.out << built.err;
    const std::size_t begin = built.out.find("/"), end = built.out.find("  sha256");
    EXPECT_NE(end, std::string::npos) << built.out;
    for (const auto& file : fs::recursive_directory_iterator(folder_.path())) {
      if (file.path().filename() == "kernel.elf") kernel_ = file.path();
    }
    EXPECT_FALSE(kernel_.empty());
    return built.out.substr(begin, end - begin);
  }

  Finished boot(const fs::path& loader, unsigned level) {
    return bootrig({"boot", "-q", loader.string(), "--symbols", kernel_.string(), "--target",
                    fmt::format("virt[level={}]", level), "-e", "bootrig user: hello"});
  }

  // Changes loader and kernel, each in its place.
  void objcopy(const fs::path& loader, const std::string& options) {
    for (const fs::path& file : {loader, kernel_}) {
      const std::string command = fmt::format("aarch64-linux-gnu-objcopy {} '{}'", options, file.string());
      ASSERT_EQ(std::system(command.c_str()), 0) << command;
    }
  }

  static std::uint64_t address_of(const fs::path& file, const std::string& name) {
    SymbolTable symbols;
    EXPECT_TRUE(symbols.add(file));
    for (const Symbol& symbol : symbols.symbols()) {
      if (symbol.name == name) return symbol.address;
    }
    ADD_FAILURE() << "no symbol " << name;
    return 0;
  }

  TestFolder folder_;
  fs::path kernel_;
};

// Of the loader alone nobody knows what should be at the window: no cause, and above all no wrong one.
TEST_P(MovedWindow, WithoutTheKernelsFileNothingIsNamed) {
  const fs::path loader = build("reference-empty-window");
  objcopy(loader, "--strip-all");
  const Finished finished =
      bootrig({"boot", "-q", loader.string(), "--target", "virt[level=1]", "-e", "bootrig user: hello"});
  EXPECT_EQ(finished.code, 1);
  EXPECT_NE(finished.out.find(fmt::format("walk L0[{:#x}]", GetParam().index)), std::string::npos) << finished.out;
  EXPECT_EQ(finished.out.find("CAUSE"), std::string::npos) << finished.out;
}

TEST_P(MovedWindow, AHealthyKernelRunsThere) {
  const fs::path loader = build("reference-power-off");
  for (const unsigned level : {1u, 2u}) EXPECT_EQ(boot(loader, level).code, 0);
}

TEST_P(MovedWindow, EntryAndValueMoveWithIt) {
  const fs::path loader = build("reference-empty-window");
  const std::uint64_t next = address_of(loader, "boot_l1_upper");
  const char* kRoots[] = {"boot_l0_upper", "boot_l0_lower"};
  const unsigned offset = GetParam().index * 8;
  std::uint64_t entries[2];
  for (const unsigned level : {1u, 2u}) {
    entries[level - 1] = address_of(loader, kRoots[level - 1]) + offset;
    const Finished named = boot(loader, level);
    EXPECT_EQ(named.code, 1);
    EXPECT_NE(named.out.find(fmt::format("the descriptor at {:#x} <{}+{:#x}> must hold {:#x} (boot_l1_upper | 3)",
                                         entries[level - 1], kRoots[level - 1], offset, next | 3)),
              std::string::npos)
        << named.out;
  }

  objcopy(loader, "--redefine-sym boot_l1_upper=apples --redefine-sym boot_l0_upper=pears --prefix-symbols=x_");
  const Finished renamed = boot(loader, 1);
  EXPECT_NE(renamed.out.find(fmt::format("the descriptor at {:#x} <x_pears+{:#x}> must hold {:#x} (x_apples | 3)",
                                         entries[0], offset, next | 3)),
            std::string::npos)
      << renamed.out;

  objcopy(loader, "--strip-all");
  for (const unsigned level : {1u, 2u}) {
    const Finished stripped = boot(loader, level);
    EXPECT_NE(stripped.out.find(fmt::format("the descriptor at {:#x} must hold {:#x} (the table at {:#x} | 3)",
                                            entries[level - 1], next | 3, next)),
              std::string::npos)
        << stripped.out;
  }
}

INSTANTIATE_TEST_SUITE_P(, MovedWindow,
                         ::testing::Values(Window{"0xffff800000000000", 0x100}, Window{"0xffffa0c000000000", 0x141}),
                         [](const auto& window) { return fmt::format("Index{:x}", window.param.index); });

}  // namespace
}  // namespace bootrig
