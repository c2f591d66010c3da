#include "aarch64/syndrome.h"

#include <fmt/format.h>

#include "aarch64/iss.h"

namespace bootrig::aarch64 {
namespace {

constexpr unsigned kInstructionLower = 0x20, kInstructionSame = 0x21, kDataLower = 0x24, kDataSame = 0x25;
constexpr unsigned kIss2Low = 32;

constexpr Describe kIl = words<"16-bit instruction", "32-bit instruction, or always 1 for this exception">;

std::string_view class_name(std::uint64_t ec) {
  return exception_class(static_cast<unsigned>(ec)).name;
}

constexpr FieldSpec kEsr[] = {
    {"RES0", 63, 56}, {"ISS2", 55, 32}, {"EC", 31, 26, class_name}, {"IL", 25, 25, kIl}, {"ISS", 24, 0},
};
static_assert(tiles(kEsr, 63, 0));

constexpr FieldSpec kNoIss[] = {{"RES0", 24, 0}};
constexpr FieldSpec kNoIss2[] = {{"RES0", 23, 0}};
static_assert(tiles(kNoIss, 24, 0) && tiles(kNoIss2, 23, 0));

Field esr_tree(std::uint64_t esr, const ExceptionClass& exception) {
  const std::uint64_t iss = bits(esr, 24, 0);
  Field root{.name = "ESR_ELx", .high = 63, .low = 0, .value = esr};
  root.fields = decode_fields(kEsr, esr);
  root.fields[1].fields = decode_fields(exception.iss2 ? exception.iss2(iss) : kNoIss2, bits(esr, 55, 32), kIss2Low);
  root.fields[4].fields = decode_fields(exception.iss ? exception.iss(iss) : kNoIss, iss);
  return root;
}

bool same_level_class(unsigned ec) {
  switch (ec) {
    case kInstructionSame:
    case kDataSame:
    case 0x31:  // breakpoint
    case 0x33:  // software step
    case 0x35:  // watchpoint
      return true;
    default:
      return false;
  }
}

// HPFAR_EL2 is written for these faults of stage 2; for permission faults only on a stage 1 walk.
bool writes_hpfar(FaultKind kind, bool stage1_walk) {
  switch (kind) {
    case FaultKind::kAddressSize:
    case FaultKind::kTranslation:
    case FaultKind::kAccessFlag:
      return true;
    case FaultKind::kPermission:
      return stage1_walk;
    default:
      return false;
  }
}

void describe_abort(Syndrome& syndrome) {
  const unsigned code = static_cast<unsigned>(bits(syndrome.esr, 5, 0));
  syndrome.abort = true;
  syndrome.instruction = syndrome.ec == kInstructionLower || syndrome.ec == kInstructionSame;
  syndrome.status = fault_status(code);
  syndrome.write = !syndrome.instruction && bits(syndrome.esr, 6, 6) != 0;
  syndrome.stage1_walk = bits(syndrome.esr, 7, 7) != 0;
  // FnV has a meaning for an external abort that is not on a walk.
  const bool not_valid = bits(syndrome.esr, 10, 10) != 0 && syndrome.status->kind == FaultKind::kExternal;
  syndrome.far_valid = !not_valid;
  syndrome.hpfar_valid =
      (!syndrome.same_level || syndrome.stage1_walk) && writes_hpfar(syndrome.status->kind, syndrome.stage1_walk);
}

std::string system_register(std::uint64_t esr) {
  return fmt::format("S{}_{}_C{}_C{}_{}", bits(esr, 21, 20), bits(esr, 16, 14), bits(esr, 13, 10), bits(esr, 4, 1),
                     bits(esr, 19, 17));
}

// "name value" of the field that tells most of an exception that is not an abort, with its meaning.
std::string telling_field(const Field& root, std::string_view name) {
  const Field* field = find_field(root, name);
  if (field == nullptr) return "";
  if (field->meaning.empty()) return fmt::format(": {} {:#x}", name, field->value);
  return fmt::format(": {} {:#x}, {}", name, field->value, field->meaning);
}

std::string detail(const Syndrome& syndrome) {
  const std::uint64_t esr = syndrome.esr;
  switch (syndrome.ec) {
    case 0x01:
      return telling_field(syndrome.root, "TI");
    case 0x11:
    case 0x12:
    case 0x15:
    case 0x16:
    case 0x17:
      return telling_field(syndrome.root, "imm16");
    case 0x18:
      return fmt::format(": {} of {}, {}", bits(esr, 0, 0) != 0 ? "read" : "write", system_register(esr),
                         register_name(bits(esr, 9, 5)));
    case 0x1d:
      return telling_field(syndrome.root, "SMTC");
    case 0x1e:
      return telling_field(syndrome.root, "GPCSC");
    case 0x2d:
      return telling_field(syndrome.root, "ExType");
    case 0x2f:
      return telling_field(syndrome.root, bits(esr, 24, 24) != 0 ? "IDS" : bits(esr, 5, 0) == 0x11 ? "AET" : "DFSC");
    case 0x34:
    case 0x35:
      return telling_field(syndrome.root, "WnR");
    case 0x38:
    case 0x3c:
      return telling_field(syndrome.root, "Comment");
    default:
      return "";
  }
}

}  // namespace

Syndrome decode_esr(std::uint64_t esr) {
  Syndrome syndrome;
  syndrome.esr = esr;
  syndrome.ec = static_cast<unsigned>(bits(esr, 31, 26));
  const ExceptionClass& exception = exception_class(syndrome.ec);
  syndrome.exception = exception.name;
  syndrome.same_level = same_level_class(syndrome.ec);
  syndrome.far_valid = exception.far;
  switch (syndrome.ec) {
    case kInstructionLower:
    case kInstructionSame:
    case kDataLower:
    case kDataSame:
      describe_abort(syndrome);
      break;
    case 0x34:  // watchpoints
    case 0x35:
      syndrome.write = bits(esr, 6, 6) != 0;
      syndrome.far_valid = bits(esr, 10, 10) == 0;
      break;
    default:
      break;
  }
  syndrome.root = esr_tree(esr, exception);
  return syndrome;
}

std::string summary(const Syndrome& syndrome) {
  const std::string_view brief = exception_class(syndrome.ec).brief;
  if (brief.starts_with("reserved")) return fmt::format("{} {:#04x}", brief, syndrome.ec);
  if (!syndrome.abort) return std::string(brief) + detail(syndrome);
  std::string text = fmt::format("{}: {}", brief, syndrome.status->text);
  if (!syndrome.instruction) text += syndrome.write ? ", on a write" : ", on a read";
  if (syndrome.stage1_walk) text += ", of stage 2 on a stage 1 walk";
  return text;
}

std::string summary(const Syndrome& syndrome, const FaultAddresses& addresses) {
  const std::string_view validity = syndrome.far_valid ? "is valid" : "is not valid";
  if (addresses.far) return fmt::format("{}; FAR {:#x} {}", summary(syndrome), *addresses.far, validity);
  // A system call says nothing of FAR, and nobody asks.
  if (!exception_class(syndrome.ec).far) return summary(syndrome);
  return fmt::format("{}; FAR {}", summary(syndrome), validity);
}

std::vector<std::string> address_notes(const Syndrome& syndrome, const FaultAddresses& addresses) {
  std::vector<std::string> notes;
  const bool has_far = syndrome.far_valid && addresses.far.has_value();
  const std::uint64_t far = addresses.far.value_or(0);
  if (syndrome.abort && syndrome.instruction && has_far && addresses.elr == far) {
    notes.push_back("FAR equals ELR: the instruction at that address could not be fetched.");
  }
  if (syndrome.abort && !syndrome.instruction && addresses.elr) {
    notes.push_back(fmt::format("The instruction at ELR {:#x} made the access.", *addresses.elr));
  }
  if (has_far && !is_canonical(far)) {
    std::string note =
        fmt::format("FAR is not canonical: bits 63:48 are {:#x}, neither all 0 nor all 1.", bits(far, 63, 48));
    const bool tagged = bits(far, 55, 48) == 0 || bits(far, 55, 48) == 0xff;
    if (syndrome.status && syndrome.status->kind == FaultKind::kTranslation) {
      note += tagged ? " Unless the top byte is ignored (TBI), it faults before any table is read."
                     : " With 48-bit addresses it faults before any table is read.";
    }
    notes.push_back(std::move(note));
  }
  if (syndrome.hpfar_valid) {
    notes.push_back("If it was taken to EL2 for a stage 2 fault, HPFAR_EL2 holds the faulting IPA.");
  }
  return notes;
}

bool is_canonical(std::uint64_t address) {
  return bits(address, 63, 48) == 0 || bits(address, 63, 48) == 0xffff;
}

}  // namespace bootrig::aarch64
