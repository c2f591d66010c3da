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
  // What else it names, in the dialect's own terms; keys that several have: "type" ("Synchronous", "IRQ"), "fault",
  // "cpu", "thread", "process", "pd", "user" ("yes": the fault of a user program), "code", "assertion" (dump/assertion.h),
  // "panic" ("yes": a program stopped itself). Others are told where they are set: "reg0" to "reg31" and "register-shift" (dump/microkit_loader.h), "sel4-error", "reloc-offset".
  std::map<std::string, std::string> extra;
  bool cut_off = false;  // it ends before it should
  // Where the text is wrong by a known defect of the dialect, what was corrected or must not be believed.
  std::vector<std::string> corrections;
};

// Whether a CPU may hold the syndrome that the record has not: not when it tells of an interrupt, a failed assertion or a
// panic, which write none.
bool may_have_syndrome(const ExceptionRecord& record);

// The dumps in a transcript, in order, at most the first 1000; any bytes. Noise between lines, '\r', ANSI, timestamps and
// cut-off dumps are expected; two dumps in a row are two records. A value is the one printed or none: a number that may
// be cut off by the transcript's end, or that comes twice and differs, is not believed.
std::vector<ExceptionRecord> find_dumps(std::string_view transcript);

}  // namespace bootrig
