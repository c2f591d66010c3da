// Frames: what the agent on a machine's host and the relay on this side tell each other over one byte stream. A frame
// is four bytes, type, channel and the payload's length (16 bits, little-endian), then the payload. Both ends are of one
// build (the agent is copied by its hash), so there is no version. What comes in is hostile all the same: a frame of no
// known type or of a wrong size ends the link.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bootrig {

enum class FrameType : std::uint8_t {
  kWords = 1,    // relay: some words of the command line, each with a NUL behind it
  kStart = 2,    // relay: the command line is whole; 8 bytes: milliseconds of silence after which the agent gives up
  kData = 3,     // both: bytes of a channel
  kCredit = 4,   // both: 4 bytes: so many of the channel's bytes have been handed on
  kClose = 5,    // both: the channel has no more bytes
  kAlive = 6,    // both, every kHeartbeat; of the agent: 8 bytes, nanoseconds that the program was starved so far
  kStarted = 7,  // agent: the program runs; 4 bytes, its process
  kRefused = 8,  // agent: it cannot be started; the payload says why
  kExited = 9,   // agent, its last frame: 4 bytes exit code, 4 bytes signal, 8 bytes CPU time in nanoseconds
};

// The descriptors of the program that are carried.
enum Channel : std::uint8_t { kUart, kQmp, kGdb, kErrors, kChannelCount };

struct Frame {
  FrameType type = FrameType::kAlive;
  std::uint8_t channel = 0;
  std::string payload;
};

inline constexpr std::size_t kPayloadMax = 0xffff;
// A sender has at most so many bytes of a channel under way: what one channel's reader leaves lying holds up no other.
inline constexpr std::uint32_t kWindow = 256u << 10;
inline constexpr int kHeartbeatMs = 250;

// Appends a frame to `out`. `payload` fits one.
void append_frame(std::string& out, FrameType type, std::uint8_t channel, std::string_view payload);

// Numbers in payloads, little-endian. `number_at` reads what lies behind the end as 0.
std::string number_bytes(std::uint64_t value, std::size_t size);
std::uint64_t number_at(std::string_view payload, std::size_t offset, std::size_t size);

class FrameReader {
 public:
  void feed(std::string_view bytes) { bytes_ += bytes; }
  // The next whole frame; none: not there yet, or the stream is broken.
  std::optional<Frame> next();
  // What came is no stream of frames; nothing more is read of it.
  bool broken() const { return broken_; }

 private:
  std::string bytes_;
  std::size_t read_ = 0;
  bool broken_ = false;
};

}  // namespace bootrig
