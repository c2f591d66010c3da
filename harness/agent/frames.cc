#include "agent/frames.h"

namespace bootrig {
namespace {

constexpr std::size_t kHeader = 4;
constexpr std::size_t kTidyAt = std::size_t{1} << 20;

// Of a payload of this type, the size that it must have; none: any.
std::optional<std::size_t> fixed_size(FrameType type) {
  switch (type) {
    case FrameType::kCredit:
    case FrameType::kStarted:
      return 4;
    case FrameType::kStart:
    case FrameType::kAlive:
      return 8;
    case FrameType::kClose:
      return 0;
    case FrameType::kExited:
      return 16;
    default:
      return std::nullopt;
  }
}

bool is_sound(FrameType type, std::uint8_t channel, std::size_t length) {
  if (type < FrameType::kWords || type > FrameType::kExited || channel >= kChannelCount) return false;
  const auto size = fixed_size(type);
  return !size || *size == length;
}

}  // namespace

void append_frame(std::string& out, FrameType type, std::uint8_t channel, std::string_view payload) {
  out += static_cast<char>(type);
  out += static_cast<char>(channel);
  out += number_bytes(payload.size(), 2);
  out += payload;
}

std::string number_bytes(std::uint64_t value, std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

std::uint64_t number_at(std::string_view payload, std::size_t offset, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size && offset + i < payload.size(); ++i) {
    value |= std::uint64_t{static_cast<unsigned char>(payload[offset + i])} << (8 * i);
  }
  return value;
}

std::optional<Frame> FrameReader::next() {
  const std::string_view left = std::string_view(bytes_).substr(read_);
  if (broken_ || left.size() < kHeader) return std::nullopt;
  const auto type = static_cast<FrameType>(left[0]);
  const auto channel = static_cast<std::uint8_t>(left[1]);
  const std::size_t length = number_at(left, 2, 2);
  broken_ = !is_sound(type, channel, length);
  if (broken_ || left.size() < kHeader + length) return std::nullopt;
  Frame frame{type, channel, std::string(left.substr(kHeader, length))};
  read_ += kHeader + length;
  if (read_ == bytes_.size() || read_ > kTidyAt) {
    bytes_.erase(0, read_);
    read_ = 0;
  }
  return frame;
}

}  // namespace bootrig
