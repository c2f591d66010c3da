// Backtrace: who called whom, by frame records (AAPCS64 6.4.6: x29 points to a pair, the caller's x29 and the return
// address). Code that keeps no frame pointer is skipped without a trace; unwinding by tables is not its business. The
// stack is a failed guest's, so that anything may stand there.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

namespace bootrig {

inline constexpr std::uint64_t kInstructionSize = 4;

// Fills `out` from a virtual address of the guest on, or says why it cannot.
using ReadVirtual = std::function<Result<void>(std::uint64_t address, std::span<std::uint8_t> out)>;
// Where the function begins that the address lies in; none: no code is there. Without symbols, the address itself.
using FindFunction = std::function<std::optional<std::uint64_t>(std::uint64_t address)>;

inline constexpr std::size_t kFramesMax = 32;

struct CpuFrame {
  std::uint64_t pc = 0;
  std::uint64_t lr = 0;  // x30
  std::uint64_t fp = 0;  // x29
  std::uint64_t sp = 0;
};

struct Frame {
  std::uint64_t pc = 0;  // of the first frame where it stands, of the others their call: the return address less 4
};

struct Backtrace {
  std::vector<Frame> frames;  // the innermost first; never empty
  std::string end;            // why it goes no further: "the frame pointer is 0"
};

// `address_bits`: of a virtual address (64 - TxSZ); bits of a return address between them and bit 55 are taken for a
// pointer authentication code (DDI 0487, chapter D8, Pointer authentication). A function that has not stored x30 yet, or never will, counts by x30
// itself.
Backtrace backtrace(const CpuFrame& start, const ReadVirtual& read, const FindFunction& function,
                    unsigned address_bits = 48);

}  // namespace bootrig
