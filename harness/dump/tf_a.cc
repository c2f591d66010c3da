// Trusted Firmware-A's BL31: the crash report ("Unhandled Exception in EL3.", "PANIC in EL3."), an external abort that
// it passes on to nobody, and a failed assertion. A register stands on a line: "x30            = 0x…", before 2019
// "x30 =\t\t0x…".
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "dump/assertion.h"
#include "dump/belief.h"
#include "dump/dialect.h"

namespace bootrig::dump {
namespace {

constexpr std::string_view kExternalAbort = "Unhandled External Abort received on ";
constexpr std::uint64_t kDaif = 0x3c0;  // DDI 0487, DAIF: all that it has

// The registers of EL3 that are printed before ESR and ELR, until the report of mid 2026 put these two first.
constexpr std::array<std::string_view, 5> kOnceBefore = {"scr_el3", "tcr_el3", "daif", "mair_el3", "spsr_el3"};

class TfaReport : public DumpParser {
 public:
  explicit TfaReport(std::string type) : type_(std::move(type)) {
    record.level = 3;
    record.extra["type"] = type_;
  }

  Taken take(const ConsoleLine& line) override {
    Cursor cursor(line);
    if (cursor.text("gicd_ispendr regs") || cursor.text("Offset ")) return Taken::kYes;
    const std::string_view text = cursor.rest();
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string name(text.substr(0, end));
    cursor.text(name);
    cursor.spaces();
    if (!cursor.text("=")) return is_pending_row(line) ? Taken::kYes : Taken::kNo;
    cursor.spaces();
    if (!cursor.rest().starts_with("0x")) return Taken::kNo;
    take_register(name, cursor.hex(16));
    return Taken::kYes;
  }

  // "0x00000000040012a4", of x30, in the headline itself.
  void take_link(Cursor cursor) { put("x30", cursor.hex(16)); }

  bool complete() const override { return values_.seen("esr_el3") && values_.seen("elr_el3") && values_.seen("x29"); }

  void settle() override {
    const bool relabelled = were_put_first_ && values_.get("tcr_el3") && (*values_.get("tcr_el3") & ~kDaif) == 0;
    const bool unknown = were_put_first_ && !values_.get("tcr_el3");
    values_.move_to(record);
    record.esr = values_.get("esr_el3");
    record.elr = values_.get("elr_el3");
    record.spsr = values_.get(relabelled ? "mair_el3" : "spsr_el3");
    record.far = values_.get(relabelled ? "sctlr_el3" : "far_el3");
    if (relabelled) {
      record.corrections.push_back(
          "This TF-A prints eight registers of EL3 beside the wrong names ('tcr_el3' holds DAIF): SPSR is what stands "
          "at "
          "mair_el3, FAR what stands at sctlr_el3.");
    }
    if (unknown) {
      record.spsr.reset();
      record.far.reset();
      record.corrections.push_back(
          "Without tcr_el3 it cannot be told whether this TF-A prints SPSR and FAR beside the right names: not "
          "believed.");
    }
    if (type_ == "panic") return drop_all_of_another();
    drop_syndrome_of_interrupt(record, type_);
    keep_what_holds(record);
  }

 private:
  void put(const std::string& name, std::optional<std::uint64_t> value) {
    if (value) values_.put(name, *value);
  }

  void take_register(const std::string& name, std::optional<std::uint64_t> value) {
    if (std::ranges::find(kOnceBefore, name) != kOnceBefore.end()) {
      were_put_first_ |= values_.seen("elr_el3") || values_.seen("esr_el3");
    }
    put(name, value);
  }

  // "0x200:   0x0000000000000000"
  static bool is_pending_row(const ConsoleLine& line) {
    Cursor cursor(line);
    return cursor.hex() && cursor.text(":");
  }

  // A panic is called by code: the registers hold what an earlier exception left there.
  void drop_all_of_another() {
    record.extra["panic"] = "yes";
    record.esr.reset();
    record.far.reset();
    record.elr.reset();
    record.spsr.reset();
    record.corrections.push_back(
        "A panic is no exception: ESR, FAR, ELR and SPSR are of an earlier one, not believed.");
  }

