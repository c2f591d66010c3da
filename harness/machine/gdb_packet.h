// Packets of the GDB remote serial protocol (GDB manual, "Remote Protocol", "Overview"): framing, checksums, escapes and
// run lengths. Bytes in, payloads out; what a payload means is for gdb_stub.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace bootrig {

// "$payload#checksum", escaped where needed.
std::string gdb_packet(std::string_view payload);

// Reads what a stub sends. The stub is not trusted: any bytes give payloads or an error.
class GdbPacketReader {
 public:
  static constexpr std::size_t kPacketMax = std::size_t{64} << 10;  // framed or expanded

  void feed(std::string_view bytes) { bytes_ += bytes; }
  // The next packet's payload; none: not all of it is there yet. Acknowledgements ('+') and notifications ('%') are
  // passed over. An error is final: nobody knows where the next packet would begin.
  Result<std::optional<std::string>> next();

 private:
  std::string bytes_;
  std::size_t at_ = 0;  // before it, all is read
};

// "0a1B" is 0x0a 0x1b. None: an odd number of digits, or something else than digits ("xx": the stub cannot tell).
std::optional<std::vector<std::uint8_t>> parse_gdb_bytes(std::string_view hex);
// A register of 1 to 8 bytes; the target's order is little-endian.
std::optional<std::uint64_t> parse_gdb_number(std::string_view hex);

}  // namespace bootrig
