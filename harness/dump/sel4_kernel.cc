// What the seL4 kernel prints of its own aborts and failed assertions (debug builds), and of a thread's fault that no
// handler takes. Numbers are unpadded; a null pointer is "0".
#include <fmt/format.h>

#include <array>

#include "dump/assertion.h"
#include "dump/belief.h"
#include "dump/dialect.h"
#include "dump/user_error.h"

namespace bootrig::dump {
namespace {

// "KERNEL DATA ABORT!" and its like.
class KernelAbort : public DumpParser {
 public:
  enum class Kind { kPrefetch, kData, kVector };
  explicit KernelAbort(Kind kind) : kind_(kind) {}

  Taken take(const ConsoleLine& line) override {
    Cursor cursor(line);
    if (cursor.text("Faulting instruction: ") || cursor.text("Fault attributed to program counter: ") ||
        cursor.text("Fault attributed to address: ")) {
      return put("elr", cursor.hex());
    }
    if (cursor.text("FAR: ")) {
      const Taken far = put("far", cursor.hex());
      return cursor.text(" ESR (DFSR): ") ? put("esr", cursor.hex()) : far;
    }
    if (cursor.text("ESR (IFSR): ")) return put("esr", cursor.hex());
    if (cursor.text("ESR: ")) {
      const Taken esr = put("esr", cursor.hex());
      return cursor.text(" FAR: ") ? put("far", cursor.hex()) : esr;
    }
    if (cursor.text("Vector: ")) return note("vector", cursor.rest());
    if (cursor.text("halting...")) return Taken::kYes;
    if (!cursor.text("Kernel entry via ")) return Taken::kNo;
    note("entry", cursor.rest());
    return Taken::kLast;
  }

  bool complete() const override {
    return values_.seen("elr") && values_.seen("esr") && (kind_ == Kind::kPrefetch || values_.seen("far"));
  }

  void settle() override {
    values_.move_to(record);
    const std::string vector = record.extra.contains("vector") ? record.extra["vector"] : "";
    for (const std::string type : {"IRQ", "FIQ"}) {
      if (vector.contains("(" + type + " ")) drop_syndrome_of_interrupt(record, type);
    }
    keep_what_holds(record);
    if (kind_ == Kind::kPrefetch) {
      record.corrections.push_back(
          "The kernel prints no FAR for a prefetch abort: the faulting instruction (ELR) is what could not be "
          "fetched.");
    }
  }

 private:
  Taken put(std::string_view name, std::optional<std::uint64_t> value) {
    if (!value) return Taken::kNo;
    values_.put(name, *value);
    return Taken::kYes;
  }
  Taken note(const char* name, std::string_view text) {
    record.extra[name] = headline_text(text);
    return Taken::kYes;
  }

  Kind kind_;
};

// "seL4 failed assertion 'a' at a.c:12 in function f", and how the kernel was entered.
class KernelAssertion : public DumpParser {
 public:
  Taken take(const ConsoleLine& line) override {
    Cursor cursor(line);
    if (cursor.text("halting...")) return Taken::kYes;
    if (!cursor.text("Kernel entry via ")) return Taken::kNo;
    record.extra["entry"] = headline_text(cursor.rest());
    return Taken::kLast;
  }
  bool complete() const override { return true; }
  void settle() override {}
};

std::unique_ptr<DumpParser> begin_assertion(std::string_view text) {
  constexpr std::string_view kAssertion = "seL4 failed assertion '", kFail = "seL4 called fail at ";
  auto parser = std::make_unique<KernelAssertion>();
  if (const auto from = from_mark(text, kAssertion)) {
    if (!take_quoted_assertion(from->substr(kAssertion.size()), "' at ", parser->record)) return nullptr;
    parser->record.headline = headline_text(*from);
    return parser;
  }
  const auto from = from_mark(text, kFail);
  Assertion fail;
  if (!from || !take_place(from->substr(kFail.size()), fail.place)) return nullptr;
  Cursor cursor(from->substr(kFail.size() + fail.place.size()), true);
  if (cursor.text("in function ")) fail.function = cursor.until(", saying \"").value_or(cursor.rest());
  fail.expression = cursor.rest().substr(0, cursor.rest().rfind('"'));
  note_assertion(parser->record, fail);
  parser->record.extra["failed-without-condition"] = "fail";
  parser->record.headline = headline_text(*from);
  return parser;
}

// A fault as the kernel words it: "vm fault on data at address 0x10 with status 0x92000006".
struct Fault {
  std::string text;
  std::optional<std::uint64_t> status, address, cap_address;
};

std::optional<Fault> parse_fault(Cursor cursor) {
  const std::string_view whole = cursor.rest();
  Fault fault{headline_text(whole), {}, {}, {}};
  if (cursor.text("vm fault on ")) {
    if (!cursor.until("at address ")) return std::nullopt;
    fault.address = cursor.hex();
    if (cursor.text(" with status ")) fault.status = cursor.hex();
    return fault;
  }
  if (cursor.text("cap fault in ")) {
    if (cursor.until(" phase at address ")) fault.cap_address = cursor.hex();
    return fault;
  }
  if (cursor.text("user exception ")) {
    fault.status = cursor.hex();  // the number is the syndrome
    return fault;
  }
  for (const std::string_view other : {"null fault", "unknown syscall ", "Timeout fault for ", "unknown fault",
                                       "debug fault", "vcpu ", "vgic maintenance", "vppi event"}) {
    if (whole.starts_with(other)) return fault;
  }
  return std::nullopt;
}

// "Caught <fault> / while trying to handle: / <fault> / in thread …", or, under MCS, "Found thread has no fault handler
// while trying to handle: / <fault> / in thread …". The fault that began it is the one after "while trying to handle".
class UnhandledFault : public DumpParser {
 public:
  // `before`: the transcript up to the fault. `second`: what came when the first was to be sent to a handler.
  UnhandledFault(std::string_view before, std::optional<std::string> second, bool handling)
      : before_(before), handling_(handling) {
    if (second) record.extra["second-fault"] = *second;
  }

