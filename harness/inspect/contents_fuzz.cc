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
  const auto contents = read_contents("image", input.rest(), load);
  if (!contents) return 0;
  for (const ImageRegion& region : contents->regions) {
    CHECK(region.end() >= region.address);
    CHECK(region.file_size == 0 || region.file_offset + region.file_size <= input.rest().size());
  }
  for (const EmbeddedProgram& program : contents->programs) CHECK(program.offset + program.size <= input.rest().size());
  for (const Finding& finding :
       find_problems(*contents, input.rest(), {}, TargetPlace{"virt", 0x40000000, 1 << 30, 1})) {
    CHECK(!finding.name.empty() && !finding.what.empty() && !finding.evidence.empty());
  }
  return 0;
}
