// The native stages: what ninja has bootrig do (`bootrig stage cpio|embed …`). Deterministic: equal
// inputs, equal bytes. An output whose bytes do not change keeps its time, so that ninja need not
// redo what depends on it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace bootrig {

// Writes the file unless it has these bytes already.
Result<void> write_if_changed(const std::filesystem::path& output, std::string_view bytes);

// A newc archive (libarchive): entries sorted by name, or in the order given, times, owners, devices and inodes zero, mode
// 0644.
struct ArchiveEntry {
  std::string name;
  std::filesystem::path file;
};
// `truncate`: keep only so many bytes of the archive, which is then damaged on purpose. Larger than
// it: whole.
Result<void> write_cpio(const std::filesystem::path& output, std::vector<ArchiveEntry> entries,
                        std::optional<std::uint64_t> truncate, bool sorted = true);

// An assembler source that makes `input`'s bytes an object with <symbol> at their start,
// <symbol>_end behind them and <symbol>_size, an 8-byte object that holds their number. The
// assembler reads `input` (.incbin). `alignment` is a power of two, in bytes.
Result<void> write_embed_source(const std::filesystem::path& output, const std::filesystem::path& input,
                                const std::string& symbol, const std::string& section, unsigned alignment);

// `bootrig stage …`: the arguments after "stage":
//   cpio  --output FILE [--truncate SIZE] [--order given] NAME=FILE...
//   embed --output FILE --symbol NAME --section NAME --align BYTES FILE
//   check --output FILE [--symbol NAME]... [--entry ADDRESS|SYMBOL] [--size-at-most SIZE] [--without-section NAME]...
//         [--machine NAME] [--undefined NAME]... FILE
//   make  --tree FOLDER --folder FOLDER --depfile FILE --output FILE... [--build-variable NAME] [--set NAME=VALUE]...
//         [--target NAME]...
//   tool  --folder FOLDER --output FILE... [--set NAME=VALUE]... -- PROGRAM ARGUMENT...
//   cmake --folder FOLDER --source TREE [--toolchain FILE] [--define NAME=VALUE]... [--set NAME=VALUE]...
//         [--input FILE]... [--target NAME]... --output FILE... [--module NAME=WAY]...
//         [--assert FILE ENTRY VALUE UNLESS BECAUSE]...
//   copy  --output FILE FILE
//   elfloader-headers --output FOLDER --kernel FILE --tree FILE --platform FILE --rootserver FILE --archive FILE
//                     --source FOLDER
//   elfloader-check   --output FILE --kernel FILE --tree FILE --platform FILE --rootserver FILE --loader FILE
// An output is below FOLDER, where a tool runs; one that it does not leave there is an error. Make's outputs are copied
// there from where make builds.
// An argument "@FILE" before "--" stands for the arguments in FILE, quoted as for a shell, for command lines
// that are too long.
Result<void> run_stage(const std::vector<std::string>& arguments);

}  // namespace bootrig
