// What the Microkit monitor prints of a protection domain's fault: the message, the domain, its registers, and then what
// the kind of fault adds.
#include <fmt/format.h>

#include <array>

#include "aarch64/syndrome.h"
#include "dump/belief.h"
#include "dump/dialect.h"
#include "dump/user_error.h"

namespace bootrig::dump {
namespace {

constexpr std::string_view kMessage = "MON|ERROR: received message ";
constexpr std::string_view kVcpu = "MON|ERROR: received vCPU fault with ESR: ";

// libsel4's seL4_Error, by number.
constexpr std::array<std::string_view, 11> kSel4Errors = {
    "NoError",      "InvalidArgument",  "InvalidCapability", "IllegalOperation", "RangeError",     "AlignmentError",
    "FailedLookup", "TruncatedMessage", "DeleteFirst",       "RevokeFirst",      "NotEnoughMemory"};

class MicrokitMonitor : public DumpParser {
 public:
  // `before`: the transcript up to the dump.
  explicit MicrokitMonitor(std::string_view before) : before_(before) {}

  enum class Kind { kUnknown, kVmFault, kCapFault, kUserException, kVcpuFault, kOther };

  Taken take(const ConsoleLine& line) override {
    Cursor cursor(line);
    const bool of_monitor = cursor.text("MON|ERROR: ");
    cursor.spaces();
    if (of_monitor) {
      if (const Taken taken = take_fault(cursor); taken != Taken::kNo) return taken;
    }
    if (kind_ == Kind::kOther && !record.extra.contains("label")) return take_label(cursor);
    if (cursor.text("Registers:") || line.text.contains("MON|ERROR: unknown/invalid badge")) return Taken::kYes;
    return take_register(cursor);
  }

  // Behind "received message ".
  void take_message(Cursor cursor) {
    if (const auto label = cursor.hex(8)) record.extra["message"] = fmt::format("{:#x}", *label);
    cursor.spaces();
    if (!cursor.text("badge: ")) return;
    if (const auto badge = cursor.hex(16)) record.extra["badge"] = fmt::format("{:#x}", *badge);
  }

  // Behind "received vCPU fault with ESR: ".
  Taken take_vcpu(Cursor cursor) {
    kind_ = Kind::kVcpuFault;
    record.extra["fault"] = "vCPU fault";
    return put("esr", cursor.hex(16));
  }

  bool complete() const override {
    switch (kind_) {
      case Kind::kVmFault:
        return values_.seen("esr") && values_.seen("ec");
      case Kind::kVcpuFault:
        return values_.seen("esr") && why_;
      case Kind::kCapFault:
        return values_.seen("elr");
      case Kind::kOther:
        return record.extra.contains("label");
      case Kind::kUserException:
        return true;
      case Kind::kUnknown:
        break;
    }
    return false;
  }

  void settle() override {
    values_.move_to(record);
    if (kind_ == Kind::kVcpuFault) record.level = 2;
    if (kind_ == Kind::kVmFault && values_.seen("esr")) {
      record.corrections.push_back("fsr is the low 32 bits of ESR: ISS2 is not visible.");
    }
    if (kind_ == Kind::kUserException) {
      record.corrections.push_back("The monitor does not print a UserException's number and code: ESR is not known.");
    }
    if (kind_ == Kind::kCapFault) {
      record.corrections.push_back(
          "A CapFault has no ESR, and its fault_addr is the address of a capability, not what FAR holds.");
    }
    compare_parts(record, {values_.get("ec"), values_.get("il"), values_.get("iss")}, 25);
    keep_what_holds(record);
    note_sel4_error();
    const auto pd = record.extra.find("pd");
    if (pd == record.extra.end()) return;
    if (auto error = last_user_error(before_, pd->second)) record.extra["user-error"] = std::move(*error);
  }

 private:
  Taken put(std::string_view name, std::optional<std::uint64_t> value) {
    if (!value) return Taken::kNo;
    values_.put(name, *value);
    return Taken::kYes;
  }

  // Behind "MON|ERROR: ".
  Taken take_fault(Cursor cursor) {
    if (cursor.text("faulting PD: ")) return note("pd", cursor.rest());
    if (cursor.text("VMFault: ip=")) return take_vm_fault(cursor);
    if (cursor.text("ec: ")) return take_parts(cursor);
    if (cursor.text("dfsc = ")) return Taken::kYes;
    if (cursor.text("CapFault: ip=")) return take_cap_fault(cursor);
    // Behind another fault it is the next one's headline.
    if (kind_ == Kind::kUnknown && cursor.text("received vCPU fault with ESR: ")) return take_vcpu(cursor);
    if (cursor.text("potential stack overflow")) return note("stack-overflow", "potential");
    if (cursor.rest().starts_with("potential undefined behaviour") || cursor.rest().starts_with("Unknown vCPU fault")) {
      why_ = true;
      return note("vcpu-fault", cursor.rest());
    }
    if (cursor.text("UserException")) {
      kind_ = Kind::kUserException;
      note("fault", "UserException");
      return Taken::kLast;
    }
    if (!cursor.text("Unknown fault")) return Taken::kNo;
    kind_ = Kind::kOther;
    return note("fault", "unknown");
  }

