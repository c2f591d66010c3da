// The image's code, and that of the kernel in it, followed as if it ran on the target: does it come to instructions of
// a level that it does not have, to a GIC or a conduit of PSCI that is not there, to accesses that KVM cannot emulate?
// What the code does only where the machine says so (its CurrentEL, its features, its device tree) is no finding.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "inspect/code_walk.h"
#include "inspect/disassembly.h"
#include "inspect/findings.h"
#include "inspect/system_instruction.h"

namespace bootrig {
namespace {

using Severity = Finding::Severity;
using Kind = CodeEvent::Kind;

constexpr std::uint64_t kBlock = std::uint64_t{2} << 20;  // Microkit's loader maps its kernel by 2 MiB
constexpr std::size_t kPlacesShown = 3;

// A program of the image: the one that is entered, or the kernel that it starts.
struct Program {
  std::string name;
  CodeSpace space;
  std::uint64_t entry = 0;
  std::optional<unsigned> level;  // at which it is entered; none: not known
  bool is_entered = false;        // by the target
};

std::optional<Program> entered_program(const ImageContents& contents, std::string_view bytes, unsigned level) {
  if (!contents.entry) return std::nullopt;
  std::vector<CodeSpace::Piece> pieces;
  for (const ImageRegion& region : contents.regions) {
    if (region.kind != ImageRegion::Kind::kLoaded) continue;
    pieces.push_back({region.address, bytes.substr(region.file_offset, region.file_size), region.size,
                      region.executable, region.writable});
  }
  return Program{"the image", CodeSpace(std::move(pieces)), *contents.entry, level, true};
}

// A level that is left is not come back to: below EL2 it is EL1.
std::optional<unsigned> level_of_kernel(const TargetPlace& target) {
  return target.level == 1 ? std::optional(1u) : std::nullopt;
}

std::optional<Program> kernel_of_loader(const ImageContents& contents, std::string_view bytes,
                                        const TargetPlace& target) {
  const auto region = std::ranges::find(contents.regions, ImageRegion::Kind::kCopied, &ImageRegion::kind);
  if (region == contents.regions.end()) return std::nullopt;
  const std::uint64_t entry = contents.loader->kernel_entry;
  const std::uint64_t into = (entry - region->address) & (kBlock - 1);
  if (into >= region->file_size) return std::nullopt;
  return Program{
      "its kernel",
      CodeSpace({{entry - into, bytes.substr(region->file_offset, region->file_size), region->size, true, true}}),
      entry, level_of_kernel(target), false};
}

std::optional<Program> kernel_program(const ImageContents& contents, std::string_view bytes,
                                      const TargetPlace& target) {
  if (contents.loader) return kernel_of_loader(contents, bytes, target);
  const EmbeddedProgram* kernel = embedded_kernel(contents);
  if (kernel == nullptr) return std::nullopt;
  const std::string_view file = bytes.substr(kernel->offset);
  std::vector<CodeSpace::Piece> pieces;
  for (const ElfSegment& segment : kernel->elf.segments) {
    pieces.push_back({segment.virtual_address, file.substr(segment.file_offset, segment.file_size), segment.memory_size,
                      segment.executable(), segment.writable()});
  }
  return Program{kernel->name, CodeSpace(std::move(pieces)), kernel->elf.entry, level_of_kernel(target), false};
}

struct PsciRow {
  std::uint32_t function;
  std::string_view name;
};
// Arm DEN 0022, 5.1; the same numbers in the 64-bit space.
constexpr PsciRow kPsci[] = {
    {0x84000000, "PSCI_VERSION"}, {0x84000001, "CPU_SUSPEND"},   {0x84000002, "CPU_OFF"},
    {0x84000003, "CPU_ON"},       {0x84000004, "AFFINITY_INFO"}, {0x84000008, "SYSTEM_OFF"},
    {0x84000009, "SYSTEM_RESET"}, {0x8400000a, "PSCI_FEATURES"}, {0x84000012, "SYSTEM_RESET2"}};
constexpr std::uint64_t kWideCall = 0x40000000;

const PsciRow* psci_function(const CodeValue& x0) {
  if (!x0.is_known()) return nullptr;
  const auto found = std::ranges::find(kPsci, (x0.number & 0xffffffff) & ~kWideCall, &PsciRow::function);
  return found == std::end(kPsci) ? nullptr : &*found;
}

class CodeCheck {
 public:
  CodeCheck(const Program& program, const SymbolTable& symbols, const TargetPlace& target,
            std::vector<Finding>& findings)
      : program_(program),
        symbols_(symbols),
        target_(target),
        findings_(findings),
        walk_(walk_code(program.space, program.entry, program.level)) {}

