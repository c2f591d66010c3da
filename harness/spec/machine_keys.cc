#include "spec/machine_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/text.h"

namespace bootrig {
namespace {

const std::array<std::string, 6> kKeys{"level", "gic", "memory", "cpus", "cpu", "accelerator"};

Result<void> set_number(unsigned& out, std::string_view text, unsigned min, unsigned max) {
  const auto number = parse_count(text);
  if (!number || *number < min || *number > max) {
    return fail(max == min + 1
                    ? fmt::format("found '{}'; {} or {} is expected", printable(text), min, max)
                    : fmt::format("found '{}'; a whole number from {} to {} is expected", printable(text), min, max));
  }
  out = static_cast<unsigned>(*number);
  return {};
}

Result<void> set_memory(std::uint64_t& out, std::string_view text) {
  BOOTRIG_TRY(out, parse_size(text));
  if (const auto problem = memory_problem(out)) return fail(*problem);
  return {};
}

Result<void> set_cpu(std::string& out, std::string_view text) {
  // A model with features ("max,sve=off") would not survive a testcase id: a file may say it, a
  // variation may not.
  const bool plain = std::ranges::none_of(text, [](char c) { return c <= ' ' || c > '~' || c == ',' || c == '='; });
  if (text.empty() || !plain) return fail(fmt::format("'{}' is not the name of a CPU model", printable(text)));
  out = text;
  return {};
}

Result<void> set_accelerator(Accelerator& out, std::string_view text) {
  if (text != "tcg" && text != "kvm")
    return fail(fmt::format("found '{}'; 'tcg' or 'kvm' is expected", printable(text)));
  out = text == "kvm" ? Accelerator::kKvm : Accelerator::kTcg;
  return {};
}

}  // namespace

std::string_view to_text(Accelerator accelerator) {
  return accelerator == Accelerator::kKvm ? "kvm" : "tcg";
}

std::span<const std::string> machine_keys() {
  return kKeys;
}
std::span<const std::string> variable_keys() {
  return std::span(kKeys).first(5);
}

std::string machine_value(const MachineSpec& machine, std::string_view key) {
  if (key == "level") return fmt::format("{}", machine.level);
  if (key == "gic") return fmt::format("{}", machine.gic);
  if (key == "memory") return format_size(machine.memory);
  if (key == "cpus") return fmt::format("{}", machine.cpus);
  if (key == "cpu") return machine.cpu;
  CHECK(key == "accelerator");
  return std::string(machine.kind == MachineKind::kBoard ? "none" : to_text(machine.accelerator));
}

Result<void> set_machine_value(MachineSpec& machine, std::string_view key, std::string_view text) {
  if (key == "level") return set_number(machine.level, text, 1, 3);
  if (key == "gic") return set_number(machine.gic, text, 2, 3);
  if (key == "memory") return set_memory(machine.memory, text);
  if (key == "cpus") return set_number(machine.cpus, text, 1, kMaxCpus);
  if (key == "cpu") return set_cpu(machine.cpu, text);
  CHECK(key == "accelerator");
  return set_accelerator(machine.accelerator, text);
}

std::optional<std::string> memory_problem(std::uint64_t bytes) {
  constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
  if (bytes >= kMinMemory && bytes <= kMaxMemory && bytes % kMiB == 0) return std::nullopt;
  return fmt::format("found {}; a whole number of M from {} to {} is expected", format_size(bytes),
                     format_size(kMinMemory), format_size(kMaxMemory));
}

std::optional<MachineConflict> machine_conflict(const MachineSpec& machine) {
  if (machine.accelerator == Accelerator::kKvm && machine.level != 1) {
    return MachineConflict{"level", fmt::format("found {}; under KVM an image is entered at level 1", machine.level)};
  }
  if (machine.accelerator == Accelerator::kKvm && machine.deterministic) {
    return MachineConflict{"deterministic", "found true; under KVM a guest's time is the host's"};
  }
  if (machine.gic == 2 && machine.cpus > kMaxCpusGic2) {
    return MachineConflict{"cpus", fmt::format("found {}; with GICv2 at most {} are allowed, with GICv3 {}",
                                               machine.cpus, kMaxCpusGic2, kMaxCpus)};
  }
  return std::nullopt;
}

void normalize_values(JsonReader& json, const std::string& inside, std::string_view key,
                      std::span<const std::string> allowed_keys, std::vector<std::string>& values) {
  if (std::ranges::find(allowed_keys, key) == allowed_keys.end()) {
    json.refuse(inside, fmt::format("'{}' cannot stand here; {} can{}", printable(key), one_of(allowed_keys),
                                    did_you_mean(key, allowed_keys)));
    return;
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string place = fmt::format("{}/{}", inside, i);
    MachineSpec machine;
    if (const auto set = set_machine_value(machine, key, values[i]); !set) {
      return json.refuse(place, set.error().message);
    }
    const std::string value = machine_value(machine, key);
    const auto before = values.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(values.begin(), before, value) != before) {
      return json.refuse(place, values[i] == value ? fmt::format("'{}' stands twice in this list", value)
                                                   : fmt::format("'{}' is '{}', which stands in this list already",
                                                                 printable(values[i]), value));
    }
    values[i] = value;
  }
}

}  // namespace bootrig
