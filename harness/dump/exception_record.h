// ExceptionRecord: what a crash dump on a console says, corrected where the dialect is known to lie. One parser per
// dialect (dump/<dialect>.cc), found by a row in the table of dump/dialects.cc.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bootrig {

struct ExceptionRecord {
  std::string dialect;           // "microkit-loader", "sel4-kernel", "u-boot", ...
  std::uint64_t first_line = 0;  // of the console, from 1
  std::uint64_t last_line = 0;
  std::string headline;           // the dump's own first words, cleaned
  std::optional<unsigned> level;  // the exception level that it was taken to, when the dump tells
  std::optional<std::uint64_t> esr, far, elr, spsr, hpfar, sp;
  std::array<std::optional<std::uint64_t>, 31> x;
  std::map<std::string, std::string> extra;  // what else it names: "cpu", "pd", "thread", "reloc-offset"
  bool cut_off = false;                      // it ends before it should
  // Where the text is wrong by a known defect of the dialect, what was corrected or must not be believed.
  std::vector<std::string> corrections;
};

// All dumps in a transcript, in order; any bytes. Noise between lines, '\r', ANSI, timestamps and cut-off dumps are
// expected; two dumps in a row are two records.
std::vector<ExceptionRecord> find_dumps(std::string_view transcript);

}  // namespace bootrig
