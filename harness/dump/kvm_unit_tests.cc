// What kvm-unit-tests print of an exception that no test awaits, and of a failed assertion. FAR is marked "(not valid)"
// where it is not. Old builds name the registers ESR_EL1 and FAR_EL1; newer ones ESR_ELx, and say the level before.
#include <algorithm>
#include <array>

#include "dump/assertion.h"
#include "dump/belief.h"
#include "dump/dialect.h"

namespace bootrig::dump {
namespace {

constexpr std::size_t kPreamble = 256;  // bytes before the headline: load address, PC, level

class KvmUnitTests : public DumpParser {
 public:
  // Of what stands before the headline: "Load address: 43cfd000", "CurrentEL: EL2".
  void take_before(std::string_view before) {
    const std::string_view near = before.substr(before.size() - std::min(before.size(), kPreamble));
    if (const auto level = from_mark(near, "CurrentEL: EL")) {
      Cursor cursor(*level, true);
      cursor.text("CurrentEL: EL");
      record.level = cursor.decimal();
    }
    if (const auto address = from_mark(near, "Load address: ")) {
      Cursor cursor(*address, true);
      cursor.text("Load address: ");
      if (const auto value = cursor.hex()) record.extra["load-address"] = hex_text(*value);
    }
  }

  Taken take(const ConsoleLine& line) override {
    Cursor cursor(line);
    if (cursor.text("Vector: ")) return take_vector(cursor);
    if (cursor.text("ESR_EL")) return take_syndrome(cursor);
    if (cursor.text("FAR_EL")) return take_fault_address(cursor);
    if (cursor.text("pc : [<")) return take_places(cursor);
    if (cursor.text("sp : ")) return put("sp", cursor.hex(16));
    if (take_register_row(cursor, values_)) return Taken::kYes;
    if (cursor.text("Exception frame registers:") || cursor.text("STACK: ")) return Taken::kYes;
    return cursor.text("EXIT: STATUS=") ? Taken::kLast : Taken::kNo;
  }

  bool complete() const override {
    return values_.seen("esr") && values_.seen("elr") && values_.seen("x1") && values_.seen("x0");
  }

  void settle() override {
    values_.move_to(record);
    drop_syndrome_of_interrupt(record, record.extra.contains("type") ? record.extra["type"] : "");
    keep_what_holds(record);
  }

 private:
  Taken put(std::string_view name, std::optional<std::uint64_t> value) {
    if (!value) return Taken::kNo;
    values_.put(name, *value);
    return Taken::kYes;
  }

  // "4 (el1h_sync)"
  Taken take_vector(Cursor cursor) {
    if (!cursor.decimal() || !cursor.text(" (")) return Taken::kYes;
    const auto name = cursor.until(")");
    if (!name) return Taken::kYes;  // cut off
    record.extra["vector"] = headline_text(*name);
    for (const auto& [part, type] : {std::pair{"_sync", "Synchronous"}, std::pair{"_irq", "IRQ"},
                                     std::pair{"_fiq", "FIQ"}, std::pair{"_error", "SError"}}) {
      if (name->contains(part)) record.extra["type"] = type;
    }
    return Taken::kYes;
  }

  // Behind "ESR_EL": "1:         96000006, ec=0x25 (DABT_EL1)"
  Taken take_syndrome(Cursor cursor) {
    if (cursor.text("1:") && !record.level) record.level = 1;
    cursor.text("x:");
    cursor.spaces();
    return put("esr", cursor.hex(8));
  }

  // Behind "FAR_EL": "1: 0000000000000004 (valid)"
  Taken take_fault_address(Cursor cursor) {
    if (!cursor.text("1: ") && !cursor.text("x: ")) return Taken::kNo;
    const std::optional<std::uint64_t> far = cursor.hex(16);
    if (!far || cursor.text(" (not")) return far ? Taken::kYes : Taken::kNo;
    return put("far", far);
  }

  // Behind "pc : [<": "000000005834ad20>] lr : [<000000005834cadc>] pstate: 600003c5"
  Taken take_places(Cursor cursor) {
    const Taken taken = put("elr", cursor.hex(16));
    if (cursor.text(">] lr : [<")) put("x30", cursor.hex(16));
    if (cursor.text(">] pstate: ")) put("spsr", cursor.hex(8));
    return taken;
  }
};

class KvmUnitTestsAssertion : public DumpParser {
 public:
  Taken take(const ConsoleLine& line) override {
    Cursor cursor(line);
    if (cursor.text("EXIT: STATUS=")) return Taken::kLast;
    return cursor.text("STACK: ") ? Taken::kYes : Taken::kNo;
  }
  bool complete() const override { return true; }
  void settle() override {}
};

// "lib/arm/mmu.c:120: assert failed: pte_valid(pte)"
std::unique_ptr<DumpParser> begin_report(std::string_view text) {
  constexpr std::string_view kFailed = ": assert failed: ";
  Assertion assertion;
  if (!take_place(text, assertion.place) || !text.substr(assertion.place.size()).starts_with(kFailed)) return nullptr;
  assertion.expression = text.substr(assertion.place.size() + kFailed.size());
  auto parser = std::make_unique<KvmUnitTestsAssertion>();
  note_assertion(parser->record, assertion);
  parser->record.headline = headline_text(text);
  return parser;
}

// An interrupt that nobody awaits has no line before this one.
bool is_vector_line(const ConsoleLine& line) {
  Cursor cursor(line);
  return cursor.text("Vector: ") && cursor.decimal() && cursor.text(" (el");
}

}  // namespace

std::unique_ptr<DumpParser> begin_kvm_unit_tests(const Headline& headline) {
  const std::string_view text = headline.line.text;
  const auto starts = [text](std::string_view mark) { return text.starts_with(mark); };
  constexpr std::array<std::string_view, 4> kMarks = {"Unhandled exception ec=", "Unhandled vector ",
                                                      "Got bad ec=", "Got bad vector="};
  const bool vector = is_vector_line(headline.line);
  if (!vector && std::ranges::none_of(kMarks, starts)) return begin_report(text);
  auto parser = std::make_unique<KvmUnitTests>();
  parser->take_before(headline.before);
  if (vector) parser->take(headline.line);
  parser->record.headline = headline_text(text);
  return parser;
}

}  // namespace bootrig::dump
