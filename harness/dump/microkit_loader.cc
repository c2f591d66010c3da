// The Microkit loader's dump: the form of 2.1.0 and later (one value a line; elr from 2.3.0), and the older one, whose
// headline holds the syndrome's parts and no ESR.
#include "dump/microkit_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "dump/belief.h"
#include "dump/dialect.h"

namespace bootrig {
namespace {

constexpr unsigned kPrintedRegisters = 32;
constexpr unsigned kLastStored = 29;
constexpr std::string_view kAboutRegisters = "The loader prints its registers shifted: ";

}  // namespace

unsigned microkit_loader_shift(std::uint64_t state_address) {
  return static_cast<unsigned>(state_address & 0xfff) / 8;
}

void place_microkit_loader_registers(ExceptionRecord& record, unsigned shift, const std::string& how) {
  std::erase_if(record.corrections, [](const std::string& said) { return said.starts_with(kAboutRegisters); });
  record.x.fill(std::nullopt);
  for (unsigned i = 0; i < kPrintedRegisters && i + shift <= kLastStored; ++i) {
    const auto raw = record.extra.find(fmt::format("reg{}", i));
    if (raw != record.extra.end()) record.x[i + shift] = dump::Cursor(raw->second, true).hex();
  }
  record.extra["register-shift"] = std::to_string(shift);
  record.corrections.push_back(fmt::format("{}reg i is x(i+{}), by {}.", kAboutRegisters, shift, how));
}

namespace dump {
namespace {

// So far back the loader's own log is looked for: it is printed just before the kernel is entered.
constexpr std::size_t kLogWindow = 64 * 1024;
constexpr unsigned kLogLines = 16;  // its three lines, and others between

// What the loader says of the root server, and hands to the kernel in x2 and x3.
struct RootServer {
  std::uint64_t physical_minus_virtual = 0;
  std::uint64_t entry = 0;
};

std::optional<RootServer> root_server(std::string_view before) {
  before = before.substr(before.size() - std::min(before.size(), kLogWindow));
  constexpr std::string_view kFirst = "LDR|INFO: root server: physmem: ";
  const std::size_t at = before.rfind(kFirst);
  if (at == std::string_view::npos) return std::nullopt;
  ConsoleLines lines(before.substr(at));
  constexpr std::array<std::string_view, 3> kNames = {"physmem: ", "virtmem: ", "entry  : "};
  std::array<std::uint64_t, kNames.size()> values{};
  std::size_t found = 0;
  for (unsigned i = 0; i < kLogLines && found < kNames.size(); ++i) {
    const std::optional<ConsoleLine> line = lines.next();
    if (!line) return std::nullopt;
    Cursor cursor(*line);
    if (!cursor.text("LDR|INFO: ") || !cursor.until(kNames[found])) continue;
    const std::optional<std::uint64_t> value = cursor.hex(16);
    if (!value) return std::nullopt;
    values[found++] = *value;
  }
  if (found < kNames.size()) return std::nullopt;
  return RootServer{values[0] - values[1], values[2]};
}

class MicrokitLoader : public DumpParser {
 public:
  MicrokitLoader(std::string_view type, bool has_esr, std::optional<RootServer> root_server)
      : type_(type.substr(0, type.find(' '))), has_esr_(has_esr), root_server_(root_server) {
    record.extra["type"] = std::string(type);
    if (!has_esr_) record.level = 1;
  }

  // "Synchronous EL1h   ec=<text>(0x00000025)   il=0x…   iss=0x…   far=0x…": the older form's headline.
  void take_parts(Cursor cursor) {
    const std::optional<std::string_view> before = cursor.until("   il=");
    if (!before) return;
    const std::size_t open = before->rfind('(');
    if (open != std::string_view::npos) put("ec", Cursor(before->substr(open + 1), true).hex(8));
    put("il", cursor.hex(16));
    if (cursor.until("iss=")) put("iss", cursor.hex(16));
    if (cursor.until("far=")) put("far", cursor.hex(16));
  }

  Taken take(const ConsoleLine& line) override {
    Cursor cursor(line);
    if (cursor.text("reg: ")) return take_register(cursor);
    if (cursor.text("esr_el1: ")) return take_bank(cursor, 1);
    if (cursor.text("esr_el2: ")) return take_bank(cursor, 2);
    if (cursor.text("ec: ")) return put("ec", cursor.hex(8));
    for (const std::string_view name : {"il", "iss", "far", "elr"}) {
      Cursor value = cursor;
      if (value.text(name) && value.text(": ")) return put(name, value.hex(16));
    }
    return Taken::kNo;
  }

  bool complete() const override {
    return values_.seen("reg31") && values_.seen("far") && values_.seen(has_esr_ ? "esr" : "iss");
  }

  void settle() override {
    values_.move_to(record);
    rebuild_syndrome();
    if (!drop_wrong_bank()) {
      judge_parts();
      drop_syndrome_of_interrupt(record, type_);
      keep_what_holds(record);
    }
    settle_registers();
  }

 private:
  Taken put(std::string_view name, std::optional<std::uint64_t> value) {
    if (!value) return Taken::kNo;
    values_.put(name, *value);
    return Taken::kYes;
  }

