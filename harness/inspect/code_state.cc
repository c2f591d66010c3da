#include "inspect/code_state.h"

#include <algorithm>

namespace bootrig {
namespace {

using Kind = CodeValue::Kind;

// So far may a loop move a pointer: the frames of eight CPUs.
constexpr std::uint64_t kNearMax = std::uint64_t{1} << 20;
// A smaller number added to something unknown is a member of a structure, a larger one no offset.
constexpr std::uint64_t kOffsetMin = 0x10000, kOffsetMax = std::uint64_t{1} << 48;

CodeValue offset(std::uint64_t number) {
  if (number < kOffsetMin || number >= kOffsetMax) return {};
  return {Kind::kOffset, number};
}

bool near(std::uint64_t a, std::uint64_t b) {
  return (a > b ? a - b : b - a) <= kNearMax;
}

}  // namespace

CodeValue add(const CodeValue& a, const CodeValue& b) {
  if (!a.is_known() && b.is_known()) return add(b, a);
  if (a.is_known()) {
    switch (b.kind) {
      case Kind::kKnown:
      case Kind::kNear:
        return {b.kind, a.number + b.number};
      case Kind::kOffset:
        return offset(a.number + b.number);
      case Kind::kStack:
        return b;
      case Kind::kUnknown:
        return offset(a.number);
    }
  }
  if (a.kind == Kind::kOffset && b.kind == Kind::kUnknown) return a;
  if (b.kind == Kind::kOffset && a.kind == Kind::kUnknown) return b;
  return {};
}

CodeValue subtract(const CodeValue& a, const CodeValue& b) {
  if (!b.is_known()) return {};
  if (a.kind == Kind::kUnknown) return {};
  return add(a, CodeValue::known(0 - b.number));
}

CodeValue join(const CodeValue& a, const CodeValue& b) {
  if (a == b) return a;
  const bool numbers = (a.is_known() || a.kind == Kind::kNear) && (b.is_known() || b.kind == Kind::kNear);
  if (!numbers || !near(a.number, b.number)) return {};
  if (a.is_known() && b.is_known()) return {Kind::kNear, std::min(a.number, b.number)};
  return {Kind::kNear, a.is_known() ? b.number : a.number};
}

bool CodeState::join_with(const CodeState& other) {
  const CodeState before = *this;
  for (unsigned i = 0; i < x.size(); ++i) x[i] = join(x[i], other.x[i]);
  if (flags != other.flags) flags.reset();
  if (level != other.level) level.reset();
  std::erase_if(cells, [&](const auto& cell) {
    const auto there = other.cells.find(cell.first);
    return there == other.cells.end() || !(there->second == cell.second);
  });
  return !(*this == before);
}

void CodeState::clobber() {
  constexpr unsigned kFirstKept = 19, kLink = 30;
  for (unsigned i = 0; i < kFirstKept; ++i) x[i] = {};
  x[kLink] = {};
  flags.reset();
}

}  // namespace bootrig
