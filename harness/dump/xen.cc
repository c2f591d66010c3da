// Xen's dump (arm64): how its own abort began ("Data Abort Trap. Syndrome=0x6", a walk of its tables), the registers,
// stacks. A bug or assertion of Xen's own stands before them. Of a guest it prints EL1's registers as well.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "dump/assertion.h"
#include "dump/belief.h"
#include "dump/dialect.h"

namespace bootrig::dump {
namespace {

constexpr unsigned kDataAbort = 0x25, kInstructionAbort = 0x21;  // DDI 0487, ESR_EL2.EC: no change in Exception level
constexpr std::uint64_t kIl = std::uint64_t{1} << 25;            // ESR_EL2.IL

constexpr std::array<std::string_view, 7> kHeadlines = {"Data Abort Trap. Syndrome=",
                                                        "Instruction Abort Trap. Syndrome=",
                                                        "Hypervisor Trap. HSR=",
                                                        "----[ Xen-",
                                                        "Xen BUG at ",
                                                        "Assertion '",
                                                        "CPU"};

// The lines that stand in a dump and give no value.
constexpr std::array<std::string_view, 14> kKnown = {
    "SP_EL0:",    "SP_EL1:",   "ELR_EL1:",  "ESR_EL1:",  "FAR_EL1:",   "SCTLR_EL1:",       "TCR_EL1:",
    "TTBR0_EL1:", "TTBR1_EL1", "VTCR_EL2:", "VTTBR_EL2", "SCTLR_EL2:", "Xen stack trace ", "Xen call trace:"};

class Xen : public DumpParser {
 public:
  Xen() { record.level = 2; }

  Taken take(const ConsoleLine& line) override {
    Cursor cursor(line);
    if (cursor.text("Reboot in ") || cursor.text("Manual reset required")) return Taken::kLast;
    if (begins_another(cursor.rest())) return Taken::kNo;
    if (take_headline(cursor)) return Taken::kYes;
    if (cursor.text("Walking Hypervisor VA ")) return put("far", cursor.hex());
    if (take_register_line(cursor) || take_registers(cursor)) return Taken::kYes;
    const std::string_view text = cursor.rest();
    const auto starts = [text](std::string_view known) { return text.starts_with(known); };
    return std::ranges::any_of(kKnown, starts) || is_table_or_trace(cursor) ? Taken::kYes : Taken::kNo;
  }

  // "Data Abort Trap. Syndrome=0x6", "Hypervisor Trap. HSR=0x… EC=0x… IL=1 Syndrome=0x…", "CPU0: Unexpected Trap: …",
  // "----[ Xen-4.17  arm64  debug=y  Not tainted ]----", "Xen BUG at a.c:12", "Assertion 'a' failed at a.c:12".
  bool take_headline(Cursor cursor) {
    if (cursor.text("Data Abort Trap. Syndrome=")) return take_abort(cursor, kDataAbort);
    if (cursor.text("Instruction Abort Trap. Syndrome=")) return take_abort(cursor, kInstructionAbort);
    if (cursor.text("Hypervisor Trap. HSR=")) return put("esr", cursor.hex()) == Taken::kYes;
    if (cursor.text("----[ Xen-")) {
      record.extra["version"] = headline_text(cursor.rest().substr(0, cursor.rest().find(' ')));
      return true;
    }
    if (cursor.text("Xen BUG at ")) return take_bug(cursor.rest());
    if (cursor.text("Assertion '")) return take_quoted_assertion(cursor.rest(), "' failed at ", record);
    if (!cursor.text("CPU") || !cursor.decimal() || !cursor.text(": Unexpected Trap: ")) return false;
    record.extra.try_emplace("fault", headline_text(cursor.rest()));  // the last words say it again
    return true;
  }

  bool complete() const override { return values_.seen("esr") && values_.seen("elr") && values_.seen("far"); }

  void settle() override {
    values_.move_to(record);
    if (!record.esr && !values_.seen("esr") && abort_ && iss_) {
      record.esr = std::uint64_t{*abort_} << 26 | kIl | *iss_;
      record.corrections.push_back("ESR_EL2 is not printed: it is put together of the kind of abort and its syndrome.");
    }
    if (!record.extra.contains("guest")) record.hpfar.reset();  // printed always, of no use to Xen's own aborts
    compare_parts(record, {abort_, std::nullopt, iss_}, 25);
    keep_what_holds(record);
  }

