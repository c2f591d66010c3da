#include "triage/table_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "aarch64/translation_descriptor.h"
#include "triage/running_files.h"

namespace bootrig {
namespace {

using aarch64::FaultKind;
using aarch64::Regime;
using aarch64::TranslationScheme;
using aarch64::WalkStep;

constexpr std::uint64_t kValidTable = 3;                 // DDI 0487, table descriptor: bits [1:0] = 0b11
constexpr std::uint64_t kNear = std::uint64_t{1} << 20;  // tables of one image stand together
constexpr std::size_t kMostTables = 1024;                // of a hostile image

// Memory in which one descriptor is another one.
class PatchedMemory final : public MemoryReader {
 public:
  PatchedMemory(MemoryReader& memory, std::uint64_t at, std::uint64_t descriptor)
      : memory_(memory), at_(at), descriptor_(descriptor) {}
  Result<void> read(std::uint64_t address, std::span<std::uint8_t> out) override {
    BOOTRIG_TRY_VOID(memory_.read(address, out));
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::uint64_t byte = address + i - at_;
      if (byte < sizeof descriptor_) out[i] = static_cast<std::uint8_t>(descriptor_ >> (8 * byte));
    }
    return {};
  }

 private:
  MemoryReader& memory_;
  std::uint64_t at_;
  std::uint64_t descriptor_;
};

// A table that is there, as memory holds it.
struct Table {
  std::uint64_t address = 0;
  std::string name;
  std::vector<std::uint64_t> descriptors;
};

std::optional<Table> read_table(MemoryReader& memory, std::uint64_t address, std::uint64_t size, std::string name) {
  std::vector<std::uint8_t> bytes(size);
  if (!memory.read(address, bytes)) return std::nullopt;
  Table table{address, std::move(name), std::vector<std::uint64_t>(size / sizeof(std::uint64_t))};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    table.descriptors[i / 8] |= std::uint64_t{bytes[i]} << (8 * (i % 8));
  }
  return table;
}

// Symbols are virtual; a file that is loaded elsewhere says where.
std::uint64_t physical_of(const Facts& facts, std::uint64_t address) {
  for (const LoadedElf& file : facts.evidence.files) {
    const ElfSegment* segment = file.segment_at_virtual(address);
    if (segment != nullptr) return address - segment->virtual_address + segment->physical_address;
  }
  return address;
}

// Objects of the image that have a table's size and place. One of more than a table's size is read as its first.
std::vector<Table> tables_of_symbols(const Facts& facts, std::uint64_t size) {
  std::vector<Table> tables;
  if (facts.evidence.symbols == nullptr) return tables;
  for (const Symbol& symbol : facts.evidence.symbols->symbols()) {
    if (symbol.function || symbol.size < size || symbol.address % size != 0 || tables.size() == kMostTables) continue;
    if (auto table = read_table(*facts.memory, physical_of(facts, symbol.address), size, symbol.name)) {
      tables.push_back(std::move(*table));
    }
  }
  return tables;
}

// Every word is a descriptor that hardware and loaders leave: 0, or valid with none of the bits that must be 0 set
// (DDI 0487, D8.3.1: [50:48]; [58:55] are software's, and no boot loader's). Code is never so.
bool looks_like_table(const Table& table) {
  constexpr std::uint64_t kNever = std::uint64_t{0x787} << 48;
  const auto fits = [](std::uint64_t word) { return word == 0 || ((word & 1) != 0 && (word & kNever) == 0); };
  return std::ranges::all_of(table.descriptors, fits) &&
         std::ranges::any_of(table.descriptors, [](std::uint64_t word) { return word != 0; });
}

std::vector<Table> tables_of_pages(const Facts& facts, std::uint64_t near, std::uint64_t size) {
  std::vector<Table> tables;
  for (const LoadedRange& range : facts.evidence.loaded) {
    const std::uint64_t from = std::max(range.first, near > kNear ? near - kNear : 0);
    const std::uint64_t to = std::min(range.last, near + kNear);
    if (from > to || to - from > 2 * kNear) continue;
    for (std::uint64_t page = (from + size - 1) & ~(size - 1); page <= to && to - page >= size - 1; page += size) {
      auto table = read_table(*facts.memory, page, size, "");
      if (table && looks_like_table(*table) && tables.size() < kMostTables) tables.push_back(std::move(*table));
    }
  }
  return tables;
}

