// U-Boot's dump (arm64): `"Synchronous Abort" handler, esr 0x96000004[, far 0x…]`, elr and lr, x0 to x29, the code
// around elr. Versions before 2023.07 print no FAR.
#include <fmt/format.h>

#include "aarch64/syndrome.h"
#include "dump/belief.h"
#include "dump/dialect.h"

namespace bootrig::dump {
namespace {

constexpr std::string_view kBadMode = "Bad mode in ";
constexpr std::string_view kHandler = "\" handler, esr ";

class UBoot : public DumpParser {
 public:
  // Behind the first words.
  UBoot(std::string_view type, Cursor cursor) : type_(type) {
    record.extra["type"] = type_;
    const std::optional<std::uint64_t> esr = cursor.hex(8);
    if (!esr) return;
    values_.put("esr", *esr);
    if (!cursor.text(", far ")) return;
    const std::optional<std::uint64_t> far = cursor.hex();
    if (far) values_.put("far", *far);
  }

  Taken take(const ConsoleLine& line) override {
    Cursor cursor(line);
    if (cursor.text("elr: ")) return take_return_addresses(cursor);
    if (take_register_row(cursor, values_)) return Taken::kYes;
    if (cursor.text("Code: ")) {
      record.extra["code"] = headline_text(cursor.rest());
      return Taken::kYes;
    }
    if (cursor.text("UEFI image ")) return Taken::kYes;
    return cursor.text("Resetting CPU") ? Taken::kLast : Taken::kNo;
  }

  bool complete() const override {
    return values_.seen("esr") && values_.seen("elr") && values_.seen("x28") && values_.seen("x29");
  }

  void settle() override {
    values_.move_to(record);
    if (values_.get("elr") && values_.get("elr-reloc")) {
      record.extra["elr-reloc"] = hex_text(*values_.get("elr-reloc"));
      record.extra["reloc-offset"] = hex_text(*values_.get("elr") - *values_.get("elr-reloc"));
    }
    drop_syndrome_of_interrupt(record, type_);
    if (record.esr && !record.far && !values_.seen("far") && aarch64::decode_esr(*record.esr).far_valid) {
      record.corrections.push_back(
          "FAR holds the address of this exception but is not printed: U-Boot prints it since 2023.07, and never at "
          "EL3.");
    }
    keep_what_holds(record);
  }

 private:
  // "0000000000081104 lr : 0000000000081054 (reloc)"; "(reloc)": as linked.
  Taken take_return_addresses(Cursor cursor) {
    const std::optional<std::uint64_t> elr = cursor.hex(16);
    if (!elr || !cursor.text(" lr : ")) return Taken::kNo;
    const std::optional<std::uint64_t> lr = cursor.hex(16);
    if (!lr) return Taken::kNo;
    const bool as_linked = cursor.text(" (reloc)");
    if (!as_linked && !cursor.at_end()) return Taken::kNo;
    values_.put(as_linked ? "elr-reloc" : "elr", *elr);
    if (!as_linked) values_.put("x30", *lr);
    return Taken::kYes;
  }

  std::string type_;
};

}  // namespace

std::unique_ptr<DumpParser> begin_u_boot(const Headline& headline) {
  const std::string_view text = headline.line.text;
  const std::size_t handler = text.find(kHandler);
  if (handler == std::string_view::npos || handler == 0) return nullptr;
  const std::size_t quote = text.rfind('"', handler - 1);
  if (quote == std::string_view::npos) return nullptr;
  const std::string_view name = text.substr(quote + 1, handler - quote - 1);
  std::string_view type;
  for (const auto& [printed, meant] : {std::pair{"Synchronous Abort", "Synchronous"}, std::pair{"Irq", "IRQ"},
                                       std::pair{"Fiq", "FIQ"}, std::pair{"Error", "SError"}}) {
    if (name == printed) type = meant;
  }
  if (type.empty()) return nullptr;
  const bool bad_mode = text.substr(0, quote).ends_with(kBadMode);
  auto parser = std::make_unique<UBoot>(type, Cursor(text.substr(handler + kHandler.size()), headline.line.ended));
  parser->record.headline = headline_text(text.substr(bad_mode ? quote - kBadMode.size() : quote));
  if (bad_mode) parser->record.extra["bad-mode"] = "yes";
  return parser;
}

}  // namespace bootrig::dump
