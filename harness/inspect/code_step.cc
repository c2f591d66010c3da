#include "inspect/code_step.h"

#include "aarch64/field.h"

namespace bootrig {
namespace {

using aarch64::bits;
using aarch64::sign_extended;
using Kind = CodeValue::Kind;

constexpr std::uint64_t kLow32 = 0xffffffff;
constexpr unsigned kZeroRegister = 31;

bool bit(std::uint32_t word, unsigned at) {
  return (word >> at & 1) != 0;
}
std::uint64_t ones(unsigned count) {
  return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}
std::uint64_t rotated(std::uint64_t value, unsigned by, unsigned width) {
  by %= width;
  if (by == 0) return value & ones(width);
  return ((value & ones(width)) >> by | value << (width - by)) & ones(width);
}

// DecodeBitMasks() of DDI 0487, J1.3, the immediate of logical instructions. None: reserved.
std::optional<std::uint64_t> bit_mask(bool n, unsigned imms, unsigned immr, bool wide) {
  const unsigned combined = (n ? 64u : 0u) | (~imms & 63);
  if (combined < 2 || (n && !wide)) return std::nullopt;
  unsigned length = 6;
  while ((combined >> length & 1) == 0) --length;
  const unsigned size = 1u << length, run = (imms & (size - 1)) + 1;
  if (run == size) return std::nullopt;
  std::uint64_t mask = rotated(ones(run), immr & (size - 1), size);
  for (unsigned filled = size; filled < 64; filled *= 2) mask |= mask << filled;
  return wide ? mask : mask & kLow32;
}

class Stepper {
 public:
  Stepper(std::uint32_t word, std::uint64_t address, const CodeMemory& memory, CodeState& state)
      : word_(word), address_(address), memory_(memory), state_(state) {}

  CodeEffect run() {
    const unsigned group = static_cast<unsigned>(bits(word_, 28, 25));  // C4.1, op0
    if ((group & 0b1110) == 0b1000) {
      immediate();
    } else if ((group & 0b1110) == 0b1010) {
      branch_or_system();
    } else if ((group & 0b0101) == 0b0100) {
      load_or_store();
    } else if ((group & 0b0111) == 0b0101) {
      of_registers();
    } else if (group == 0) {
      effect_.step.kind = CodeStep::Kind::kStop;  // reserved; udf is one of them
    }
    return effect_;  // else: SIMD and floating point
  }

 private:
  bool wide() const { return bit(word_, 31); }
  unsigned rd() const { return static_cast<unsigned>(bits(word_, 4, 0)); }
  unsigned rn() const { return static_cast<unsigned>(bits(word_, 9, 5)); }
  unsigned rm() const { return static_cast<unsigned>(bits(word_, 20, 16)); }

  CodeValue get(unsigned reg) const { return reg == kZeroRegister ? CodeValue::known(0) : state_.x[reg]; }
  // Of an operation of 32 bits only the number is kept.
  CodeValue narrowed(CodeValue value, bool is_wide) const {
    if (is_wide) return value;
    if (value.kind != Kind::kKnown && value.kind != Kind::kNear) return {};
    value.number &= kLow32;
    return value;
  }
  void set(unsigned reg, const CodeValue& value, bool is_wide) {
    if (reg != kZeroRegister) state_.x[reg] = narrowed(value, is_wide);
  }

  // --- C4.1.86, data processing with an immediate
  void immediate() {
    switch (bits(word_, 25, 23)) {
      case 0b000:
      case 0b001: {
        const std::uint64_t raw = bits(word_, 23, 5) << 2 | bits(word_, 30, 29);
        const std::uint64_t offset = sign_extended(raw, 21);
        return set(rd(),
                   CodeValue::known(wide() ? (address_ & ~std::uint64_t{0xfff}) + (offset << 12) : address_ + offset),
                   true);
      }
      case 0b010: {
        const std::uint64_t value = bits(word_, 21, 10) << (bit(word_, 22) ? 12 : 0);
        return add_or_subtract(state_.x[rn()], CodeValue::known(value), true);
      }
      case 0b100: {
        const auto mask = bit_mask(bit(word_, 22), static_cast<unsigned>(bits(word_, 15, 10)),
                                   static_cast<unsigned>(bits(word_, 21, 16)), wide());
        return logical(get(rn()), mask ? CodeValue::known(*mask) : CodeValue(), true);
      }
      case 0b101:
        return move_wide();
      case 0b110:
        return bit_field();
      default:
        return set(rd(), {}, true);
    }
  }

