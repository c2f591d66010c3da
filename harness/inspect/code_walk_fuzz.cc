// Any words as code, from any entry: the walk ends, and tells of instructions that are there.
#include "base/check.h"
#include "inspect/code_walk.h"
#include "testing/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bootrig;
  FuzzInput input(data, size);
  const std::uint8_t shape = input.byte();
  constexpr std::uint64_t kBase = 0xffffff8040000000;
  const std::string_view bytes = input.rest();
  const CodeSpace space({{kBase, bytes, bytes.size() + 64, true, (shape & 4) != 0}});
  const CodeWalk walk = walk_code(space, kBase, shape & 3 ? std::optional<unsigned>(shape & 3) : std::nullopt);
  for (const CodeEvent& event : walk.events) {
    CHECK(space.instruction(event.address) == event.instruction);
    CHECK(walk.complete || !event.inevitable);
  }
  return 0;
}
