#include <fmt/format.h>

#include "triage/rules/rules.h"
#include "triage/running_files.h"

namespace bootrig {
namespace {

constexpr std::uint64_t kValidTable = 3;  // DDI 0487, table descriptor: bits [1:0] = 0b11

std::string value_of(const LinkCandidate& link) {
  const std::uint64_t value = link.table | kValidTable;
  return link.name.empty() ? fmt::format("{:#x} (the table at {:#x} | 3)", value, link.table)
                           : fmt::format("{:#x} ({} | 3)", value, link.name);
}

// What stands in its place.
std::string trouble_of(const LinkCandidate& link, std::uint64_t far) {
  if ((link.at.descriptor & 1) == 0) {
    return fmt::format("the level {} table has no entry [{:#x}] for {:#x}", link.at.level, link.at.index, far);
  }
  return fmt::format("the level {} table's entry [{:#x}] for {:#x} is {:#x}, which points to a table without any entry",
                     link.at.level, link.at.index, far, link.at.descriptor);
}

std::string who_links(const Facts& facts, const LinkCandidate& link) {
  if (link.twin) return "only " + with_symbol(facts, *link.twin) + ", in another table, points to it";
  return link.linked ? "it is linked elsewhere, but not here" : "nothing points to it";
}

}  // namespace

std::optional<RootCause> table_not_linked(const Facts& facts) {
  if (facts.links.size() != 1) return std::nullopt;
  const LinkCandidate& link = facts.links.front();
  const std::string table = link.name.empty() ? fmt::format("the table at {:#x}", link.table) : link.name;
  return RootCause{
      "table-not-linked",
      fmt::format("{}; {} is filled and would lead to {:#x}{}, but {}", trouble_of(link, *facts.far), table,
                  link.reached, link.proof.empty() ? "" : " (" + link.proof + ")", who_links(facts, link)),
      fmt::format("the descriptor at {}{} must hold {}", with_symbol(facts, link.at.address),
                  facts.from_files ? offset_in_file(facts, link.at.address) : "", value_of(link))};
}

}  // namespace bootrig
