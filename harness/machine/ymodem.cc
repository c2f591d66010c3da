#include "machine/ymodem.h"

#include <fmt/format.h>

#include <utility>

namespace bootrig {
namespace {

constexpr unsigned char kSoh = 0x01, kStx = 0x02, kEot = 0x04, kAck = 0x06, kNak = 0x15, kCan = 0x18, kStart = 'C';
constexpr std::size_t kHeaderSize = 128, kBlockSize = 1024;
constexpr char kFill = 0x1a;
constexpr unsigned kRepeatsMax = 10;  // of one block

// CRC-16 of XMODEM: polynomial 0x1021, begins with 0.
std::uint16_t crc16(std::string_view bytes) {
  std::uint16_t crc = 0;
  for (const char byte : bytes) {
    crc = static_cast<std::uint16_t>(crc ^ (static_cast<unsigned char>(byte) << 8));
    for (int bit = 0; bit < 8; ++bit) {
      crc = static_cast<std::uint16_t>((crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1);
    }
  }
  return crc;
}

std::string framed(unsigned char begin, std::size_t number, std::string payload, std::size_t size, char fill) {
  payload.resize(size, fill);
  const std::uint16_t crc = crc16(payload);
  std::string block{static_cast<char>(begin), static_cast<char>(number), static_cast<char>(~number)};
  block += payload;
  block += static_cast<char>(crc >> 8);
  block += static_cast<char>(crc);
  return block;
}

}  // namespace

YmodemSender::YmodemSender(std::string_view name, std::string bytes)
    : header_(fmt::format("{}{}{}{}", name.substr(0, 64), '\0', bytes.size(), '\0')), bytes_(std::move(bytes)) {}

std::size_t YmodemSender::feed(std::string_view received) {
  std::size_t taken = 0;
  while (taken < received.size() && !done() && failure_.empty()) {
    take(static_cast<unsigned char>(received[taken++]));
  }
  return taken;
}

std::string YmodemSender::take_send() {
  return std::exchange(due_, {});
}

// A receiver says 'C' every few seconds until it is heard, so one that comes while a block is on its way means nothing.
void YmodemSender::take(unsigned char byte) {
  cancels_ = byte == kCan ? cancels_ + 1 : 0;
  if (cancels_ == 2) {
    failure_ = "the board cancelled it";
  } else if (byte == kAck) {
    take_acknowledgement();
  } else if (byte == kNak && !last_.empty()) {
    if (++repeats_ > kRepeatsMax) failure_ = fmt::format("one block was refused {} times", repeats_);
    due_ = last_;
  } else if (byte == kStart && state_ == State::kAwaitStart) {
    send(State::kHeader, framed(kSoh, 0, header_, kHeaderSize, '\0'));
  } else if (byte == kStart && state_ == State::kAwaitData) {
    send_block();
  } else if (byte == kStart && state_ == State::kAwaitLast) {
    send(State::kLast, framed(kSoh, 0, "", kHeaderSize, '\0'));
  }
}

void YmodemSender::take_acknowledgement() {
  if (state_ == State::kHeader) {
    state_ = State::kAwaitData;
  } else if (state_ == State::kData) {
    ++block_;
    send_block();
  } else if (state_ == State::kEnd) {
    state_ = State::kAwaitLast;
  } else if (state_ == State::kLast) {
    state_ = State::kDone;
  }
}

void YmodemSender::send_block() {
  if (block_ == blocks()) return send(State::kEnd, std::string(1, static_cast<char>(kEot)));
  send(State::kData, framed(kStx, block_ + 1, bytes_.substr(block_ * kBlockSize, kBlockSize), kBlockSize, kFill));
}

void YmodemSender::send(State state, std::string block) {
  state_ = state;
  repeats_ = 0;
  due_ = last_ = std::move(block);
}

std::size_t YmodemSender::blocks() const {
  return (bytes_.size() + kBlockSize - 1) / kBlockSize;
}

std::string YmodemSender::progress() const {
  return fmt::format("{} of {} blocks", block_, blocks());
}

}  // namespace bootrig
