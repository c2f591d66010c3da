// FuzzInput: what a fuzz target (*_fuzz.cc) reads its case from: numbers and texts out of the bytes that the fuzzer
// made up. Behind the end come zeros and empty texts, so that any bytes are a case.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bootrig {

class FuzzInput {
 public:
  FuzzInput(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  // Little-endian; T is an unsigned type.
  template <typename T>
  T number() {
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) value = static_cast<T>(value | T{byte()} << (8 * i));
    return value;
  }
  std::uint8_t byte() {
    const std::string_view first = take(1);
    return first.empty() ? 0 : static_cast<std::uint8_t>(first[0]);
  }
  std::string_view take(std::size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  // The text before the next line "====", which divides a case of several texts; the whole rest, when there is none.
  std::string_view part() {
    constexpr std::string_view kDivider = "====\n";
    std::size_t end = rest_.find(kDivider);
    while (end != rest_.npos && end != 0 && rest_[end - 1] != '\n') end = rest_.find(kDivider, end + 1);
    const std::string_view text = take(end);
    take(kDivider.size());
    return text;
  }
  std::string_view rest() const { return rest_; }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// Gives the bytes to `feed` piece by piece, cut at places that depend on them alone: one case, one way to cut it.
template <typename Feed>
void feed_in_pieces(std::string_view bytes, Feed feed) {
  std::uint64_t state = bytes.size() * 6364136223846793005u + 1442695040888963407u;
  while (!bytes.empty()) {
    state = (state + static_cast<std::uint8_t>(bytes.front())) * 6364136223846793005u + 1442695040888963407u;
    const std::size_t size = std::min<std::size_t>(1 + (state >> 60), bytes.size());
    feed(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
}

}  // namespace bootrig

// What libFuzzer calls; each target defines it. 0: the case has been tried; -1: it is none, and not to be kept.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
