// Any bytes as an image: regions stay within the file and the address space, findings are told.
#include <optional>

#include "base/check.h"
#include "inspect/findings.h"
#include "testing/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bootrig;
  FuzzInput input(data, size);
  const std::uint8_t shape = input.byte();
  const std::optional<std::uint64_t> load = shape & 1 ? std::optional<std::uint64_t>(0x70000000) : std::nullopt;
  for (const Finding& finding : find_initrd_problems("initrd", input.rest())) CHECK(!finding.evidence.empty());
  for (const Finding& finding : find_tree_problems("tree", input.rest(), std::nullopt)) CHECK(!finding.what.empty());
  const auto contents = read_contents("image", input.rest(), load);
  if (!contents) return 0;
  for (const ImageRegion& region : contents->regions) {
    CHECK(region.end() >= region.address);
    CHECK(region.file_size == 0 || region.file_offset + region.file_size <= input.rest().size());
  }
  for (const EmbeddedProgram& program : contents->programs) CHECK(program.offset + program.size <= input.rest().size());
  static const DeviceTree kOwn{.memory = {{0x40000000, 1 << 30}}, .gic_version = 2, .psci_method = "hvc", .cpus = 1};
  const TargetPlace target{.name = "virt",
                           .memory = 0x40000000,
                           .memory_size = 1 << 30,
                           .level = 1 + (shape >> 1) % 3u,
                           .kvm = (shape & 8) != 0,
                           .other_gic = DeviceTree::Range{0x080a0000, 0xf60000},
                           .tree = [] { return &kOwn; }};
  for (const Finding& finding : find_problems(*contents, input.rest(), {}, target)) {
    CHECK(!finding.name.empty() && !finding.what.empty() && !finding.evidence.empty());
  }
  return 0;
}
