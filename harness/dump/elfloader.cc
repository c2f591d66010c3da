// The dump of seL4's elfloader: hexadecimal without "0x", unpadded. It sets its vectors for EL1 alone, as the last thing
// before the kernel; what goes wrong at EL2 or earlier is silent, or dumped by the firmware.
#include "dump/belief.h"
#include "dump/dialect.h"

namespace bootrig::dump {
namespace {

constexpr std::string_view kSynchronous = "ELF-LOADER: Synchronous exception received";
constexpr std::string_view kInvalid = "ELF-LOADER: Invalid exception received";

class Elfloader : public DumpParser {
 public:
  explicit Elfloader(bool has_values) : has_values_(has_values) { record.level = 1; }

  Taken take(const ConsoleLine& line) override {
    if (!has_values_) return Taken::kNo;
    for (const std::string_view name : {"esr", "elr", "spsr", "far"}) {
      Cursor cursor(line);
      if (!cursor.text(name) || !cursor.text("_el1: ")) continue;
      const std::optional<std::uint64_t> value = cursor.hex();
      if (!value) return Taken::kNo;
      values_.put(name, *value);
      return name == "far" ? Taken::kLast : Taken::kYes;
    }
    return Taken::kNo;
  }

  bool complete() const override {
    return !has_values_ || (values_.seen("esr") && values_.seen("elr") && values_.seen("spsr") && values_.seen("far"));
  }

  void settle() override {
    values_.move_to(record);
    keep_what_holds(record);
    if (!has_values_) record.corrections.push_back("For this exception the elfloader prints no register.");
  }

 private:
  bool has_values_;  // only those of a synchronous exception are printed
};

}  // namespace

std::unique_ptr<DumpParser> begin_elfloader(const Headline& headline) {
  const std::optional<std::string_view> synchronous = from_mark(headline.line.text, kSynchronous);
  const std::optional<std::string_view> invalid = from_mark(headline.line.text, kInvalid);
  if (!synchronous && !invalid) return nullptr;
  auto parser = std::make_unique<Elfloader>(synchronous.has_value());
  parser->record.headline = headline_text(synchronous ? *synchronous : *invalid);
  parser->record.extra["type"] = synchronous ? "Synchronous" : "invalid";
  return parser;
}

}  // namespace bootrig::dump
