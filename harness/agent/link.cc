#include "agent/link.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

namespace bootrig {
namespace {

constexpr std::size_t kChunk = 32 << 10;
constexpr std::uint32_t kCreditAt = kWindow / 8;
// A UART brings one byte a write; each would be a frame and a packet of its own. So after a short read it is left alone
// for a moment.
constexpr std::uint64_t kGatherNs = 1'000'000;
constexpr std::size_t kShortRead = 4096;
// What has been sent is cut off when it is that much.
constexpr std::size_t kTidySentAt = 1 << 20;

bool is_transient(int error) {
  return error == EAGAIN || error == EINTR;
}

}  // namespace

std::uint64_t monotonic_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

void set_nonblocking(int descriptor) {
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

Link::Link(int in, int out, bool toward_session)
    : in_(in), out_(out), toward_session_(toward_session), heard_at_(monotonic_now()) {
  set_nonblocking(in);
  set_nonblocking(out);
}

void Link::open(Channel channel, int descriptor) {
  set_nonblocking(descriptor);
  Pipe& pipe = pipes_[channel];
  pipe.descriptor = descriptor;
  pipe.source_open = channel != kErrors || !toward_session_;
  pipe.sink_open = channel != kErrors || toward_session_;
}

void Link::send(FrameType type, std::string_view payload, std::uint8_t channel) {
  append_frame(out_bytes_, type, channel, payload);
}

bool Link::round(int timeout_ms, int extra, const std::function<void(const Frame&)>& take) {
  write_stream();
  std::array<pollfd, 3 + kChannelCount> watched{};
  watched[0] = {in_, POLLIN, 0};
  watched[1] = {sent_all() ? -1 : out_, POLLOUT, 0};
  watched[2] = {extra, POLLIN, 0};
  const std::uint64_t now = monotonic_now();
  for (std::size_t i = 0; i < kChannelCount; ++i) {
    const Pipe& pipe = pipes_[i];
    const bool gathering = pipe.gather_until > now;
    if (gathering && pipe.source_open) timeout_ms = timeout_ms < 0 ? 1 : std::min(timeout_ms, 1);
    short events = 0;
    if (pipe.source_open && pipe.window > 0 && !gathering) events |= POLLIN;
    if (may_write(static_cast<Channel>(i))) events |= POLLOUT;
    watched[3 + i] = {events == 0 ? -1 : pipe.descriptor, events, 0};
  }
  ::poll(watched.data(), watched.size(), timeout_ms);
  if (watched[0].revents != 0) read_stream(take);
  read_sources();
  for (const Channel channel : {kUart, kQmp, kGdb, kErrors}) write_sink(channel);
  write_stream();
  return !ended_ && !reader_.broken();
}

void Link::read_stream(const std::function<void(const Frame&)>& take) {
  std::array<char, kChunk> bytes;
  const ssize_t count = ::read(in_, bytes.data(), bytes.size());
  if (count == 0 || (count < 0 && !is_transient(errno))) ended_ = true;
  if (count <= 0) return;
  heard_at_ = monotonic_now();
  reader_.feed({bytes.data(), static_cast<std::size_t>(count)});
  while (auto frame = reader_.next()) take_frame(*frame, take);
}

void Link::take_frame(const Frame& frame, const std::function<void(const Frame&)>& take) {
  Pipe& pipe = pipes_[frame.channel];
  switch (frame.type) {
    case FrameType::kData:
      pipe.pending += frame.payload;
      pipe.came += frame.payload.size();
      if (toward_session_ && frame.channel == kQmp) pipe.write_after = pipes_[kUart].came;
      if (pipe.pending.size() > kWindow) ended_ = true;  // no sender of ours does that
      break;
    case FrameType::kCredit:
      pipe.window =
          static_cast<std::uint32_t>(std::min<std::uint64_t>(kWindow, pipe.window + number_at(frame.payload, 0, 4)));
      break;
    case FrameType::kClose:
      pipe.close_when_written = true;
      break;
    default:
      take(frame);
  }
}

void Link::write_stream() {
  while (!sent_all()) {
    const ssize_t count = ::write(out_, out_bytes_.data() + unsent_, out_bytes_.size() - unsent_);
    if (count < 0 && !is_transient(errno)) ended_ = true;
    if (count <= 0) break;
    unsent_ += static_cast<std::size_t>(count);
  }
  if (sent_all() || unsent_ > kTidySentAt) {
    out_bytes_.erase(0, unsent_);
    unsent_ = 0;
  }
}

// What QEMU said on its UART before a QMP event must go ahead of the event: so the UART's bytes are counted once the event
// has been read, and it is held until they are under way. (Not "until the UART is empty": a guest that never stops
// talking would keep QMP waiting for ever.)
void Link::read_sources() {
  Pipe& uart = pipes_[kUart];
  if (held_.empty()) {
    const std::size_t before = out_bytes_.size();
    read_source(kQmp);
    if (!toward_session_) {
      held_ = out_bytes_.substr(before);
      out_bytes_.resize(before);
    }
    int ahead = 0;
    if (!held_.empty() && uart.source_open) ::ioctl(uart.descriptor, FIONREAD, &ahead);
    held_until_ = uart.read + static_cast<std::uint64_t>(ahead);
  }
  if (!held_.empty() || uart.gather_until <= monotonic_now()) read_source(kUart);
  if (!held_.empty() && (uart.read >= held_until_ || !uart.source_open)) {
    out_bytes_ += held_;
    held_.clear();
  }
  read_source(kGdb);
  read_source(kErrors);
}

// What is there, as far as the window allows.
void Link::read_source(Channel channel) {
  Pipe& pipe = pipes_[channel];
  std::array<char, kChunk> bytes;
  std::size_t total = 0;
  while (pipe.source_open && pipe.window > 0) {
    const std::size_t room = std::min(bytes.size(), static_cast<std::size_t>(pipe.window));
    const ssize_t count = ::read(pipe.descriptor, bytes.data(), room);
    if (count < 0 && is_transient(errno)) break;
    if (count <= 0) {  // QEMU that ends with unread input makes it ECONNRESET instead of 0
      close_source(channel);
      break;
    }
    total += static_cast<std::size_t>(count);
    pipe.read += static_cast<std::uint64_t>(count);
    pipe.window -= static_cast<std::uint32_t>(count);
    send(FrameType::kData, {bytes.data(), static_cast<std::size_t>(count)}, channel);
  }
  if (channel == kUart && !toward_session_ && total > 0 && total < kShortRead) {
    pipe.gather_until = monotonic_now() + kGatherNs;
  }
}

void Link::close_source(Channel channel) {
  Pipe& pipe = pipes_[channel];
  pipe.source_open = false;
  send(FrameType::kClose, {}, channel);
  close_if_done(pipe);
}

bool Link::may_write(Channel channel) const {
  const Pipe& pipe = pipes_[channel];
  return pipe.sink_open && !pipe.pending.empty() && pipes_[kUart].written >= pipe.write_after;
}

void Link::write_sink(Channel channel) {
  Pipe& pipe = pipes_[channel];
  std::size_t done = pipe.sink_open ? 0 : pipe.pending.size();  // nobody reads: dropped
  while (may_write(channel) && done < pipe.pending.size()) {
    const ssize_t count = ::write(pipe.descriptor, pipe.pending.data() + done, pipe.pending.size() - done);
    if (count < 0 && is_transient(errno)) break;
    if (count <= 0) {
      pipe.sink_open = false;
      done = pipe.pending.size();
      break;
    }
    done += static_cast<std::size_t>(count);
  }
  pipe.pending.erase(0, done);
  pipe.written += done;
  pipe.uncredited += static_cast<std::uint32_t>(done);
  if (pipe.uncredited >= kCreditAt) {
    send(FrameType::kCredit, number_bytes(pipe.uncredited, 4), channel);
    pipe.uncredited = 0;
  }
  if (pipe.close_when_written && pipe.pending.empty()) {
    pipe.sink_open = false;
    // The other side has closed its descriptor: ours has nobody to say anything to.
    pipe.source_open = false;
    close_if_done(pipe);
  }
}

void Link::close_if_done(Pipe& pipe) {
  if (pipe.source_open || (pipe.sink_open && !pipe.pending.empty()) || pipe.descriptor < 0) return;
  ::close(pipe.descriptor);
  pipe.descriptor = -1;
  pipe.sink_open = false;
}

bool Link::sources_dry() const {
  return held_.empty() && std::ranges::none_of(pipes_, [](const Pipe& pipe) { return pipe.source_open; });
}

bool Link::sinks_dry() const {
  return std::ranges::none_of(pipes_, [](const Pipe& pipe) { return pipe.sink_open && !pipe.pending.empty(); });
}

}  // namespace bootrig