  void check() {
    check_level();
    check_vectors();
    check_conduit();
    if (target_.gic == 2) check_registers_of_gic3();
    check_addresses_of_other_gic();
    if (target_.kvm) check_kvm();
  }
  bool calls_firmware() const {
    return !walk_.complete || std::ranges::find(walk_.events, Kind::kCall, &CodeEvent::kind) != walk_.events.end();
  }

 private:
  using Events = std::vector<const CodeEvent*>;

  template <typename Predicate>
  Events select(Kind kind, Predicate predicate) const {
    Events selected;
    for (const CodeEvent& event : walk_.events) {
      if (event.kind == kind && predicate(event)) selected.push_back(&event);
    }
    return selected;
  }
  static SystemInstruction system(const CodeEvent& event) { return *decode_system_instruction(event.instruction); }

  std::string line(const CodeEvent& event) const {
    std::array<std::uint8_t, 4> code{};
    for (unsigned i = 0; i < code.size(); ++i) code[i] = static_cast<std::uint8_t>(event.instruction >> (8 * i));
    const std::string name = symbols_.name_of(event.address);
    const std::string text =
        event.kind == Kind::kSystem ? system(event).text() : disassemble(event.address, code).front().text;
    return fmt::format("{:#x}{}: {}{}", event.address, name.empty() ? "" : " <" + name + ">", text, remark(event));
  }
  static std::string remark(const CodeEvent& event) {
    if (event.kind == Kind::kCall) {
      const PsciRow* row = psci_function(event.value);
      return row == nullptr ? "" : fmt::format(", {} ({:#x}) in x0", row->name, event.value.number);
    }
    if (event.kind != Kind::kAccess) return "";
    switch (event.value.kind) {
      case CodeValue::Kind::kNear:
        return fmt::format(", at {:#x} and on", event.value.number);
      case CodeValue::Kind::kOffset:
        return fmt::format(", {:#x} above a base that the code does not tell", event.value.number);
      default:
        return fmt::format(", at {:#x}", event.value.number);
    }
  }
  std::vector<std::string> lines(const Events& events, bool every_way) const {
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < std::min(events.size(), kPlacesShown); ++i) lines.push_back(line(*events[i]));
    if (events.size() > kPlacesShown) lines.push_back(fmt::format("and {} places more", events.size() - kPlacesShown));
    lines.push_back(every_way ? fmt::format("every way from the entry {:#x} of {} leads there, or gives up before",
                                            program_.entry, program_.name)
                              : fmt::format("reached from the entry {:#x} of {}", program_.entry, program_.name));
    return lines;
  }
  void tell(std::string name, Severity severity, std::string what, std::vector<std::string> evidence,
            std::string change) {
    findings_.push_back({std::move(name), severity, std::move(what), std::move(evidence), std::move(change)});
  }

  void check_level() {
    const Events above = select(Kind::kSystem, [&](const CodeEvent& event) {
      return event.inevitable && system(event).lowest_level() > target_.level;
    });
    if (above.empty()) return;
    const unsigned level = system(*above.front()).lowest_level();
    tell("wrong-level", Severity::kError,
         fmt::format("{} needs EL{}, and {} enters at EL{}", program_.name, level, target_.name, target_.level),
         lines(above, true),
         fmt::format("choose a target that enters at EL{}, or build the image for EL{}", level, target_.level));
  }

  static bool sets_vectors(const CodeEvent& event, unsigned level) {
    const SystemInstruction instruction = system(event);
    return !instruction.read && instruction.crn == 12 && instruction.crm == 0 && instruction.op2 == 0 &&
           instruction.op0 == 3 && instruction.op1 != 5 && instruction.lowest_level() == level;
  }

