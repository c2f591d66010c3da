// The native stages: what ninja has bootrig do (`bootrig stage cpio|embed …`). Deterministic: equal inputs, equal bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace bootrig {

// A newc archive (libarchive): entries sorted by name, times, owners, devices and inodes zero, mode 0644.
struct ArchiveEntry {
  std::string name;
  std::filesystem::path file;
};
Result<void> write_cpio(const std::filesystem::path& output, std::vector<ArchiveEntry> entries,
                        std::optional<std::uint64_t> truncate);

// An assembler source that makes `input`'s bytes an object with <symbol>, <symbol>_end and <symbol>_size.
Result<void> write_embed_source(const std::filesystem::path& output, const std::filesystem::path& input,
                                const std::string& symbol, const std::string& section, unsigned alignment);

// `bootrig stage …`: the arguments after "stage".
Result<void> run_stage(const std::vector<std::string>& arguments);

}  // namespace bootrig
