#include <fmt/format.h>

#include "triage/rules/rules.h"
#include "triage/running_files.h"

namespace bootrig {
namespace {

bool is_near(std::uint64_t a, std::uint64_t b) {
  return (a > b ? a - b : b - a) <= 2 * kPage;
}

// The first mapped page above the address, of the next two.
std::optional<std::uint64_t> mapped_above(const Facts& facts, std::uint64_t address) {
  for (std::uint64_t page = 1; page <= 2; ++page) {
    const std::uint64_t above = (address & ~(kPage - 1)) + page * kPage;
    if (translate(facts, above, aarch64::Access::Kind::kWrite)) return above;
  }
  return std::nullopt;
}

// A system that checks its stacks' limits in its fault handler, and says so.
std::optional<RootCause> overflow_told(const Facts& facts) {
  if (!facts.record || !facts.record->extra.contains("stack-overflow")) return std::nullopt;
  const std::string& who = facts.record->extra.at("stack-overflow");
  if (who != "kernel" && who != "user") return std::nullopt;  // "potential": a guess
  const auto thread = facts.record->extra.find("thread");
  return RootCause{"stack-overflow",
                   fmt::format("the {} stack{} has grown over its limit at {}, as {} found itself", who,
                               thread == facts.record->extra.end() ? "" : " of thread '" + thread->second + "'",
                               code_of_exception(facts), facts.record->dialect),
                   "give it a larger stack, or find the recursion or the large frame in the functions on it"};
}

}  // namespace

// The evidence: the stack pointer is there, nothing is mapped there, and just above there is memory to write to; or,
// without tables, a monitor that knows the stack's place says so.
std::optional<RootCause> stack_overflow(const Facts& facts) {
  if (auto told = overflow_told(facts)) return told;
  const bool data = facts.syndrome && facts.syndrome->abort && !facts.syndrome->instruction && facts.far;
  if (!data || !facts.record || !facts.record->sp || !is_near(*facts.far, *facts.record->sp)) return std::nullopt;
  if (any_file_has(facts, *facts.far)) return std::nullopt;
  const bool confirmed = walk_confirms(facts, aarch64::FaultKind::kTranslation);
  const auto above = confirmed ? mapped_above(facts, *facts.far) : std::nullopt;
  // A walk that does not give the fault is of another address space's tables.
  const bool told = !confirmed && facts.record->extra.contains("stack-overflow");
  if (!above && !told) return std::nullopt;
  return RootCause{
      "stack-overflow",
      fmt::format("{} at {} uses its stack at {:#x} (SP {:#x}), where nothing is mapped{}", code_at_fault(facts),
                  code_of_exception(facts), *facts.far, *facts.record->sp,
                  above ? fmt::format("; the stack ends at {:#x}", *above) : ", as the monitor says as well"),
      "give it a larger stack, or find the recursion or the large frame in the functions on it"};
}

}  // namespace bootrig