 private:
  Taken put(std::string_view name, std::optional<std::uint64_t> value) {
    if (!value) return Taken::kNo;
    values_.put(name, *value);
    return Taken::kYes;
  }

  // A second trap is another dump; what follows a headline that is no trap belongs to it.
  bool begins_another(std::string_view text) const {
    const bool begins = text.contains(" Abort Trap. Syndrome=") || text.starts_with("Hypervisor Trap. HSR=") ||
                        text.starts_with("Xen BUG at ") || text.starts_with("Assertion '");
    return begins || (values_.seen("elr") && text.starts_with("----[ Xen-"));
  }

  bool take_abort(Cursor cursor, unsigned ec) {
    abort_ = ec;
    iss_ = cursor.hex();
    return true;
  }

  bool take_bug(std::string_view text) {
    Assertion assertion{.expression = "BUG", .place = {}, .function = {}};
    if (!take_place(text, assertion.place)) return false;
    note_assertion(record, assertion);
    return true;
  }

  // A line that begins with one register: "PC:     0000000000219674 dump_execstate+0x58/0x1ec"
  bool take_register_line(Cursor cursor) {
    if (cursor.text("CPU: ")) return take_cpu(cursor);
    if (cursor.text("CPSR: ")) return take_mode(cursor);
    for (const auto& [printed, name, digits] :
         {std::tuple{"PC: ", "elr", 16u}, std::tuple{"LR: ", "x30", 16u}, std::tuple{"SP: ", "sp", 16u},
          std::tuple{"ESR_EL2: ", "esr", 8u}, std::tuple{"HPFAR_EL2: ", "hpfar", 16u},
          std::tuple{"FAR_EL2: ", "far", 16u}, std::tuple{"HCR_EL2: ", "hcr", 8u},
          std::tuple{"TTBR0_EL2: ", "ttbr0", 16u}}) {
      if (!cursor.text(printed)) continue;
      cursor.spaces();
      return put(name, cursor.hex(digits)) == Taken::kYes;
    }
    return false;
  }

  bool take_cpu(Cursor cursor) {
    cursor.spaces();
    if (const auto cpu = cursor.decimal()) record.extra["cpu"] = std::to_string(*cpu);
    return true;
  }

  // "800002c9 MODE:64-bit EL2h (Hypervisor, handler)"
  bool take_mode(Cursor cursor) {
    cursor.spaces();
    put("spsr", cursor.hex(8));
    if (cursor.rest().contains("(Guest")) record.extra["guest"] = "yes";
    return true;
  }

  // "X27: 0000000000000000 X28: 0000000000000000  FP: 0000000000000000"
  bool take_registers(Cursor cursor) {
    bool taken = false;
    while (const std::optional<std::string> name = take_name(cursor)) {
      if (!cursor.text(": ") || put(*name, cursor.hex(16)) == Taken::kNo) break;
      taken = true;
      cursor.spaces();
    }
    return taken;
  }

  static std::optional<std::string> take_name(Cursor& cursor) {
    Cursor ahead = cursor;
    if (cursor.text("FP")) return "x29";
    if (!ahead.text("X")) return std::nullopt;
    const std::optional<unsigned> number = ahead.decimal();
    if (!number || *number > 28) return std::nullopt;
    cursor = ahead;
    return "x" + std::to_string(*number);
  }

  // "1ST[0x000] = 0x0", a row of the stack, "[<00000a0000208b30>] dt_overlay_domctl+0x304/0x370 (PC)"
  static bool is_table_or_trace(Cursor cursor) {
    for (const std::string_view level : {"0TH[", "1ST[", "2ND[", "3RD[", "[<"}) {
      if (cursor.text(level)) return true;
    }
    return cursor.hex(16).has_value();
  }

  std::optional<unsigned> abort_;  // EC, by the words
  std::optional<std::uint64_t> iss_;
};

}  // namespace

std::unique_ptr<DumpParser> begin_xen(const Headline& headline) {
  const Cursor cursor(headline.line);
  const auto starts = [&](std::string_view mark) { return cursor.rest().starts_with(mark); };
  if (std::ranges::none_of(kHeadlines, starts)) return nullptr;
  auto parser = std::make_unique<Xen>();
  if (!parser->take_headline(cursor)) return nullptr;
  parser->record.headline = headline_text(cursor.rest());
  return parser;
}

}  // namespace bootrig::dump