  Taken note(const char* name, std::string_view text) {
    record.extra[name] = headline_text(text);
    return Taken::kYes;
  }

  // "0x…  fault_addr=0x…  fsr=0x…  (data fault)"
  Taken take_vm_fault(Cursor cursor) {
    kind_ = Kind::kVmFault;
    note("fault", "VMFault");
    put("elr", cursor.hex(16));
    cursor.spaces();
    if (cursor.text("fault_addr=")) put("far", cursor.hex(16));
    cursor.spaces();
    return cursor.text("fsr=") ? put("esr", cursor.hex(16)) : Taken::kYes;
  }

  // "0x00000024  Data Abort from a lower Exception level   il: 1   iss: 0x00000006"
  Taken take_parts(Cursor cursor) {
    put("ec", cursor.hex(8));
    if (cursor.until("   il: ")) put("il", cursor.hex());
    if (cursor.until("iss: ")) put("iss", cursor.hex(8));
    return Taken::kYes;
  }

  // "0x…  fault_addr=0x…  in_recv_phase=false  lookup_failure_type=seL4_MissingCapability  bits_left=0x…"
  Taken take_cap_fault(Cursor cursor) {
    kind_ = Kind::kCapFault;
    note("fault", "CapFault");
    put("elr", cursor.hex(16));
    cursor.spaces();
    if (cursor.text("fault_addr=")) {
      if (const auto address = cursor.hex(16)) record.extra["cap-address"] = hex_text(*address);
    }
    cursor.spaces();
    if (cursor.text("in_recv_phase=")) note("in-receive-phase", cursor.rest().starts_with("true") ? "yes" : "no");
    if (cursor.until("lookup_failure_type=")) note("lookup-failure", cursor.rest().substr(0, cursor.rest().find(' ')));
    return Taken::kLast;
  }

  Taken take_label(Cursor cursor) {
    const auto label = cursor.hex();
    if (!label) return Taken::kNo;
    record.extra["label"] = fmt::format("{:#x}", *label);
    return Taken::kLast;
  }

  // "pc : 0x…", "sp: 0x…", "x17 : 0x…"
  Taken take_register(Cursor cursor) {
    std::optional<std::string> name = register_name(cursor);
    for (const auto& [printed, known] :
         {std::pair{"pc", "elr"}, std::pair{"spsr", "spsr"}, std::pair{"sp", "sp"}, std::pair{"tpidr_el0", "tpidr_el0"},
          std::pair{"tpidrro_el0", "tpidrro_el0"}}) {
      if (!name && cursor.text(printed)) name = known;
    }
    if (!name) return Taken::kNo;
    cursor.spaces();
    return cursor.text(": ") ? put(*name, cursor.hex(16)) : Taken::kNo;
  }

  // A domain's microkit_internal_crash(error) writes to the address of the error's number. That ip is within a function
  // of libmicrokit is for those to check who have its ELF.
  void note_sel4_error() {
    if (kind_ != Kind::kVmFault || !record.esr || !record.far || *record.far >= kSel4Errors.size()) return;
    if (!aarch64::decode_esr(*record.esr).write) return;
    record.extra["sel4-error"] = fmt::format("{} {}", *record.far, kSel4Errors[*record.far]);
  }

  std::string_view before_;
  Kind kind_ = Kind::kUnknown;
  bool why_ = false;  // of a vCPU fault, the line that says why
};

}  // namespace

std::unique_ptr<DumpParser> begin_microkit_monitor(const Headline& headline) {
  const auto message = from_mark(headline.line.text, kMessage);
  const auto vcpu = message ? std::nullopt : from_mark(headline.line.text, kVcpu);
  if (!message && !vcpu) return nullptr;
  auto parser = std::make_unique<MicrokitMonitor>(headline.before);
  if (message) parser->take_message(Cursor(message->substr(kMessage.size()), headline.line.ended));
  if (vcpu) parser->take_vcpu(Cursor(vcpu->substr(kVcpu.size()), headline.line.ended));
  parser->record.headline = headline_text(message ? *message : *vcpu);
  return parser;
}

}  // namespace bootrig::dump