  Taken take(const ConsoleLine& line) override {
    Cursor cursor(line);
    if (with_stack_) return take_stack(cursor);
    if (cursor.text("while trying to handle:")) {
      handling_ = true;
      return Taken::kYes;
    }
    if (handling_ && !fault_) return take_fault(line);
    if (cursor.text("in thread ")) return take_thread(cursor);
    if (cursor.text("at address ")) return put_pc(cursor.hex());
    with_stack_ = cursor.text("With stack:");
    return with_stack_ ? Taken::kYes : Taken::kNo;
  }

  bool complete() const override { return fault_ && values_.seen("elr"); }

  void settle() override {
    if (fault_ && fault_->status) values_.put("esr", *fault_->status);
    if (fault_ && fault_->address) values_.put("far", *fault_->address);
    values_.move_to(record);
    keep_what_holds(record);
    note_user_error();
    if (!fault_) return;
    record.extra["fault"] = fault_->text;
    if (fault_->cap_address) record.extra["cap-address"] = hex_text(*fault_->cap_address);
    if (record.esr) {
      record.corrections.push_back("The printed status is the low 32 bits of ESR: ISS2 is not visible.");
    } else {
      record.corrections.push_back("The kernel prints no ESR for this kind of fault.");
    }
  }

 private:
  // Without a debug build the program counter stands on the fault's line, without a space between them.
  Taken take_fault(const ConsoleLine& line) {
    constexpr std::string_view kPc = "at address ";
    ConsoleLine first = line;
    const std::size_t pc = line.text.rfind(kPc);
    const bool joined = pc != std::string::npos && pc > 0 && line.text[pc - 1] != ' ';
    if (joined) {
      first.text.resize(pc);
      first.ended = true;
    }
    fault_ = parse_fault(Cursor(first));
    if (!fault_) return Taken::kNo;
    if (joined) put_pc(Cursor(std::string_view(line.text).substr(pc + kPc.size()), line.ended).hex());
    return Taken::kYes;
  }

  // `0xffffff807fb2e400 "rootserver" at address 0x401234`
  Taken take_thread(Cursor cursor) {
    const std::optional<std::uint64_t> thread = cursor.hex();
    if (thread) record.extra["tcb"] = hex_text(*thread);
    if (!cursor.text(" \"")) return thread ? Taken::kYes : Taken::kNo;
    const std::string_view rest = cursor.rest();
    const std::size_t end = rest.rfind("\" at address ");
    if (end == std::string_view::npos) return Taken::kYes;
    record.extra["thread"] = headline_text(rest.substr(0, end));
    cursor.text(rest.substr(0, end));
    cursor.text("\" at address ");
    return put_pc(cursor.hex());
  }

  void note_user_error() {
    const auto thread = record.extra.find("thread");
    if (thread == record.extra.end()) return;
    if (auto error = last_user_error(before_, thread->second)) record.extra["user-error"] = std::move(*error);
  }

  Taken put_pc(std::optional<std::uint64_t> pc) {
    if (pc) values_.put("elr", *pc);
    return pc ? Taken::kYes : Taken::kNo;
  }

  // "0x7fffff8: 0x401000" or "0x7fffff8: INVALID"
  Taken take_stack(Cursor cursor) {
    if (cursor.text("Invalid vspace") || cursor.text("SP not aligned")) return Taken::kLast;
    const std::optional<std::uint64_t> address = cursor.hex();
    if (!address || !cursor.text(": ") || (!cursor.text("INVALID") && !cursor.hex())) return Taken::kNo;
    if (!values_.seen("sp")) values_.put("sp", *address);
    return Taken::kYes;
  }

  std::string_view before_;
  bool handling_;
  bool with_stack_ = false;
  std::optional<Fault> fault_;
};

std::unique_ptr<DumpParser> with_headline(std::unique_ptr<DumpParser> parser, std::string_view headline) {
  parser->record.headline = headline_text(headline);
  return parser;
}

}  // namespace

std::unique_ptr<DumpParser> begin_sel4_kernel(const Headline& headline) {
  using Kind = KernelAbort::Kind;
  const std::string_view text = headline.line.text;
  for (const auto& [mark, kind] :
       {std::pair{"KERNEL PREFETCH ABORT!", Kind::kPrefetch}, std::pair{"KERNEL DATA ABORT!", Kind::kData},
        std::pair{"KERNEL INVALID VECTOR ENTRY!", Kind::kVector}}) {
    if (const auto from = from_mark(text, mark)) return with_headline(std::make_unique<KernelAbort>(kind), *from);
  }
  if (text.contains("seL4 failed assertion ") || text.contains("seL4 called fail ")) return begin_assertion(text);
  constexpr std::string_view kNoHandler = "Found thread has no fault handler while trying to handle:";
  if (const auto from = from_mark(text, kNoHandler)) {
    return with_headline(std::make_unique<UnhandledFault>(headline.before, std::nullopt, true), *from);
  }
  constexpr std::string_view kCaught = "Caught ";
  const auto from = from_mark(text, kCaught);
  if (!from) return nullptr;
  const std::optional<Fault> second = parse_fault(Cursor(from->substr(kCaught.size()), headline.line.ended));
  if (!second) return nullptr;
  return with_headline(std::make_unique<UnhandledFault>(headline.before, second->text, false), *from);
}

}  // namespace bootrig::dump