  void move_wide() {
    const unsigned shift = 16 * static_cast<unsigned>(bits(word_, 22, 21));
    const std::uint64_t value = bits(word_, 20, 5) << shift;
    switch (bits(word_, 30, 29)) {
      case 0b00:
        return set(rd(), CodeValue::known(~value), wide());
      case 0b10:
        return set(rd(), CodeValue::known(value), wide());
      case 0b11: {
        const CodeValue old = get(rd());
        const std::uint64_t kept = old.number & ~(std::uint64_t{0xffff} << shift);
        return set(rd(), old.is_known() ? CodeValue::known(kept | value) : CodeValue(), wide());
      }
      default:
        return set(rd(), {}, true);
    }
  }

  void bit_field() {
    const unsigned width = wide() ? 64 : 32;
    const unsigned right = static_cast<unsigned>(bits(word_, 21, 16)), top = static_cast<unsigned>(bits(word_, 15, 10));
    const unsigned kind = static_cast<unsigned>(bits(word_, 30, 29));  // sbfm, bfm, ubfm
    const CodeValue from = narrowed(get(rn()), wide());
    if (!from.is_known() || right >= width || top >= width || kind == 3) return set(rd(), {}, true);
    const unsigned count = top >= right ? top - right + 1 : top + 1;
    const unsigned place = top >= right ? 0 : width - right;
    const std::uint64_t field = (top >= right ? from.number >> right : from.number) & ones(count);
    if (kind == 1) {
      const CodeValue old = get(rd());
      const std::uint64_t kept = old.number & ~(ones(count) << place);
      return set(rd(), old.is_known() ? CodeValue::known(kept | field << place) : CodeValue(), wide());
    }
    set(rd(), CodeValue::known((kind == 0 ? sign_extended(field, count) : field) << place), wide());
  }

  // `with_sp`: a destination of 31 is the stack pointer, when no flags are set.
  void add_or_subtract(const CodeValue& a, const CodeValue& b, bool with_sp) {
    const bool minus = bit(word_, 30), sets_flags = bit(word_, 29);
    const CodeValue left = narrowed(a, wide()), right = narrowed(b, wide());
    const CodeValue result = minus ? subtract(left, right) : add(left, right);
    if (sets_flags) {
      state_.flags.reset();
      if (left.is_known() && right.is_known()) flags_of_sum(left.number, right.number, minus);
    } else if (with_sp && rd() == kZeroRegister) {
      state_.x[CodeState::kStackPointer] = {Kind::kStack, 0};
      return;
    }
    set(rd(), result, wide());
  }

  void flags_of_sum(std::uint64_t a, std::uint64_t b, bool minus) {
    const unsigned width = wide() ? 64 : 32;
    const std::uint64_t mask = ones(width), sign = std::uint64_t{1} << (width - 1);
    const std::uint64_t result = (minus ? a - b : a + b) & mask;
    const bool carry = minus ? a >= b : result < a;
    const std::uint64_t other = minus ? ~b : b;
    const bool overflow = (~(a ^ other) & (a ^ result) & sign) != 0;
    state_.flags =
        ((result & sign) != 0 ? 8u : 0u) | (result == 0 ? 4u : 0u) | (carry ? 2u : 0u) | (overflow ? 1u : 0u);
  }

  void logical(const CodeValue& a, const CodeValue& b, bool with_sp) {
    const unsigned kind = static_cast<unsigned>(bits(word_, 30, 29));  // and, orr, eor, ands
    const CodeValue left = narrowed(a, wide()), right = narrowed(b, wide());
    CodeValue result;
    if (left.is_known() && right.is_known()) {
      const std::uint64_t both = kind == 1   ? left.number | right.number
                                 : kind == 2 ? left.number ^ right.number
                                             : left.number & right.number;
      result = CodeValue::known(both);
    }
    if (kind == 3) {
      state_.flags.reset();
      const std::uint64_t sign = std::uint64_t{1} << (wide() ? 63 : 31);
      if (result.is_known()) state_.flags = ((result.number & sign) != 0 ? 8u : 0u) | (result.number == 0 ? 4u : 0u);
    } else if (with_sp && rd() == kZeroRegister) {
      state_.x[CodeState::kStackPointer] = {Kind::kStack, 0};
      return;
    }
    set(rd(), result, wide());
  }

