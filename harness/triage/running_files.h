// The ELF files of what runs, as evidence of what belongs where: which file has something at a virtual address, and
// whether memory holds it there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/memory_reader.h"
#include "triage/facts.h"

namespace bootrig {

// What a file has at a virtual address.
struct FilePlace {
  const LoadedElf* file = nullptr;
  const ElfSegment* segment = nullptr;
  std::uint64_t linked = 0;  // the address as the file has it

  bool executable() const { return segment->executable(); }
  bool writable() const { return segment->writable(); }
  std::uint64_t physical() const { return segment->physical_address + (linked - segment->virtual_address); }
  // p_paddr is an address of its own. A user program's is mostly a copy of p_vaddr, and says nothing.
  bool tells_physical() const { return segment->physical_address != segment->virtual_address; }
  std::string file_name() const { return file->path().filename().string(); }
  std::string_view what() const { return executable() ? "code" : "data"; }
};

// For an access from a level: code above EL0 has what the booted image has and what states its place in physical
// memory, a user program the rest. An address of EL2's lower half is also looked up in the upper half, where it is
// linked.
std::optional<FilePlace> find_in_files(const Facts& facts, std::uint64_t address, unsigned from_level);

// Whether any file has something there, whoever accesses it.
bool any_file_has(const Facts& facts, std::uint64_t address);

// " (offset 0xcff8 of loader.elf)": where a file has a physical address; empty: no file has it, or in memory alone.
std::string offset_in_file(const Facts& facts, std::uint64_t physical);

enum class Likeness { kUnknown, kSame, kOther };
// Whether memory holds at `physical` what the file has at the place: 64 bytes around it. Unknown for what a program
// changes, and for zeros, which are everywhere.
Likeness compare_with_memory(const Facts& facts, const FilePlace& place, std::uint64_t physical);

// The instruction at an address of the code that was interrupted: as memory holds it, else as its file does.
std::optional<std::uint32_t> instruction_at(const Facts& facts, std::uint64_t address);

// The bytes that the files have at physical addresses, as a loader of them puts them into memory.
class FileMemory final : public MemoryReader {
 public:
  explicit FileMemory(std::span<const LoadedElf> files) : files_(files) {}
  Result<void> read(std::uint64_t address, std::span<std::uint8_t> out) override;

 private:
  std::span<const LoadedElf> files_;
};

}  // namespace bootrig