  std::string type_;
  bool were_put_first_ = false;  // ELR and ESR, before the rest
};

// "ERROR:   Unhandled External Abort received on 0x80000000 from EL2", and its syndrome on the next line.
class TfaExternalAbort : public DumpParser {
 public:
  explicit TfaExternalAbort(Cursor cursor) {
    record.level = 3;
    if (const auto cpu = cursor.hex()) record.extra["mpidr"] = hex_text(*cpu);
    if (cursor.until("from EL")) {
      if (const auto level = cursor.decimal()) record.extra["from-level"] = std::to_string(*level);
    }
  }
  Taken take(const ConsoleLine& line) override {
    Cursor cursor(line);
    cursor.until("exception reason=");
    if (!cursor.until("syndrome=")) return Taken::kNo;
    if (const auto esr = cursor.hex()) values_.put("esr", *esr);
    return Taken::kLast;
  }
  bool complete() const override { return values_.seen("esr"); }
  void settle() override {
    values_.move_to(record);
    keep_what_holds(record);
  }
};

// A failed assertion, or a panic of a build without reports; a backtrace may follow.
class TfaStop : public DumpParser {
 public:
  Taken take(const ConsoleLine& line) override {
    Cursor cursor(line);
    if (cursor.text("BACKTRACE: END: ")) return Taken::kLast;
    if (cursor.text("BACKTRACE: START: ")) return Taken::kYes;
    if (!cursor.decimal() || !cursor.text(": EL")) return Taken::kNo;
    cursor.until(": ");
    const auto address = cursor.hex();
    if (!address) return Taken::kNo;
    std::string& trace = record.extra["backtrace"];
    trace += (trace.empty() ? "" : " ") + fmt::format("{:#x}", *address);
    return Taken::kYes;
  }
  void panic_at(std::optional<std::uint64_t> address) {
    record.extra["type"] = "panic";
    record.extra["panic"] = "yes";
    if (address) values_.put("elr", *address);
  }
  bool complete() const override { return record.extra.contains("assertion") || values_.seen("elr"); }
  void settle() override { values_.move_to(record); }
};

// "ASSERT: lib/xlat.c:120[:expression]", "ASSERT: File lib/xlat.c Line 00120"
bool take_assertion(std::string_view text, ExceptionRecord& record) {
  Assertion assertion;
  std::string place;
  Cursor cursor(text, true);
  if (cursor.text("File ")) {
    const auto file = cursor.until(" Line ");
    const auto number = cursor.decimal();
    if (!file || !number) return false;
    place = fmt::format("{}:{}", *file, *number);
    assertion.place = place;
  } else if (!take_place(text, assertion.place)) {
    return false;
  }
  note_assertion(record, assertion);
  return true;
}

template <typename Parser>
std::unique_ptr<DumpParser> with_headline(std::unique_ptr<Parser> parser, std::string_view headline) {
  parser->record.headline = headline_text(headline);
  return parser;
}

}  // namespace

std::unique_ptr<DumpParser> begin_tf_a(const Headline& headline) {
  const std::string_view text = headline.line.text;
  const auto behind = [&](std::string_view from, std::string_view mark) {
    return Cursor(from.substr(mark.size()), headline.line.ended);
  };
  for (const auto& [mark, type] :
       {std::pair{"Unhandled Exception in EL3.", "exception"},
        std::pair{"Unhandled Interrupt Exception in EL3.", "IRQ"}, std::pair{"PANIC in EL3", "panic"}}) {
    const auto from = from_mark(text, mark);
    if (!from) continue;
    auto report = std::make_unique<TfaReport>(type);
    Cursor cursor = behind(*from, mark);
    if (cursor.text("at x30 = ")) report->take_link(cursor);
    return with_headline(std::move(report), *from);
  }
  if (const auto from = from_mark(text, kExternalAbort)) {
    return with_headline(std::make_unique<TfaExternalAbort>(behind(*from, kExternalAbort)), *from);
  }
  constexpr std::string_view kPanic = "PANIC at PC : ", kAssert = "ASSERT: ";
  if (const auto from = from_mark(text, kPanic)) {
    auto stop = std::make_unique<TfaStop>();
    stop->panic_at(behind(*from, kPanic).hex(16));
    return with_headline(std::move(stop), *from);
  }
  if (!text.starts_with(kAssert)) return nullptr;
  auto stop = std::make_unique<TfaStop>();
  if (!take_assertion(text.substr(kAssert.size()), stop->record)) return nullptr;
  return with_headline(std::move(stop), text);
}

}  // namespace bootrig::dump
