// Hostile consoles to the readers of subtests: no crash, bounded results, the same in any split.
#include "base/check.h"
#include "subtest/subtest.h"
#include "testing/fuzz_input.h"

namespace bootrig {
namespace {

void read(SubtestDialect dialect, std::string_view console) {
  SubtestReader whole(dialect), pieces(dialect);
  whole.feed(console);
  feed_in_pieces(console, [&](std::string_view piece) { pieces.feed(piece); });
  const SubtestFacts facts = whole.facts(), same = pieces.facts();
  CHECK(facts.problems == same.problems && facts.subtests.size() == same.subtests.size());
  for (std::size_t i = 0; i < facts.subtests.size(); ++i) {
    const Subtest& subtest = facts.subtests[i];
    CHECK(subtest.name == same.subtests[i].name && subtest.detail == same.subtests[i].detail);
    CHECK(subtest.status == same.subtests[i].status && subtest.line == same.subtests[i].line);
    CHECK(subtest.name.size() <= 512 && subtest.line >= 1);
  }
}

}  // namespace
}  // namespace bootrig

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view console(reinterpret_cast<const char*>(data), size);
  bootrig::read(bootrig::SubtestDialect::kKtap, console);
  bootrig::read(bootrig::SubtestDialect::kJUnit, console);
  return 0;
}