// Where each table is pointed to from: descriptors' addresses.
using Links = std::multimap<std::uint64_t, std::uint64_t>;

Links links_between(const std::vector<Table>& tables, std::uint64_t size) {
  const std::uint64_t address_bits = ((std::uint64_t{1} << 48) - 1) & ~(size - 1);
  Links links;
  for (const Table& table : tables) {
    for (std::size_t i = 0; i < table.descriptors.size(); ++i) {
      const std::uint64_t descriptor = table.descriptors[i];
      if ((descriptor & kValidTable) == kValidTable) links.emplace(descriptor & address_bits, table.address + i * 8);
    }
  }
  return links;
}

std::optional<TranslationScheme> scheme_of(const Facts& facts, const WalkStep& step) {
  const auto scheme = step.stage == 1
                          ? aarch64::stage1_scheme(*facts.registers, facts.regime, *facts.far, facts.access)
                          : aarch64::stage2_scheme(*facts.registers, facts.walk->fault->ipa.value_or(*facts.far));
  return scheme ? std::optional(*scheme) : std::nullopt;
}

// The invalid descriptor that could be one of a table.
const WalkStep* missing_table(const Facts& facts) {
  if (!walk_confirms(facts, FaultKind::kTranslation) || facts.walk->steps.empty() || facts.memory == nullptr) {
    return nullptr;
  }
  const WalkStep& last = facts.walk->steps.back();
  // Under stage 2 a descriptor of stage 1 has an IPA, and symbols do not tell those.
  if (last.stage == 1 && aarch64::stage2_enabled(*facts.registers, facts.regime)) return nullptr;
  return last.level < 3 && (last.descriptor & 1) == 0 ? &last : nullptr;
}

// Why FAR belongs at the physical address; empty: nothing says so; nullopt: it does not belong there.
std::optional<std::string> proof_of(const Facts& facts, std::uint64_t physical) {
  const auto place = find_in_files(facts, *facts.far, facts.taken_from);
  if (place) {
    const Likeness likeness = compare_with_memory(facts, *place, physical);
    if (likeness == Likeness::kOther) return std::nullopt;
    if (likeness == Likeness::kSame) return fmt::format("memory holds there what {} has", place->file_name());
    if (!place->tells_physical()) return "";
    if (place->physical() != physical) return std::nullopt;
    return fmt::format("{} is placed there", place->file_name());
  }
  // What no file has (devices) lies in the window of a kernel at the distance at which the kernel is linked.
  for (const LoadedElf& file : facts.evidence.files) {
    for (const ElfSegment& segment : file.elf().segments) {
      const std::uint64_t distance = segment.virtual_address - segment.physical_address;
      if (facts.taken_from > 0 && distance != 0 && *facts.far - physical == distance) {
        return fmt::format("{} is linked at this distance from memory", file.path().filename().string());
      }
    }
  }
  return "";
}

// A block's address has no bits below the block's size: those must be 0 (DDI 0487, D8.3.1; bit 16 is nT). A table of
// another level, read as one of this level, has them.
bool is_of_its_level(const Facts& facts, const WalkStep& leaf) {
  const auto scheme = scheme_of(facts, leaf);
  if (!scheme) return false;
  const std::uint64_t below = (std::uint64_t{1} << scheme->offset_bits(leaf.level)) - 1;
  constexpr std::uint64_t kAttributes = 0x10fff;
  return (leaf.descriptor & below & ~kAttributes) == 0;
}

