// EDK2's dump, and its failed assertions (debug builds). A release build prints one line, on the serial line and on the console, which often are the same; a debug
// build adds a backtrace and the registers.
#include "dump/assertion.h"
#include "dump/belief.h"
#include "dump/dialect.h"

namespace bootrig::dump {
namespace {

constexpr std::string_view kMark = " Exception at 0x";

class Edk2 : public DumpParser {
 public:
  Edk2(std::string_view type, std::optional<std::uint64_t> address) : type_(type) {
    record.extra["type"] = type_;
    if (address) values_.put("elr", *address);
  }

  Taken take(const ConsoleLine& line) override {
    if (!has_registers_ && line.text.ends_with(record.headline)) return Taken::kYes;  // on its other console
    Cursor cursor(line);
    if (cursor.text("Stack dump:")) return Taken::kLast;
    if (cursor.text("Recursive exception occurred")) {
      record.extra["recursive"] = "yes";
      return Taken::kLast;
    }
    if (take_values(cursor)) return Taken::kYes;
    return starts_known_line(cursor) ? Taken::kYes : Taken::kNo;
  }

  bool complete() const override {
    return values_.seen("elr") && (!has_registers_ || (values_.seen("esr") && values_.seen("far")));
  }

  void settle() override {
    values_.move_to(record);
    drop_syndrome_of_interrupt(record, type_);
    keep_what_holds(record);
    if (!has_registers_) {
      record.corrections.push_back(
          "This build of EDK2 prints the address of the instruction alone: no ESR and no FAR.");
    }
  }

 private:
  // "X0 0x…   X1 0x…", "SP 0x…  ELR 0x…  SPSR 0x…  FPSR 0x…", "ESR 0x…          FAR 0x…"
  bool take_values(Cursor cursor) {
    bool taken = false;
    for (std::optional<std::string> name = take_name(cursor); name; name = take_name(cursor)) {
      const std::optional<std::uint64_t> value = cursor.text(" ") ? cursor.hex(8) : std::nullopt;
      if (!value) break;
      if (*name != "fpsr") values_.put(*name, *value);
      taken = has_registers_ = true;
      cursor.spaces();
    }
    return taken;
  }

  static std::optional<std::string> take_name(Cursor& cursor) {
    for (const auto& [printed, name] :
         {std::pair{"ESR ", "esr"}, std::pair{"FAR ", "far"}, std::pair{"ELR ", "elr"}, std::pair{"SPSR ", "spsr"},
          std::pair{"SP ", "sp"}, std::pair{"FPSR ", "fpsr"}, std::pair{"FP ", "x29"}, std::pair{"LR ", "x30"}}) {
      if (!cursor.rest().starts_with(printed)) continue;
      cursor.text(std::string_view(printed).substr(0, std::string_view(printed).size() - 1));
      return name;
    }
    Cursor ahead = cursor;
    if (!ahead.text("X")) return std::nullopt;
    const std::optional<unsigned> number = ahead.decimal();
    if (!number || *number > 28) return std::nullopt;
    cursor = ahead;
    return "x" + std::to_string(*number);
  }

  // The backtrace, vector registers, and EDK2's own reading of ESR, which is wrong in places.
  static bool starts_known_line(Cursor cursor) {
    if (cursor.text("PC 0x") || cursor.text("ESR : ") || cursor.text("Data abort: ")) return true;
    if (cursor.text("Instruction abort: ")) return true;
    if (cursor.text("[")) {
      cursor.spaces();
      return cursor.decimal() && cursor.text("] ");
    }
    return cursor.text("V") && cursor.decimal() && cursor.text(" 0x");
  }

  std::string type_;
  bool has_registers_ = false;
};

// One line; what follows is a stop, or a dump of its own.
class Edk2Assertion : public DumpParser {
 public:
  Taken take(const ConsoleLine&) override { return Taken::kNo; }
  bool complete() const override { return true; }
  void settle() override {}
};

// "ASSERT [DxeCore] /build/MdePkg/Pool.c(123): Size > 0", in old builds without the module.
std::unique_ptr<DumpParser> begin_edk2_assertion(const ConsoleLine& line) {
  Cursor cursor(line);
  if (!cursor.text("ASSERT ")) return nullptr;
  if (cursor.text("[")) cursor.until("] ");
  const auto file = cursor.until("(");
  const auto number = cursor.decimal();
  if (!file || file->empty() || file->contains(' ') || !number || !cursor.text("): ")) return nullptr;
  auto parser = std::make_unique<Edk2Assertion>();
  const std::string place = std::string(*file) + ":" + std::to_string(*number);
  note_assertion(parser->record, {.expression = cursor.rest(), .place = place, .function = {}});
  parser->record.headline = headline_text(line.text);
  return parser;
}

}  // namespace

std::unique_ptr<DumpParser> begin_edk2(const Headline& headline) {
  const std::string_view text = headline.line.text;
  const std::size_t mark = text.find(kMark);
  if (mark == std::string_view::npos) return begin_edk2_assertion(headline.line);
  for (const std::string_view type : {"Synchronous", "IRQ", "FIQ", "SError"}) {
    if (!text.substr(0, mark).ends_with(type)) continue;
    auto parser = std::make_unique<Edk2>(type, Cursor(text.substr(mark + kMark.size()), headline.line.ended).hex(16));
    parser->record.headline = headline_text(text.substr(mark - type.size()));
    return parser;
  }
  return nullptr;
}

}  // namespace bootrig::dump