  // --- C4.1.89, data processing with registers
  CodeValue shifted(unsigned reg, unsigned kind, unsigned amount) const {
    const CodeValue value = narrowed(get(reg), wide());
    if (amount == 0) return get(reg);
    const unsigned width = wide() ? 64 : 32;
    if (!value.is_known() || amount >= width) return {};
    switch (kind) {
      case 0:
        return narrowed(CodeValue::known(value.number << amount), wide());
      case 1:
        return CodeValue::known(value.number >> amount);
      case 3:
        return CodeValue::known(rotated(value.number, amount, width));
      default:
        return {};
    }
  }

  // DDI 0487, J1.2, ExtendReg().
  CodeValue extended(unsigned reg, unsigned option, unsigned shift) const {
    const CodeValue value = get(reg);
    const unsigned width = 8u << (option & 3);
    if (width == 64 && shift == 0) return value;
    if (!value.is_known()) return width == 32 && shift == 0 && value.kind == Kind::kNear ? value : CodeValue();
    std::uint64_t number = value.number & ones(width);
    if ((option & 4) != 0 && width < 64) number = sign_extended(number, width);
    return CodeValue::known(number << shift);
  }

  void of_registers() {
    const unsigned op2 = static_cast<unsigned>(bits(word_, 24, 21));
    if (!bit(word_, 28)) {
      const unsigned kind = static_cast<unsigned>(bits(word_, 23, 22)),
                     amount = static_cast<unsigned>(bits(word_, 15, 10));
      if ((op2 & 8) == 0) {
        // orr xD, xzr, xM is how a register is moved, whatever is known of it.
        if (bits(word_, 30, 29) == 1 && rn() == kZeroRegister && amount == 0 && !bit(word_, 21)) {
          return set(rd(), get(rm()), wide());
        }
        CodeValue right = shifted(rm(), kind, amount);
        if (bit(word_, 21)) right = right.is_known() ? CodeValue::known(~right.number) : CodeValue();
        return logical(get(rn()), right, false);
      }
      if (!bit(word_, 21)) return add_or_subtract(get(rn()), shifted(rm(), kind, amount), false);
      const unsigned option = static_cast<unsigned>(bits(word_, 15, 13)),
                     shift = static_cast<unsigned>(bits(word_, 12, 10));
      return add_or_subtract(state_.x[rn()], extended(rm(), option, shift), true);
    }
    if (op2 == 0b0100) return select();
    if (op2 == 0b0000 || op2 == 0b0010) state_.flags.reset();  // adc, ccmp
    if (op2 != 0b0010) set(rd(), {}, true);
  }

  // csel, csinc, csinv, csneg
  void select() {
    const auto holds = condition(static_cast<unsigned>(bits(word_, 15, 12)));
    CodeValue other = get(rm());
    const bool inverts = bit(word_, 30), increments = bit(word_, 10);
    if ((inverts || increments) && !other.is_known())
      other = {};
    else if (inverts || increments)
      other = CodeValue::known((inverts ? ~other.number : other.number) + (increments ? 1 : 0));
    if (holds) return set(rd(), *holds ? get(rn()) : other, wide());
    set(rd(), get(rn()) == other ? other : CodeValue(), wide());
  }

  std::optional<bool> condition(unsigned code) const {
    if (code >= 14) return true;
    if (!state_.flags) return std::nullopt;
    const bool n = (*state_.flags & 8) != 0, z = (*state_.flags & 4) != 0, c = (*state_.flags & 2) != 0,
               v = (*state_.flags & 1) != 0;
    const bool table[] = {z, c, n, v, c && !z, n == v, n == v && !z};
    return table[code >> 1] != ((code & 1) != 0);
  }

  // --- C4.1.87, branches, exceptions and system instructions
  void branch_or_system() {
    const std::uint64_t op = bits(word_, 31, 24);
    if ((word_ & 0x7c000000) == 0x14000000) {
      effect_.step = {wide() ? CodeStep::Kind::kCall : CodeStep::Kind::kBranch,
                      address_ + (sign_extended(bits(word_, 25, 0), 26) << 2), false};
    } else if (op == 0x54) {
      conditional(condition(static_cast<unsigned>(bits(word_, 3, 0))), sign_extended(bits(word_, 23, 5), 19));
    } else if ((op & 0x7e) == 0x34) {
      const CodeValue value = narrowed(get(rd()), wide());
      const auto zero = value.is_known() ? std::optional(value.number == 0) : std::nullopt;
      conditional(zero ? std::optional(*zero != bit(word_, 24)) : zero, sign_extended(bits(word_, 23, 5), 19));
    } else if ((op & 0x7e) == 0x36) {
      const unsigned at = static_cast<unsigned>(bits(word_, 31, 31) << 5 | bits(word_, 23, 19));
      const auto set_bit = get(rd()).is_known() ? std::optional((get(rd()).number >> at & 1) != 0) : std::nullopt;
      conditional(set_bit ? std::optional(*set_bit == bit(word_, 24)) : set_bit, sign_extended(bits(word_, 18, 5), 14));
    } else if (op == 0xd6 || op == 0xd7) {
      by_register();
    } else if (op == 0xd4) {
      exception();
    } else if ((word_ & 0xffe00000) == 0xd5200000) {
      set(rd(), system_register(), true);
    }
  }

