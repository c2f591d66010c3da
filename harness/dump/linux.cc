// Linux (arm64): an oops ("Unable to handle kernel …", "Internal error: …"), an exception nobody expects ("Unhandled …
// exception on CPU…"), and the fault of a user process ("fault[78]: unhandled exception: …").
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "aarch64/syndrome.h"
#include "dump/belief.h"
#include "dump/dialect.h"

namespace bootrig::dump {
namespace {

constexpr std::uint64_t kFaultStatusMask = 0x3f;
constexpr std::string_view kUserMark = ": unhandled exception: ";
constexpr std::string_view kInternal = "Internal error: ";

// The lines that stand in a dump and give no value.
constexpr std::array<std::string_view, 18> kKnown = {"Mem abort info:", "Data abort info:",
                                                     "EC = ",           "Exception class",
                                                     "SET = ",          "EA = ",
                                                     "FSC = ",          "ISV = ",
                                                     "CM = ",           "GCS = ",
                                                     "Access size = ",  "SSE = ",
                                                     "SF = ",           "Modules linked in",
                                                     "Hardware name:",  "Workqueue:",
                                                     "Tainted:",        "Call trace:"};

// Linux's words for a fault status, as the code that the hardware reports: "level 2 translation fault".
std::optional<unsigned> told_code(std::string_view text) {
  using aarch64::FaultKind;
  Cursor cursor(text, true);
  if (!cursor.text("level ")) return std::nullopt;
  const bool negative = cursor.text("-");
  const std::optional<unsigned> level = cursor.decimal();
  if (!level || *level > 3) return std::nullopt;
  for (const auto& [words, kind] : {std::pair{" address size fault", FaultKind::kAddressSize},
                                    std::pair{" translation fault", FaultKind::kTranslation},
                                    std::pair{" access flag fault", FaultKind::kAccessFlag},
                                    std::pair{" permission fault", FaultKind::kPermission}}) {
    if (cursor.text(words))
      return aarch64::fault_code(kind, negative ? -static_cast<int>(*level) : static_cast<int>(*level));
  }
  return std::nullopt;
}

class Linux : public DumpParser {
 public:
  enum class Kind { kOops, kUnhandled, kUserFault };
  explicit Linux(Kind kind) : kind_(kind) {}

  // Behind "Unable to handle kernel ": "paging request at virtual address ffff…".
  void take_address(Cursor cursor) {
    const auto what = cursor.until(" at virtual address ");
    if (!what) return;
    record.extra["fault"] = headline_text(*what);
    put("far", cursor.hex(16));
  }

  // Behind ": unhandled exception: ": "DABT (lower EL), ESR 0x…, level 2 translation fault in fault[400000+7e000]".
  void take_user_fault(Cursor cursor) {
    record.extra["fault"] = headline_text(cursor.rest().substr(0, cursor.rest().rfind(" in ")));
    if (!cursor.until(", ESR ")) return;
    put("esr", cursor.hex(8));
    if (cursor.text(", ")) told_code_ = told_code(cursor.rest());
  }

  // "Unhandled 64-bit el1h sync exception on CPU0, ESR 0x… -- …", before 5.10 "Bad mode in Synchronous Abort handler
  // detected on CPU0, code 0x… -- …".
  void take_unhandled(Cursor cursor) {
    if (!cursor.until(" on CPU")) return;
    if (const auto cpu = cursor.decimal()) record.extra["cpu"] = std::to_string(*cpu);
    if (cursor.text(", ESR ") || cursor.text(", code ")) put("esr", cursor.hex(8));
  }

  // Behind "Internal error: ": "Oops: 0000000096000004 [#1] SMP", "Oops - BUG: 00000000f2000800 [#1] SMP".
  Taken take_internal_error(Cursor cursor) {
    if (internal_) return Taken::kNo;  // the next oops
    internal_ = true;
    record.extra["error"] = headline_text(cursor.rest().substr(0, cursor.rest().find(": ")));
    if (!cursor.until(": ")) return Taken::kYes;
    const std::optional<std::uint64_t> code = cursor.hex();
    if (code && *code != 0 && cursor.text(" [#") && !values_.seen("esr")) values_.put("esr", *code);
    return Taken::kYes;
  }

  Taken take(const ConsoleLine& line) override {
    Cursor cursor(line);
    if (cursor.text(kInternal)) return take_internal_error(cursor);
    if (cursor.text("ESR = ")) return put("esr", cursor.hex(8));
    if (cursor.text("pc : ")) return take_place(cursor, "elr", "pc");
    if (cursor.text("lr : ")) return take_place(cursor, "x30", "lr");
    if (cursor.text("sp : ")) return put("sp", cursor.hex(16));
    if (cursor.text("pstate: ")) return put("spsr", cursor.hex(8));
    if (cursor.text("CPU: ")) return take_cpu(cursor);
    if (take_register_row(cursor, values_)) return values_.seen("x0") && !in_kernel() ? Taken::kLast : Taken::kYes;
    if (cursor.text("Code: ")) {
      record.extra["code"] = headline_text(cursor.rest());
      return Taken::kYes;
    }
    if (cursor.text("---[ end trace")) return Taken::kLast;
    return is_known(cursor.rest()) ? Taken::kYes : Taken::kNo;
  }

