// AnsiStripper: drops ANSI escape sequences from a stream of bytes, in any split. It leaves every
// other byte alone, backspace and '\r' included.
//
// Sequences are those of ECMA-48: CSI (ESC [ parameters final), OSC (ESC ] text BEL, or ESC ] text
// ESC \), ESC with intermediate bytes (ESC ( B) and two-byte ESC. A byte that cannot stand in a
// sequence ends it and is ordinary, '\n' first of all: what a broken sequence hides never reaches
// beyond its line.
#pragma once

#include <cstring>
#include <string_view>

namespace bootrig::match {

inline constexpr char kEscapeByte = '\x1b';

class AnsiStripper {
 public:
  // Calls keep(piece) with the parts of `bytes` that belong to no sequence, in order, as views into
  // `bytes`.
  template <typename Keep>
  void strip(std::string_view bytes, Keep keep) {
    while (!bytes.empty()) {
      if (state_ == State::kText) {
        const std::size_t escape = find_escape(bytes);
        if (escape > 0) keep(bytes.substr(0, escape));
        if (escape == bytes.size()) return;
        state_ = State::kEscape;
        bytes.remove_prefix(escape + 1);
      } else if (takes(static_cast<unsigned char>(bytes.front()))) {
        bytes.remove_prefix(1);
      }
    }
  }

 private:
  enum class State { kText, kEscape, kIntermediate, kCsi, kOsc };

  static std::size_t find_escape(std::string_view bytes) {
    const void* at = std::memchr(bytes.data(), kEscapeByte, bytes.size());
    return at == nullptr ? bytes.size() : static_cast<const char*>(at) - bytes.data();
  }
  // Whether the byte belongs to the sequence. Moves on to the next state; kText when the sequence
  // is over.
  bool takes(unsigned char byte);

  State state_ = State::kText;
};

}  // namespace bootrig::match
