#include "run/preflight.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "elf/symbols.h"
#include "qemu/arguments.h"
#include "spec/board.h"

namespace bootrig {
namespace {

// Where QEMU's virt has the CPU interface of a GICv2, and the redistributors of a GICv3 (hw/arm/virt.c, VIRT_GIC_CPU and
// VIRT_GIC_REDIST).
constexpr DeviceTree::Range kGic2Interface{0x08010000, 0x10000}, kGic3Redistributors{0x080a0000, 0xf60000};

// Of a board what its profile states; where that says nothing of its RAM, all addresses may be.
TargetPlace board_place(std::string_view name, const MachineSpec& machine) {
  const auto base = machine.board->memory_base;
  return {.name = std::string(name),
          .memory = base.value_or(0),
          .memory_size = base ? machine.memory : ~std::uint64_t{0},
          .level = machine.level,
          .gic = machine.gic};
}

// The file of QEMU's option -dtb; empty: the machine's own tree is taken.
std::filesystem::path given_tree(const Image& image) {
  const auto option = std::ranges::find(image.arguments, "-dtb");
  return option == image.arguments.end() || option + 1 == image.arguments.end() ? "" : *(option + 1);
}

void look_at_given_files(const Image& image, const TargetPlace& target, Findings& findings) {
  if (const auto tree = given_tree(image); !tree.empty()) {
    if (const auto bytes = read_file(tree)) {
      std::ranges::move(find_tree_problems(tree.string(), *bytes, target), std::back_inserter(findings));
    }
  }
  if (image.linux_boot && !image.linux_boot->initrd.empty()) {
    if (const auto bytes = read_file(image.linux_boot->initrd)) {
      std::ranges::move(find_initrd_problems(image.linux_boot->initrd.string(), *bytes), std::back_inserter(findings));
    }
  }
  std::ranges::stable_sort(findings, {}, &Finding::severity);
}

}  // namespace

TargetPlace target_place(std::string_view name, const MachineSpec& machine, MachineTrees& trees) {
  if (machine.kind == MachineKind::kBoard) return board_place(name, machine);
  return {.name = std::string(name),
          .memory = kMemoryBase,
          .memory_size = machine.memory,
          .level = machine.level,
          .gic = machine.gic,
          .kvm = machine.accelerator == Accelerator::kKvm,
          .other_gic = machine.gic == 2 ? kGic3Redistributors : kGic2Interface,
          .tree = [machine, &trees] { return trees.of(machine); }};
}

Findings preflight(const Image& image, std::string_view target_name, const MachineSpec& machine, MachineTrees& trees) {
  SymbolTable symbols;  // before the bytes are read: it holds a copy of a file for as long as it looks at it
  for (const auto& file : image.symbols) (void)symbols.add(file);
  const auto bytes = read_file(image.file);
  if (!bytes) return {};
  const auto contents = read_contents(image.file.string(), *bytes, image.load_address);
  if (!contents) return {};
  const TargetPlace target = target_place(target_name, machine, trees);
  Findings findings = find_problems(*contents, *bytes, symbols, target);
  look_at_given_files(image, target, findings);
  std::erase_if(findings, [](const Finding& finding) { return finding.severity == Finding::Severity::kNote; });
  return findings;
}

std::shared_future<Findings> Preflight::begin(const Image& image, std::string_view target_id,
                                              const MachineSpec& machine) {
  const std::lock_guard lock(mutex_);
  const auto [found, is_new] = asked_.try_emplace(
      fmt::format("{}\n{}\n{}\n{}", image.sha256, image.load_address.value_or(0), image.file.string(), target_id));
  if (is_new) {
    found->second = std::async(std::launch::async, [this, &image, name = std::string(target_id), machine] {
                      return preflight(image, name, machine, trees_);
                    }).share();
  }
  return found->second;
}

std::optional<Verdict> preflight_verdict(const Findings& findings) {
  const auto found = std::ranges::find(findings, Finding::Severity::kError, &Finding::severity);
  if (found == findings.end()) return std::nullopt;
  return Verdict{VerdictKind::kError, Cause::kImageBuild, "preflight: " + to_line(*found)};
}

void add_evidence(const Findings& findings, Diagnosis& diagnosis) {
  for (const Finding& finding : findings) diagnosis.findings.push_back("preflight: " + to_line(finding));
}

}  // namespace bootrig