  bool complete() const override {
    return values_.seen("x0") && values_.seen("spsr") && (!in_kernel() || record.extra.contains("code"));
  }

  void settle() override {
    values_.move_to(record);
    believe_told_code();
    // Who prints an address in its first line knows that there is one.
    if (record.esr) keep_what_holds(record);
    if (kind_ == Kind::kUserFault) {
      record.extra["user"] = "yes";
      if (record.esr) {
        if (aarch64::decode_esr(*record.esr).far_valid) {
          record.corrections.push_back("Linux does not print the FAR of a user process's fault.");
        }
      } else {
        record.corrections.push_back("Linux does not print the ESR of this fault.");
      }
    }
  }

 private:
  bool in_kernel() const { return kind_ != Kind::kUserFault; }

  Taken put(std::string_view name, std::optional<std::uint64_t> value) {
    if (!value) return Taken::kNo;
    values_.put(name, *value);
    return Taken::kYes;
  }

  // "ffff800080012345" or "symbol+0x10/0x40 [module]".
  Taken take_place(Cursor cursor, std::string_view name, const char* extra) {
    if (put(name, cursor.hex(16)) == Taken::kYes) return Taken::kYes;
    record.extra[extra] = headline_text(cursor.rest());
    return Taken::kYes;
  }

  // "0 PID: 78 Comm: fault Not tainted 6.1.0-50-cloud-arm64 #1"
  Taken take_cpu(Cursor cursor) {
    if (const auto cpu = cursor.decimal()) record.extra["cpu"] = std::to_string(*cpu);
    if (cursor.until("Comm: "))
      record.extra["process"] = headline_text(cursor.rest().substr(0, cursor.rest().find(' ')));
    return Taken::kYes;
  }

  static bool is_known(std::string_view text) {
    if (std::ranges::any_of(kKnown, [text](std::string_view known) { return text.starts_with(known); })) return true;
    if (text.starts_with("swapper pgtable:") || text.starts_with("user pgtable:")) return true;
    if (text.starts_with('[') && text.contains("] pgd=")) return true;
    return text.contains("+0x") && text.contains("/0x");  // a line of the call trace
  }

  // For an address of the kernel's half a user process gets "translation fault, level 0", whatever the hardware said;
  // the words behind it are the hardware's.
  void believe_told_code() {
    if (!record.esr || !told_code_ || (*record.esr & kFaultStatusMask) == *told_code_) return;
    record.corrections.push_back(
        fmt::format("Linux hides from a user process what it cannot access: ESR is printed as {:#x}, but the fault "
                    "status is {:#04x}, by the words behind it.",
                    *record.esr, *told_code_));
    record.esr = (*record.esr & ~kFaultStatusMask) | *told_code_;
  }

  Kind kind_;
  std::optional<unsigned> told_code_;
  bool internal_ = false;
};

}  // namespace

std::unique_ptr<DumpParser> begin_linux(const Headline& headline) {
  using Kind = Linux::Kind;
  const std::string_view text = headline.line.text;
  const auto begin = [&](Kind kind, std::string_view from, auto take) {
    auto parser = std::make_unique<Linux>(kind);
    take(*parser);
    parser->record.headline = headline_text(from);
    return parser;
  };
  const auto behind = [&](std::string_view from, std::string_view mark) {
    return Cursor(from.substr(mark.size()), headline.line.ended);
  };
  constexpr std::string_view kUnable = "Unable to handle kernel ";
  if (const auto from = from_mark(text, kUnable)) {
    return begin(Kind::kOops, *from, [&](Linux& oops) { oops.take_address(behind(*from, kUnable)); });
  }
  if (text.starts_with(kInternal)) {
    return begin(Kind::kOops, text, [&](Linux& oops) { oops.take_internal_error(behind(text, kInternal)); });
  }
  if (const auto from = from_mark(text, "Unhandled "); from && from->contains(" exception on CPU")) {
    return begin(Kind::kUnhandled, *from, [&](Linux& oops) { oops.take_unhandled(behind(*from, "")); });
  }
  if (const auto from = from_mark(text, "Bad mode in "); from && from->contains(" handler detected on CPU")) {
    return begin(Kind::kUnhandled, *from, [&](Linux& oops) { oops.take_unhandled(behind(*from, "")); });
  }
  if (const auto from = from_mark(text, kUserMark)) {
    return begin(Kind::kUserFault, text, [&](Linux& fault) { fault.take_user_fault(behind(*from, kUserMark)); });
  }
  return nullptr;
}

}  // namespace bootrig::dump