  void conditional(std::optional<bool> taken, std::uint64_t offset) {
    if (taken == false) return;
    effect_.step = {CodeStep::Kind::kBranch, address_ + (offset << 2), !taken.has_value()};
  }

  void by_register() {
    const CodeValue to = get(rn());
    const auto target = to.is_known() ? std::optional(to.number) : std::nullopt;
    switch (bits(word_, 24, 21) & 7) {  // br, blr, ret, eret; with pointer authentication the same
      case 0:
        effect_.step = {target ? CodeStep::Kind::kBranch : CodeStep::Kind::kAway, target, false};
        break;
      case 1:
        effect_.step = {CodeStep::Kind::kCall, target, false};
        break;
      case 2:
        effect_.step.kind = CodeStep::Kind::kReturn;
        break;
      default:
        effect_.step.kind = CodeStep::Kind::kStop;
    }
  }

  void exception() {
    const unsigned kind = static_cast<unsigned>(bits(word_, 23, 21)), lower = static_cast<unsigned>(bits(word_, 1, 0));
    if (kind == 0 && lower != 0) {
      state_.clobber();  // svc, hvc, smc: the other side answers in registers (DEN 0028, 2.6)
      state_.cells.clear();
      effect_.writes_unknown_memory = true;
      return;
    }
    effect_.step.kind = CodeStep::Kind::kStop;
  }

  CodeValue system_register() const {
    constexpr std::uint32_t kCurrentEl = 0xd5384240;
    if ((word_ & ~std::uint32_t{31}) != kCurrentEl || !state_.level) return {};
    return CodeValue::known(*state_.level << 2);
  }

  // --- C4.1.88, loads and stores
  void load_or_store() {
    const unsigned op0 = static_cast<unsigned>(bits(word_, 31, 28)), op2 = static_cast<unsigned>(bits(word_, 24, 23));
    const bool vector = bit(word_, 26);
    if ((op0 & 3) == 1 && op2 < 2) return literal(vector);
    if ((op0 & 3) == 2) return pair(vector, op2);
    if ((op0 & 3) == 3) return single(vector, op2);
    exclusive();
  }

  void literal(bool vector) {
    const std::uint64_t place = address_ + (sign_extended(bits(word_, 23, 5), 19) << 2);
    if (vector) return;
    const bool long_word = bit(word_, 30);
    const auto value = memory_.literal(place, long_word ? 8 : 4);
    set(rd(), value ? CodeValue::known(*value) : CodeValue(), true);
  }

  // Exclusives, acquire and release, atomics of the old encoding: registers that they may write are forgotten.
  void exclusive() {
    const bool load = bit(word_, 22), ordered = bit(word_, 23);
    const unsigned size = 1u << bits(word_, 31, 30);
    access(state_.x[rn()], size, !load, !ordered);
    const bool compares_and_swaps = ordered && bit(word_, 21);
    if (!load || compares_and_swaps) store(state_.x[rn()], {});
    if (load) set(rd(), {}, true);
    if (!ordered || compares_and_swaps) set(rm(), {}, true);
    if (load && bit(word_, 21)) set(static_cast<unsigned>(bits(word_, 14, 10)), {}, true);
  }

  void pair(bool vector, unsigned mode) {
    const unsigned opc = static_cast<unsigned>(bits(word_, 31, 30));
    const unsigned scale = vector ? 2 + opc : opc == 2 ? 3 : 2;
    const bool load = bit(word_, 22);
    const std::uint64_t offset = sign_extended(bits(word_, 21, 15), 7) << scale;
    const CodeValue base = state_.x[rn()], moved = add_to_base(base, offset);
    access(mode == 1 ? base : moved, 2u << scale, !load, true);
    const auto cell = mode == 1 ? base : moved;
    const unsigned second = static_cast<unsigned>(bits(word_, 14, 10));
    if (load && !vector) {
      set(rd(), opc == 2 ? loaded(cell, 8) : CodeValue(), true);
      set(second, opc == 2 ? loaded(add_to_base(cell, 8), 8) : CodeValue(), true);
    } else if (!load) {
      store(cell, opc == 2 && !vector ? get(rd()) : CodeValue());
      store(add_to_base(cell, std::uint64_t{1} << scale), opc == 2 && !vector ? get(second) : CodeValue());
    }
    if (mode == 1 || mode == 3) set_base(moved);
  }

