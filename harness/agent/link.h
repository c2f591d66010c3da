// Link: one end of the stream of frames, and the descriptors whose bytes it carries. Passive: its owner polls with the
// descriptors that it names and tells it what is ready. Descriptors are closed by it once both sides are done with them.
#pragma once

#include <poll.h>

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/frames.h"

namespace bootrig {

inline constexpr std::uint64_t kNsPerMs = 1'000'000;

// Nanoseconds of CLOCK_MONOTONIC.
std::uint64_t monotonic_now();
void set_nonblocking(int descriptor);

class Link {
 public:
  // Frames come from `in` and go to `out`. `toward_session`: the channels' descriptors are those of the one who waits for
  // QMP events and takes the console for complete then; so no QMP byte is handed on before the UART bytes that came ahead.
  Link(int in, int out, bool toward_session);

  void open(Channel channel, int descriptor);
  void send(FrameType type, std::string_view payload, std::uint8_t channel = 0);

  // One round: waits at most `timeout_ms` (-1: for ever), and for `extra` (-1: nothing) to be readable; moves what can be
  // moved; gives the frames that are not about channels to `take`. False: the stream has ended or is broken.
  bool round(int timeout_ms, int extra, const std::function<void(const Frame&)>& take);

  // Everything that the local descriptors had to say has been sent, and they are closed (nobody holds their far ends).
  bool sources_dry() const;
  // Everything that came in has been handed on, or cannot be.
  bool sinks_dry() const;
  bool sent_all() const { return unsent_ == out_bytes_.size(); }
  bool broken() const { return reader_.broken(); }
  std::uint64_t heard_at() const { return heard_at_; }

 private:
  struct Pipe {
    int descriptor = -1;
    bool source_open = false;             // may still be read
    bool sink_open = false;               // may still be written
    bool close_when_written = false;      // the other side has closed
    std::string pending;                  // to be written
    std::uint64_t came = 0, written = 0;  // bytes for the descriptor
    std::uint64_t write_after = 0;        // of the UART's `written`, before the next byte goes
    std::uint32_t uncredited = 0;         // handed on, the sender not told yet
    std::uint32_t window = kWindow;       // that may still be sent
    std::uint64_t read = 0;               // of the descriptor
    std::uint64_t gather_until = 0;
  };
  void take_frame(const Frame& frame, const std::function<void(const Frame&)>& take);
  void read_stream(const std::function<void(const Frame&)>& take);
  void write_stream();
  void read_source(Channel channel);
  void read_sources();
  void write_sink(Channel channel);
  void close_if_done(Pipe& pipe);
  bool may_write(Channel channel) const;
  void close_source(Channel channel);

  int in_;
  int out_;
  bool toward_session_;
  bool ended_ = false;
  std::string out_bytes_;
  std::size_t unsent_ = 0;  // where the unsent part of out_bytes_ begins
  FrameReader reader_;
  std::uint64_t heard_at_;
  std::array<Pipe, kChannelCount> pipes_;
  std::string held_;  // frames of QMP that wait until so much of the UART has been read
  std::uint64_t held_until_ = 0;
};

}  // namespace bootrig
