// Zephyr's fatal error (arm64): the registers (CONFIG_EXCEPTION_DEBUG), then ">>> ZEPHYR FATAL ERROR" with a reason. A
// failed assertion and an overflowed stack are said before. The log's own prefix ("<err> os: ", "E: ") is passed over.
#include <fmt/format.h>

#include "dump/assertion.h"
#include "dump/belief.h"
#include "dump/dialect.h"

namespace bootrig::dump {
namespace {

constexpr std::string_view kPlace = "ELR_ELn: ";
constexpr std::string_view kFatal = ">>> ZEPHYR FATAL ERROR ";
constexpr std::string_view kAssertion = "ASSERTION FAIL [";
constexpr std::string_view kOverflow = "STACK OVERFLOW FROM ";
constexpr unsigned kCpuException = 0, kSpuriousInterrupt = 1;  // Zephyr, enum k_fatal_error_reason

Cursor behind_log_prefix(const ConsoleLine& line) {
  Cursor cursor(line);
  if (cursor.text("<err> ")) cursor.until(": ");
  cursor.text("E: ");
  cursor.spaces();
  return cursor;
}

class Zephyr : public DumpParser {
 public:
  Taken take(const ConsoleLine& line) override {
    Cursor cursor = behind_log_prefix(line);
    if (begins_another(cursor.rest())) return Taken::kNo;
    if (take_headline(cursor)) return Taken::kYes;
    if (cursor.text("Halting system")) return Taken::kLast;
    if (take_value(cursor) || take_registers(cursor) || take_words(cursor)) return Taken::kYes;
    return Taken::kNo;
  }

  // "ELR_ELn: 0x…", ">>> ZEPHYR FATAL ERROR 0: CPU exception on CPU 0", "ASSERTION FAIL [a] @ a.c:12",
  // "STACK OVERFLOW FROM KERNEL, SP: 0x…"
  bool take_headline(Cursor cursor) {
    if (cursor.text(kPlace)) return put("elr", cursor.hex(16));
    if (cursor.text(kFatal)) return take_reason(cursor);
    if (cursor.text(kAssertion)) return take_quoted_assertion(cursor.rest(), "] @ ", record);
    if (!cursor.text(kOverflow)) return false;
    record.extra["stack-overflow"] = cursor.rest().starts_with("USER") ? "user" : "kernel";
    return true;
  }

  bool complete() const override { return reason_ && (!values_.seen("elr") || values_.seen("esr")); }

  void settle() override {
    values_.move_to(record);
    compare_parts(record, {values_.get("ec"), values_.get("il"), values_.get("iss")}, 25);
    if (reason_ == kSpuriousInterrupt) drop_syndrome_of_interrupt(record, record.extra["type"] = "IRQ");
    if (record.extra.contains("assertion")) drop_of_call();
    keep_what_holds(record);
    if (!values_.seen("elr") && reason_ == kCpuException) {
      record.corrections.push_back("This build of Zephyr prints no registers: neither ESR nor FAR nor the place.");
    }
  }

 private:
  bool put(std::string_view name, std::optional<std::uint64_t> value) {
    if (value) values_.put(name, *value);
    return value.has_value();
  }

  // What would begin a dump, when this one has it already.
  bool begins_another(std::string_view text) const {
    return (text.starts_with(kPlace) && values_.seen("elr")) || (text.starts_with(kFatal) && reason_) ||
           (text.starts_with(kAssertion) && (record.extra.contains("assertion") || values_.seen("elr"))) ||
           (text.starts_with(kOverflow) && (record.extra.contains("stack-overflow") || values_.seen("elr")));
  }

  // "0: CPU exception on CPU 0"
  bool take_reason(Cursor cursor) {
    reason_ = cursor.decimal();
    if (!reason_ || !cursor.text(": ")) return reason_.has_value();
    const std::string_view text = cursor.rest();
    const std::size_t cpu = text.rfind(" on CPU ");
    record.extra["fault"] = headline_text(text.substr(0, cpu));
    if (cpu == std::string_view::npos) return true;
    cursor.until(" on CPU ");
    if (const auto number = cursor.decimal()) record.extra["cpu"] = std::to_string(*number);
    return true;
  }

  bool take_value(Cursor cursor) {
    for (const auto& [printed, name] :
         {std::pair{"ESR_ELn: ", "esr"}, std::pair{"FAR_ELn: ", "far"}, std::pair{"EC: ", "ec"},
          std::pair{"IL: ", "il"}, std::pair{"ISS: ", "iss"}, std::pair{"TPIDRRO: ", "tpidrro"}}) {
      if (!cursor.text(printed)) continue;
      cursor.spaces();
      return put(name, cursor.hex());
    }
    return false;
  }

  // "x18: 0x0000000000000000  lr:  0x0000000040001234"
  bool take_registers(Cursor cursor) {
    bool taken = false;
    while (true) {
      const std::optional<std::string> name = cursor.text("lr") ? "x30" : register_name(cursor);
      if (!name || !cursor.text(":")) return taken;
      cursor.spaces();
      if (!cursor.rest().starts_with("0x") || !put(*name, cursor.hex(16))) return taken;
      taken = true;
      cursor.spaces();
    }
  }

  bool take_words(Cursor cursor) {
    if (cursor.text("Current thread: ")) {
      const std::string_view text = cursor.rest();
      const std::size_t open = text.find('('), close = text.rfind(')');
      const bool named = open != std::string_view::npos && close != std::string_view::npos && close > open;
      if (named) record.extra["thread"] = headline_text(text.substr(open + 1, close - open - 1));
      return true;
    }
    if (cursor.text("call trace:") || cursor.text("Fault during interrupt handling")) return true;
    return cursor.decimal() && cursor.text(": fp: 0x");
  }

  // An assertion ends in a call of the kernel's own: the syndrome is that of the call.
  void drop_of_call() {
    if (!record.esr) return;
    record.corrections.push_back("An assertion failed: ESR is that of the call by which it stops, not believed.");
    record.esr.reset();
    record.far.reset();
  }

  std::optional<unsigned> reason_;
};

}  // namespace

std::unique_ptr<DumpParser> begin_zephyr(const Headline& headline) {
  const Cursor cursor = behind_log_prefix(headline.line);
  const auto starts = [&](std::string_view mark) { return cursor.rest().starts_with(mark); };
  if (!starts(kPlace) && !starts(kFatal) && !starts(kAssertion) && !starts(kOverflow)) return nullptr;
  auto parser = std::make_unique<Zephyr>();
  if (!parser->take_headline(cursor)) return nullptr;
  parser->record.headline = headline_text(cursor.rest());
  return parser;
}

}  // namespace bootrig::dump