  Taken take_bank(Cursor cursor, unsigned level) {
    record.level = level;
    return put("esr", cursor.hex(16));
  }

  Taken take_register(Cursor cursor) {
    const std::optional<std::uint64_t> number = cursor.hex(8);
    if (!number || *number >= kPrintedRegisters || !cursor.text(": ")) return Taken::kNo;
    const Taken taken = put(fmt::format("reg{}", *number), cursor.hex(16));
    return taken == Taken::kYes && *number == kPrintedRegisters - 1 ? Taken::kLast : taken;
  }

  // Where no ESR is printed, or its line is lost.
  void rebuild_syndrome() {
    const auto ec = values_.get("ec"), il = values_.get("il"), iss = values_.get("iss");
    if (values_.seen("esr") || !ec || !il || !iss || *ec > 0x3f || *il > 1 || *iss > 0x1ffffff) return;
    record.esr = *ec << 26 | *il << 25 | *iss;
    record.corrections.push_back(
        "ESR is rebuilt from the printed ec, il and iss: its bit 24 (of a Data Abort: ISV) is not printed and taken as "
        "0.");
  }

  // The handler reads the registers of the level that it was built for. The architecture sets IL for an exception of
  // unknown reason (EC 0), so ESR 0 was never written (DDI 0487, ESR_ELx.IL).
  bool drop_wrong_bank() {
    const bool interrupt = type_ == "IRQ" || type_ == "FIQ";
    if (record.esr != 0 || (interrupt && record.elr.value_or(0) != 0)) return false;
    record.corrections.push_back(
        fmt::format("ESR_EL{} is 0, as no exception leaves it: the loader reads the registers of the level that it was "
                    "built for, and the exception was taken to another; ESR, FAR and ELR are not believed.",
                    record.level.value_or(1)));
    record.level.reset();
    record.esr.reset();
    record.far.reset();
    record.elr.reset();
    return true;
  }

  void judge_parts() {
    if (!values_.seen("esr") || !record.esr) return;
    const std::uint64_t whole = *record.esr & 0x1ffffff;
    const auto iss = values_.get("iss");
    const bool lost = iss && *iss != whole && *iss == (whole & 0xffffff);
    if (lost) {
      record.corrections.push_back(fmt::format(
          "iss is printed without bit 24, as the loader masks it with 24 bits: by ESR it is {:#x}.", whole));
    }
    compare_parts(record, {values_.get("ec"), values_.get("il"), iss}, lost ? 24 : 25);
  }

  void settle_registers() {
    std::optional<unsigned> last;  // that is not 0
    for (unsigned i = 0; i < kPrintedRegisters; ++i) {
      const std::optional<std::uint64_t> value = values_.get(fmt::format("reg{}", i));
      if (!value) continue;
      record.extra[fmt::format("reg{}", i)] = hex_text(*value);
      if (*value != 0) last = i;
    }
    if (!values_.seen("reg0")) return;
    if (const std::optional<unsigned> shift = shown_shift(last)) {
      place_microkit_loader_registers(record, *shift, "its own log, which names x2 and x3 of the kernel's entry");
      return;
    }
    record.corrections.push_back(
        fmt::format("{}reg i is x(i+n), n = (address of its symbol exception_register_state & 0xfff) / 8, which is not "
                    "known here; they are kept as reg0 to reg31.",
                    kAboutRegisters));
  }

  // The shift, when two signs agree. The kernel is entered with what the log names in x2 and x3; and what lies behind
  // x29, the last one stored, is 0, while x29 itself, the frame pointer, is not.
  std::optional<unsigned> shown_shift(std::optional<unsigned> last) const {
    if (!root_server_ || !last || !values_.seen("reg31")) return std::nullopt;
    for (unsigned i = 0; i <= 2; ++i) {
      if (values_.get(fmt::format("reg{}", i)) != root_server_->physical_minus_virtual) continue;
      if (values_.get(fmt::format("reg{}", i + 1)) != root_server_->entry) continue;
      const unsigned shift = 2 - i;
      if (*last + shift == kLastStored) return shift;
    }
    return std::nullopt;
  }

  std::string type_;
  bool has_esr_;
  std::optional<RootServer> root_server_;
};

}  // namespace

std::unique_ptr<DumpParser> begin_microkit_loader(const Headline& headline) {
  constexpr std::string_view kNew = "LDR|ERROR: loader trapped exception: ";
  constexpr std::string_view kOld = "LDR|ERROR: loader trapped kernel exception: ";
  const std::optional<std::string_view> now = from_mark(headline.line.text, kNew);
  const std::optional<std::string_view> old = now ? std::nullopt : from_mark(headline.line.text, kOld);
  if (!now && !old) return nullptr;
  Cursor cursor(now ? now->substr(kNew.size()) : old->substr(kOld.size()), headline.line.ended);
  std::string_view type = cursor.rest();
  if (old) type = cursor.until("   ec=").value_or(type);
  auto parser = std::make_unique<MicrokitLoader>(headline_text(type), now.has_value(), root_server(headline.before));
  if (old) parser->take_parts(cursor);
  parser->record.headline = headline_text(now ? *now : *old);
  return parser;
}

}  // namespace dump
}  // namespace bootrig
