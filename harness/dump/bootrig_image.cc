// The dump of bootrig's own images (images/README.md, "The dump"; printed by images/reference/lib/exception.c).
#include <fmt/format.h>

#include "dump/belief.h"
#include "dump/dialect.h"

namespace bootrig::dump {
namespace {

constexpr std::string_view kEnd = ": end of dump";

class BootrigImage : public DumpParser {
 public:
  // Reads "loader: EXCEPTION Synchronous, current EL with SP_ELx, taken to EL1".
  bool begin(Cursor cursor) {
    const std::optional<std::string_view> program = cursor.until(": ");
    const bool exception = cursor.text("EXCEPTION ");
    if (!program || program->find(' ') != std::string_view::npos || (!exception && !cursor.text("USER FAULT "))) {
      return false;
    }
    program_ = *program;
    const std::optional<std::string_view> type = cursor.until(", ");
    const std::optional<std::string_view> from = cursor.until(", taken to EL");
    if (!type || !from) return true;  // cut off in its first line: still a dump
    record.level = cursor.decimal();
    type_ = *type;
    record.extra = {{"program", program_}, {"type", type_}, {"from", std::string(*from)}};
    if (!exception) record.extra["user"] = "yes";
    return true;
  }

  Taken take(const ConsoleLine& line) override {
    Cursor cursor(line);
    if (from_mark(line.text, "bootrig " + program_ + std::string(kEnd))) {
      ended_ = true;
      return Taken::kLast;
    }
    const std::optional<std::string> name = take_name(cursor);
    if (!name || !cursor.text(" ")) return Taken::kNo;
    const std::optional<std::uint64_t> value = cursor.hex(16);
    if (!value) return Taken::kNo;
    values_.put(*name, *value);
    return Taken::kYes;
  }

  bool complete() const override { return ended_ && values_.seen("esr") && values_.seen("x30"); }

  void settle() override {
    values_.move_to(record);
    drop_syndrome_of_interrupt(record, type_);
    keep_what_holds(record);
  }

 private:
  std::optional<std::string> take_name(Cursor& cursor) const {
    for (const auto& [printed, name] : {std::pair{"ESR", "esr"}, std::pair{"FAR", "far"}, std::pair{"ELR", "elr"},
                                        std::pair{"SPSR", "spsr"}, std::pair{"HPFAR", "hpfar"}}) {
      if (cursor.text(fmt::format("{}_EL{}", printed, record.level.value_or(0)))) return name;
    }
    if (cursor.text("SP")) return "sp";  // behind SPSR, which begins so too
    return register_name(cursor);
  }

  std::string program_;
  std::string type_;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<DumpParser> begin_bootrig_image(const Headline& headline) {
  constexpr std::string_view kName = "bootrig ";
  const std::optional<std::string_view> text = from_mark(headline.line.text, kName);
  if (!text) return nullptr;
  auto parser = std::make_unique<BootrigImage>();
  if (!parser->begin(Cursor(text->substr(kName.size()), headline.line.ended))) return nullptr;
  parser->record.headline = headline_text(*text);
  return parser;
}

}  // namespace bootrig::dump