std::optional<LinkCandidate> try_table(const Facts& facts, const WalkStep& missing, const Table& table,
                                       const Links& links, std::uint64_t size) {
  const bool in_walk =
      std::ranges::any_of(facts.walk->steps, [&](const WalkStep& step) { return step.address - table.address < size; });
  if (in_walk) return std::nullopt;
  PatchedMemory patched(*facts.memory, missing.address, table.address | kValidTable);
  const auto walk = aarch64::walk(*facts.registers, facts.regime, *facts.far, facts.access, patched);
  std::array<std::uint8_t, 4> bytes;
  const auto position = static_cast<std::size_t>(&missing - facts.walk->steps.data());
  const bool one_more_level = walk.steps.size() > position + 1;
  // A loader's flat map may be of Device memory, from which it runs where the CPU allows it; no window of a kernel is.
  const bool flat = walk.address == facts.far;
  const bool refused = walk.device && facts.access.kind == aarch64::Access::Kind::kExecute && !flat;
  if (!walk.address || !one_more_level || refused || !facts.memory->read(*walk.address, bytes)) return std::nullopt;
  auto proof = proof_of(facts, *walk.address);
  if (!proof || !is_of_its_level(facts, walk.steps.back())) return std::nullopt;
  LinkCandidate candidate{missing,       table.address,     table.name,
                          *walk.address, std::move(*proof), links.contains(table.address),
                          std::nullopt};
  const auto [first, last] = links.equal_range(table.address);
  for (auto link = first; link != last; ++link) {
    if (link->second % size == missing.address % size) candidate.twin = link->second;
  }
  return candidate;
}

// Keeps those that it holds of, if it holds of any.
template <typename Holds>
void prefer(std::vector<LinkCandidate>& candidates, Holds holds) {
  if (std::ranges::any_of(candidates, holds)) std::erase_if(candidates, [&](const auto& c) { return !holds(c); });
}

// Where files tell what belongs where, a table that leads just anywhere is no evidence. Where none is known but the
// booted image, a named table that nothing points to still is, for the entry of what that image has loaded.
bool allows_unproven(const Facts& facts) {
  if (facts.evidence.files.size() != 1) return facts.evidence.files.empty();
  const bool returned = facts.record && facts.record->x[30] == facts.far;
  return facts.access.kind == aarch64::Access::Kind::kExecute && *facts.far % 4096 == 0 && !returned;
}

std::vector<LinkCandidate> choose(const Facts& facts, const WalkStep& missing, const std::vector<Table>& tables,
                                  std::uint64_t size) {
  const Links links = links_between(tables, size);
  std::vector<LinkCandidate> candidates;
  for (const Table& table : tables) {
    if (auto candidate = try_table(facts, missing, table, links, size)) candidates.push_back(std::move(*candidate));
  }
  const bool by_name = allows_unproven(facts);
  std::erase_if(candidates, [&](const auto& c) { return c.proof.empty() && (!by_name || c.linked || c.name.empty()); });
  prefer(candidates, [](const auto& c) { return !c.proof.empty(); });
  prefer(candidates, [](const auto& c) { return !c.linked; });
  prefer(candidates, [](const auto& c) { return c.twin.has_value(); });
  return candidates;
}

// By the symbols' tables, or else by pages.
std::vector<LinkCandidate> find_links_at(const Facts& facts, const WalkStep& missing, std::uint64_t size) {
  auto candidates = choose(facts, missing, tables_of_symbols(facts, size), size);
  if (!candidates.empty()) return candidates;
  return choose(facts, missing, tables_of_pages(facts, missing.address, size), size);
}

// The descriptor before the last one, when the table that it points to has no entry at all: it may be that descriptor
// which is wrong, and not the table.
const WalkStep* link_to_empty_table(const Facts& facts, std::uint64_t size) {
  const auto& steps = facts.walk->steps;
  if (steps.size() < 2 || steps[steps.size() - 2].stage != steps.back().stage) return nullptr;
  const auto table = read_table(*facts.memory, steps.back().address & ~(size - 1), size, "");
  const auto invalid = [](std::uint64_t descriptor) { return (descriptor & 1) == 0; };
  return table && std::ranges::all_of(table->descriptors, invalid) ? &steps[steps.size() - 2] : nullptr;
}

// Whether it is memory that the image or a file of what runs has laid out: a table there was meant.
bool belongs_to_files(const Facts& facts, std::uint64_t physical) {
  return std::ranges::any_of(facts.evidence.files,
                             [&](const LoadedElf& file) { return file.segment_at_physical(physical) != nullptr; }) ||
         std::ranges::any_of(facts.evidence.loaded, [&](const LoadedRange& range) {
           return physical >= range.first && physical <= range.last;
         });
}

