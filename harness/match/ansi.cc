#include "match/ansi.h"

namespace bootrig::match {
namespace {

bool within(unsigned char byte, unsigned char first, unsigned char last) {
  return byte >= first && byte <= last;
}

}  // namespace

// Byte classes: ECMA-48, 5.4 (control sequences) and ECMA-35, 13 (escape sequences).
bool AnsiStripper::takes(unsigned char byte) {
  const auto go = [this](State state, bool taken) {
    state_ = state;
    return taken;
  };
  switch (state_) {
    case State::kText:
      return false;
    case State::kEscape:
      if (byte == static_cast<unsigned char>(kEscapeByte)) return true;
      if (byte == '[') return go(State::kCsi, true);
      if (byte == ']') return go(State::kOsc, true);
      if (within(byte, 0x20, 0x2f)) return go(State::kIntermediate, true);
      return go(State::kText, within(byte, 0x30, 0x7e));
    case State::kIntermediate:
      if (within(byte, 0x20, 0x2f)) return true;
      return go(State::kText, within(byte, 0x30, 0x7e));
    case State::kCsi:
      if (within(byte, 0x20, 0x3f)) return true;
      return go(State::kText, within(byte, 0x40, 0x7e));
    case State::kOsc:
      if (byte == 0x07) return go(State::kText, true);
      // ESC, as every control, ends the text; with the '\' behind it, it is a two-byte sequence of
      // its own.
      return byte < 0x20 ? go(State::kText, false) : true;
  }
  return false;
}

}  // namespace bootrig::match
