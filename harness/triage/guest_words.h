// What guests say, in exact words, of what they were given: a device tree, an initrd, a kernel, CPUs. Found on the
// console, and where Linux said nothing there, in the log that it keeps in memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bootrig {

struct GuestWords {
  enum class About {
    kTree,      // is none, or cannot be read
    kNoTree,    // there is none
    kInitrd,    // cannot be unpacked, or does not fit
    kNoMethod,  // the initrd is of a compression that the guest does not have
    kNoRoot,    // no file system, or no first process, was found
    kKernel,    // a program that was to be started cannot be read
    kCpu,       // one could not be started
    kNoGic,     // no interrupt controller was found
  };
  About about = About::kTree;
  std::string line;                      // as it was said, without the prefixes of a console
  bool in_memory = false;                // in Linux's log, and not on the console
  std::optional<std::uint64_t> address;  // the first hexadecimal number behind the words
  std::optional<std::uint64_t> number;   // the first decimal one: of the CPU
};

// In their order; each once for an `about`. `log` is Linux's (linux_log.h).
std::vector<GuestWords> find_words(std::string_view transcript, std::string_view log);

// The first of one kind; null: none was said.
const GuestWords* said(const std::vector<GuestWords>& words, GuestWords::About about);

}  // namespace bootrig
