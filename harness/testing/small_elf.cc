#include "testing/small_elf.h"

#include <elf.h>

#include <algorithm>
#include <cstring>

namespace bootrig {

std::string small_elf(const SmallSegment& content, std::uint64_t entry) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof header;
  header.e_type = ET_EXEC;
  header.e_machine = EM_AARCH64;
  header.e_entry = entry;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 1;
  Elf64_Phdr segment{};
  segment.p_type = PT_LOAD;
  segment.p_flags = content.flags;
  segment.p_offset = sizeof header + sizeof segment;
  segment.p_vaddr = content.virtual_address;
  segment.p_paddr = content.physical_address;
  segment.p_filesz = content.bytes.size();
  segment.p_memsz = std::max<std::uint64_t>(content.memory_size, content.bytes.size());
  std::string bytes(sizeof header + sizeof segment, '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  std::memcpy(bytes.data() + sizeof header, &segment, sizeof segment);
  return bytes + content.bytes;
}

}  // namespace bootrig
