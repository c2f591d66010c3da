#include "triage/backtrace.h"

#include <fmt/format.h>

#include <array>

#include "base/check.h"

namespace bootrig {
namespace {

constexpr unsigned kHalfBit = 55;  // which half of the addresses: it never holds part of an authentication code

struct Record {
  std::uint64_t fp = 0;
  std::uint64_t return_address = 0;
};

std::uint64_t without_authentication(std::uint64_t address, unsigned address_bits) {
  CHECK(address_bits > 0 && address_bits <= kHalfBit);
  const std::uint64_t upper = ~std::uint64_t{0} << address_bits;
  return (address >> kHalfBit & 1) != 0 ? address | upper : address & ~upper;
}

std::uint64_t number(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value |= std::uint64_t{bytes[i]} << (8 * i);
  return value;
}

// The record that `fp` points to. Records lie on a stack, the caller's above its callee's: from `lowest` on.
Result<Record> read_record(std::uint64_t fp, std::uint64_t lowest, const ReadVirtual& read) {
  if (fp == 0) return fail("the frame pointer is 0");
  if (fp % 8 != 0) return fail(fmt::format("the frame pointer {:#x} is not aligned", fp));
  if (fp < lowest) return fail(fmt::format("the frame pointer {:#x} points down the stack, below {:#x}", fp, lowest));
  std::array<std::uint8_t, 16> bytes;
  if (const auto done = read(fp, bytes); !done) {
    return fail(fmt::format("the frame record at {:#x} cannot be read: {}", fp, to_text(done.error())));
  }
  const std::span<const std::uint8_t> record(bytes);
  return Record{number(record.first(8)), number(record.subspan(8))};
}

}  // namespace

Backtrace backtrace(const CpuFrame& start, const ReadVirtual& read, const FindFunction& function,
                    unsigned address_bits) {
  Backtrace trace{{{start.pc}}, ""};
  const std::uint64_t link = without_authentication(start.lr, address_bits);
  const auto caller = function(link - kInstructionSize);
  // Where x30 points into the same function, it is left over from a call that has returned.
  bool by_link = caller && caller != function(start.pc);
  std::uint64_t fp = start.fp, lowest = start.sp;
  for (;;) {
    const Result<Record> record = read_record(fp, lowest, read);
    const std::uint64_t back = record ? without_authentication(record->return_address, address_bits) : 0;
    if (by_link && back != link) trace.frames.push_back({link - kInstructionSize});
    by_link = false;
    if (!record) {
      trace.end = record.error().message;
    } else if (back == 0) {
      trace.end = fmt::format("the return address at {:#x} is 0", fp + 8);
    } else if (!function(back - kInstructionSize)) {
      trace.end = fmt::format("the return address {:#x} at {:#x} is in no code", record->return_address, fp + 8);
    } else if (trace.frames.size() >= kFramesMax) {
      trace.end = fmt::format("more than {} frames", kFramesMax);
    } else {
      trace.frames.push_back({back - kInstructionSize});
      lowest = fp + sizeof(Record);
      fp = record->fp;
      continue;
    }
    return trace;
  }
}

}  // namespace bootrig