  void single(bool vector, unsigned op2) {
    const unsigned opc = static_cast<unsigned>(bits(word_, 23, 22));
    const unsigned scale = static_cast<unsigned>(bits(word_, 31, 30)) | (vector && (opc & 2) != 0 ? 4u : 0u);
    const CodeValue base = state_.x[rn()];
    CodeValue address = base;
    std::optional<CodeValue> moved;
    bool atomic = false;
    if ((op2 & 2) != 0) {
      address = add_to_base(base, bits(word_, 21, 10) << scale);
    } else if (!bit(word_, 21)) {
      const std::uint64_t offset = sign_extended(bits(word_, 20, 12), 9);
      const unsigned mode = static_cast<unsigned>(bits(word_, 11, 10));  // unscaled, post, unprivileged, pre
      if (mode != 1) address = add_to_base(base, offset);
      if (mode == 1 || mode == 3) moved = add_to_base(base, offset);
    } else if (bits(word_, 11, 10) == 2) {
      const unsigned option = static_cast<unsigned>(bits(word_, 15, 13));
      address = add(base, extended(rm(), option, bit(word_, 12) ? scale : 0));
    } else {
      atomic = true;  // ldadd, swp, ...
    }
    if (!vector && opc == 2 && scale == 3 && !atomic) return;  // prfm
    const bool store_only = !atomic && opc == 0;
    access(address, 1u << scale, store_only || atomic || (vector && opc == 2), moved.has_value() || atomic || vector);
    if (vector || atomic) {
      if (opc == 0 || opc == 2 || atomic) store(address, {});
      if (atomic) set(rd(), {}, true);
    } else if (store_only) {
      store(address, scale >= 2 ? narrowed(get(rd()), scale == 3) : CodeValue());
    } else {
      set(rd(), scale >= 2 && opc == 1 ? loaded(address, 1u << scale) : CodeValue(), true);
    }
    if (moved) set_base(*moved);
  }

  // A member's place: the base stays what it is, also where nothing is known of it.
  static CodeValue add_to_base(const CodeValue& base, std::uint64_t offset) {
    if (offset == 0 || base.kind == Kind::kUnknown) return base;
    return add(base, CodeValue::known(offset));
  }
  void set_base(const CodeValue& value) { state_.x[rn()] = value; }

  void access(const CodeValue& address, unsigned size, bool store, bool undescribed) {
    effect_.access = CodeAccess{address, size, store, undescribed};
  }

  CodeValue loaded(const CodeValue& address, unsigned size) const {
    if (!address.is_known()) return {};
    const auto cell = state_.cells.find(address.number);
    if (cell != state_.cells.end()) return narrowed(cell->second, size == 8);
    const auto value = memory_.constant(address.number, size);
    return value ? CodeValue::known(*value) : CodeValue();
  }

  void store(const CodeValue& address, const CodeValue& value) {
    constexpr std::size_t kCellsMax = 256;
    if (address.kind == Kind::kUnknown) {
      effect_.writes_unknown_memory = true;
      state_.cells.clear();
    } else if (address.is_known() && (state_.cells.size() < kCellsMax || state_.cells.contains(address.number))) {
      state_.cells[address.number] = value;
      effect_.wrote.push_back(address.number);
    } else if (address.kind == Kind::kNear) {
      state_.cells.clear();
      effect_.writes_unknown_memory = true;
    }
  }

  const std::uint32_t word_;
  const std::uint64_t address_;
  const CodeMemory& memory_;
  CodeState& state_;
  CodeEffect effect_;
};

}  // namespace

CodeEffect step(std::uint32_t instruction, std::uint64_t address, const CodeMemory& memory, CodeState& state) {
  return Stepper(instruction, address, memory, state).run();
}

bool is_smc(std::uint32_t instruction) {
  return (instruction & 0xffe0001f) == 0xd4000003;
}
bool is_hvc(std::uint32_t instruction) {
  return (instruction & 0xffe0001f) == 0xd4000002;
}
bool is_eret(std::uint32_t instruction) {
  return (instruction & 0xfffff3ff) == 0xd69f03e0 || instruction == 0xd69f03e0;
}

}  // namespace bootrig
