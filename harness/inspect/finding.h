// A finding of preflight, as results and reports carry it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bootrig {

struct Finding {
  enum class Severity {
    kError,    // it cannot boot
    kWarning,  // it may not boot; the bytes alone do not decide it
    kNote,
  };
  std::string name;  // "kernel-not-mapped"
  Severity severity = Severity::kNote;
  std::string what;                   // one sentence
  std::vector<std::string> evidence;  // a line each
  std::string change;                 // what to do about it; "" where it is not known
};
std::string_view to_text(Finding::Severity severity);  // "error"
// "error: kernel.elf needs EL2, and virt enters at EL1 [wrong-level]: 0xffffff8040000a48: msr HCR_EL2"
std::string to_line(const Finding& finding);

}  // namespace bootrig