  // Of EL1 alone, above EL1, by code that stays there.
  void check_vectors() {
    if (!program_.is_entered || target_.level == 1 || !walk_.complete) return;
    const bool leaves = !select(Kind::kReturn, [](const CodeEvent&) { return true; }).empty();
    const bool sets_own =
        !select(Kind::kSystem, [&](const CodeEvent& event) { return sets_vectors(event, target_.level); }).empty();
    const Events of_el1 = select(Kind::kSystem, [&](const CodeEvent& event) {
      return event.inevitable && event.level == target_.level && sets_vectors(event, 1);
    });
    if (leaves || sets_own || of_el1.empty()) return;
    tell("wrong-level", Severity::kWarning,
         fmt::format("{} sets the exception vectors of EL1 alone, and {} enters at EL{}, where it stays", program_.name,
                     target_.name, target_.level),
         lines(of_el1, true),
         fmt::format("choose a target that enters at EL1, or let the image set VBAR_EL{0} or go down from EL{0} first",
                     target_.level));
  }

  const DeviceTree* tree() const { return target_.tree ? target_.tree() : nullptr; }

  void check_conduit() {
    const Events calls =
        select(Kind::kCall, [&](const CodeEvent& event) { return psci_function(event.value) != nullptr; });
    if (calls.empty()) return;
    // A function that is called both ways, or calls that the code does not tell, is decided when it runs.
    const auto both = [&](const CodeEvent& call) {
      return std::ranges::any_of(calls, [&](const CodeEvent* other) {
        return other->value.number == call.value.number && is_smc(other->instruction) != is_smc(call.instruction);
      });
    };
    if (std::ranges::all_of(calls, [&](const CodeEvent* call) { return both(*call); })) return;
    const DeviceTree* own = tree();
    if (own == nullptr) return;
    const std::string& method = own->psci_method;
    if (method.empty() && target_.level == 3) return;  // it may bring its own
    const auto wrong = [&](const CodeEvent& call) {
      return method != (is_smc(call.instruction) ? "smc" : "hvc") && call.level.value_or(1) < 3;
    };
    const Events sure = select(Kind::kCall, [&](const CodeEvent& call) {
      return call.inevitable && psci_function(call.value) != nullptr && wrong(call) && !both(call);
    });
    const Events all = select(Kind::kCall, [](const CodeEvent&) { return true; });
    const bool none_right = std::ranges::all_of(all, [&](const CodeEvent* call) { return wrong(*call); });
    if (sure.empty() && (!none_right || !walk_.complete)) return;
    const Events& shown = sure.empty() ? calls : sure;
    const std::string used = is_smc(shown.front()->instruction) ? "smc" : "hvc";
    const bool answered = target_.kvm && used == "smc";  // by newer kernels
    tell("conduit-mismatch", sure.empty() || answered ? Severity::kWarning : Severity::kError,
         fmt::format("{} calls PSCI by {}, and {} has {}", program_.name, used, target_.name,
                     method.empty() ? "none" : "it by " + method),
         with(lines(shown, !sure.empty()), fmt::format("method of /psci in the tree of {}: {}", target_.name,
                                                       method.empty() ? "no such node" : method)),
         method.empty()
             ? "choose a target with PSCI"
             : fmt::format("call by {}, as the psci node of the device tree says, or choose a target that is "
                           "entered at {}",
                           method, used == "smc" ? "EL2" : "EL1"));
  }
  static std::vector<std::string> with(std::vector<std::string> lines, std::string more) {
    lines.push_back(std::move(more));
    return lines;
  }

  void check_registers_of_gic3() {
    const Events uses = select(Kind::kSystem, [](const CodeEvent& event) { return system(event).gic_cpu_interface(); });
    Events sure;
    std::ranges::copy_if(uses, std::back_inserter(sure), &CodeEvent::inevitable);
    const bool asks = !select(Kind::kSystem, [](const CodeEvent& event) {
                         const SystemInstruction read = system(event);
                         return read.read && read.op1 == 0 && read.crn == 0 && read.crm == 4 && read.op2 == 0;
                       }).empty();
    if (sure.empty() && (uses.empty() || asks || !walk_.complete)) return;
    tell("gic-mismatch", sure.empty() ? Severity::kWarning : Severity::kError,
         fmt::format("{} uses the CPU interface of a GICv3, and {} has a GICv2", program_.name, target_.name),
         lines(sure.empty() ? uses : sure, !sure.empty()), "build the image for GICv2, or choose a target with GICv3");
  }