// The registers of a regime with one table, as loaders set them: 4 KiB, 48 bits (DDI 0487, TCR_EL1, TCR_EL2).
aarch64::TranslationRegisters assumed_registers(Regime regime, std::uint64_t root) {
  constexpr std::uint64_t kSize16 = 16, kTg1Is4K = std::uint64_t{2} << 30, k48Bits = 5;
  aarch64::TranslationRegisters registers;
  registers.sctlr = std::uint64_t{1} << aarch64::kSctlrM;
  registers.tcr =
      regime == Regime::kEl10 ? kSize16 | kSize16 << 16 | kTg1Is4K | k48Bits << 32 : kSize16 | k48Bits << 16;
  registers.mair = 0xffffffffffffffff;  // what memory it is cannot be told
  registers.ttbr0 = registers.ttbr1 = root;
  return registers;
}

}  // namespace

std::vector<LinkCandidate> find_links(const Facts& facts) {
  const WalkStep* missing = missing_table(facts);
  if (missing == nullptr) return {};
  const auto scheme = scheme_of(facts, *missing);
  if (!scheme) return {};
  const std::uint64_t size = std::uint64_t{1} << static_cast<unsigned>(scheme->granule);
  auto candidates = find_links_at(facts, *missing, size);
  const auto is_free = [](const LinkCandidate& link) { return !link.linked; };
  const WalkStep* before = link_to_empty_table(facts, size);
  if (before == nullptr || std::ranges::any_of(candidates, is_free)) return candidates;
  // A filled table that nothing points to, or which holds the missing entry, while one without entries stands in its
  // place.
  auto others = find_links_at(facts, *before, size);
  const bool outside = !belongs_to_files(facts, missing->address);
  const auto has_entry = [&](const LinkCandidate& other) {
    return std::ranges::any_of(candidates, [&](const auto& c) { return c.twin && *c.twin - other.table < size; });
  };
  const bool better = std::ranges::any_of(others, is_free) || (outside && std::ranges::any_of(others, has_entry));
  return better ? others : candidates;
}

void walk_files(Facts& facts) {
  const bool translation = facts.syndrome && facts.syndrome->abort && facts.syndrome->status && facts.far &&
                           facts.syndrome->status->kind == FaultKind::kTranslation;
  if (!translation || facts.taken_from == 0 || !aarch64::is_canonical(*facts.far)) return;
  facts.missing.push_back(
      "the tables: what is said of their entries is from the text alone, with a granule of 4 KiB and 48 bits assumed");
  if (facts.evidence.files.empty()) return;
  facts.of_files = std::make_shared<FileMemory>(facts.evidence.files);
  facts.memory = facts.of_files.get();
  facts.regime = facts.taken_to == 2 ? Regime::kEl2 : facts.taken_to == 3 ? Regime::kEl3 : Regime::kEl10;
  facts.access = {facts.syndrome->instruction ? aarch64::Access::Kind::kExecute
                  : facts.syndrome->write     ? aarch64::Access::Kind::kWrite
                                              : aarch64::Access::Kind::kRead,
                  facts.taken_from, false};
  const std::vector<Table> tables = tables_of_symbols(facts, kPage);
  const Links links = links_between(tables, kPage);
  std::vector<std::uint64_t> roots;
  for (const Table& table : tables) {
    const auto walk = aarch64::walk(assumed_registers(facts.regime, table.address), facts.regime, *facts.far,
                                    facts.access, *facts.memory);
    if (!links.contains(table.address) && gives_reported_fault(*facts.syndrome, walk)) roots.push_back(table.address);
  }
  // Files whose tables are all built at run time have nothing but zeros, which any table could be.
  if (roots.size() != 1 || links.empty()) return;
  facts.from_files = true;
  facts.missing.back() = "the registers: the files' tables are walked with a granule of 4 KiB and 48 bits assumed";
  facts.registers = assumed_registers(facts.regime, roots.front());
  facts.walk = aarch64::walk(*facts.registers, facts.regime, *facts.far, facts.access, *facts.memory);
}

}  // namespace bootrig
