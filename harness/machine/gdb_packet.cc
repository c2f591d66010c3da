#include "machine/gdb_packet.h"

#include <fmt/format.h>

#include <numeric>

namespace bootrig {
namespace {

constexpr char kEscape = '}';
constexpr char kEscapeFlip = 0x20;
constexpr char kRun = '*';
constexpr int kRunBias = 29;  // '*' and a character c: c - 29 more times

std::uint8_t checksum(std::string_view body) {
  return std::accumulate(body.begin(), body.end(), std::uint8_t{0}, [](std::uint8_t sum, char c) {
    return static_cast<std::uint8_t>(sum + static_cast<std::uint8_t>(c));
  });
}

std::optional<unsigned> digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

Result<std::string> decode(std::string_view body) {
  std::string payload;
  for (std::size_t i = 0; i < body.size(); ++i) {
    char c = body[i];
    std::size_t count = 1;
    if (c == kEscape || c == kRun) {
      if (++i == body.size()) return fail("gdbstub: a packet ends within an escape");
      const char next = body[i];
      if (c == kRun) {
        if (payload.empty() || next < kRunBias + 1) return fail("gdbstub: a run length that cannot be");
        count = static_cast<std::size_t>(next - kRunBias);
      }
      c = c == kRun ? payload.back() : static_cast<char>(next ^ kEscapeFlip);
    }
    if (payload.size() + count > GdbPacketReader::kPacketMax) return fail("gdbstub: a packet that is too long");
    payload.append(count, c);
  }
  return payload;
}

}  // namespace

std::string gdb_packet(std::string_view payload) {
  std::string body;
  for (const char c : payload) {
    if (c == '$' || c == '#' || c == kEscape || c == kRun) {
      body += kEscape;
      body += static_cast<char>(c ^ kEscapeFlip);
    } else {
      body += c;
    }
  }
  return fmt::format("${}#{:02x}", body, checksum(body));
}

Result<std::optional<std::string>> GdbPacketReader::next() {
  for (;;) {
    at_ = bytes_.find_first_not_of('+', at_);
    if (at_ == bytes_.npos) {
      bytes_.clear();
      at_ = 0;
      return std::nullopt;
    }
    const char first = bytes_[at_];
    if (first == '-') return fail("gdbstub: it did not understand a packet");
    if (first != '$' && first != '%') {
      return fail(fmt::format("gdbstub: byte {:#04x} where a packet should begin", static_cast<std::uint8_t>(first)));
    }
    const std::size_t end = bytes_.find('#', at_);
    if (std::min(end, bytes_.size()) - at_ > kPacketMax) return fail("gdbstub: a packet that is too long");
    if (end == bytes_.npos || bytes_.size() - end < 3) return std::nullopt;
    const std::string_view body = std::string_view(bytes_).substr(at_ + 1, end - at_ - 1);
    const auto high = digit(bytes_[end + 1]);
    const auto low = digit(bytes_[end + 2]);
    if (!high || !low || (*high << 4 | *low) != checksum(body)) return fail("gdbstub: a packet with a wrong checksum");
    auto payload = decode(body);
    if (!payload) return std::unexpected(payload.error());
    at_ = end + 3;
    if (at_ > kPacketMax) {
      bytes_.erase(0, at_);
      at_ = 0;
    }
    if (first == '$') return std::move(*payload);
  }
}

std::optional<std::vector<std::uint8_t>> parse_gdb_bytes(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::vector<std::uint8_t> bytes;
  bytes.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const auto high = digit(hex[i]);
    const auto low = digit(hex[i + 1]);
    if (!high || !low) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(*high << 4 | *low));
  }
  return bytes;
}

std::optional<std::uint64_t> parse_gdb_number(std::string_view hex) {
  const auto bytes = parse_gdb_bytes(hex);
  if (!bytes || bytes->empty() || bytes->size() > sizeof(std::uint64_t)) return std::nullopt;
  std::uint64_t number = 0;
  for (std::size_t i = bytes->size(); i-- > 0;) number = number << 8 | (*bytes)[i];
  return number;
}

}  // namespace bootrig