  static bool in(const std::vector<DeviceTree::Range>& ranges, std::uint64_t address) {
    return std::ranges::any_of(ranges, [&](const auto& range) { return address - range.base < range.size; });
  }

  // Where the other GIC has its CPU interface, or its redistributors, and this target has nothing.
  void check_addresses_of_other_gic() {
    if (!target_.other_gic) return;
    Events there = select(Kind::kAccess, [&](const CodeEvent& event) {
      return event.inevitable && in({*target_.other_gic}, event.value.number);
    });
    const DeviceTree* own = there.empty() ? nullptr : tree();
    if (own == nullptr) return;
    std::erase_if(there, [&](const CodeEvent* event) {
      return in(own->memory, event->value.number) || std::ranges::any_of(own->devices, [&](const auto& device) {
               return in(device.ranges, event->value.number);
             });
    });
    if (there.empty()) return;
    const bool guessed = std::ranges::all_of(
        there, [](const CodeEvent* event) { return event->value.kind == CodeValue::Kind::kOffset; });
    const unsigned other = target_.gic == 2 ? 3 : 2;
    auto evidence = lines(there, true);
    evidence.push_back(fmt::format("the same target with a GICv{} has its {} at {:#x}, this one has nothing there",
                                   other, other == 2 ? "CPU interface" : "redistributors", target_.other_gic->base));
    if (guessed) evidence.emplace_back("a guess: the base is taken for where the program sees physical address 0");
    tell("gic-mismatch", guessed ? Severity::kWarning : Severity::kError,
         fmt::format("{} accesses a GICv{}, and {} has a GICv{}", program_.name, other, target_.name, target_.gic),
         std::move(evidence),
         fmt::format("build the image for GICv{}, or choose a target with GICv{}", target_.gic, other));
  }

  void check_kvm() {
    const Events undescribed = select(Kind::kAccess, [](const CodeEvent& event) {
      return event.undescribed && event.value.kind != CodeValue::Kind::kOffset;
    });
    if (undescribed.empty()) return;
    const DeviceTree* own = tree();
    if (own == nullptr) return;
    Events devices;
    std::string device_path;
    for (const CodeEvent* event : undescribed) {
      // A number in a device at 0 is an offset rather than an address: of code that is linked to 0 and runs elsewhere.
      const auto device = std::ranges::find_if(own->devices, [&](const auto& candidate) {
        return !in(candidate.ranges, 0) && in(candidate.ranges, event->value.number);
      });
      if (device == own->devices.end()) continue;
      if (devices.empty()) device_path = device->path;
      devices.push_back(event);
    }
    if (devices.empty()) return;
    auto evidence = lines(devices, false);
    evidence.push_back(fmt::format("{} in the tree of {}", device_path, target_.name));
    tell("kvm-cannot-emulate", Severity::kWarning,
         fmt::format("{} accesses a device by an instruction that KVM cannot emulate: with write-back, of a pair, or "
                     "exclusive",
                     program_.name),
         std::move(evidence),
         "access devices by plain loads and stores of one register; in C, by inline assembly, as a compiler may choose "
         "others for a volatile pointer");
  }

  const Program& program_;
  const SymbolTable& symbols_;
  const TargetPlace& target_;
  std::vector<Finding>& findings_;
  const CodeWalk walk_;
};

}  // namespace

bool check_code(const ImageContents& contents, std::string_view bytes, const SymbolTable& symbols,
                const TargetPlace& target, std::vector<Finding>& findings) {
  bool calls_firmware = false;
  for (const auto& program :
       {entered_program(contents, bytes, target.level), kernel_program(contents, bytes, target)}) {
    if (!program) continue;
    CodeCheck check(*program, symbols, target, findings);
    check.check();
    calls_firmware |= check.calls_firmware();
  }
  return calls_firmware;
}

}  // namespace bootrig
