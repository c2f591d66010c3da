// The machine keys that ids, matrices and requirements speak of: "level", "gic", "memory", "cpus",
// "cpu", "accelerator"; and what a machine may be. machine_value (target.h) gives their values.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "json/reader.h"
#include "spec/target.h"

namespace bootrig {

// QEMU virt: 512 CPUs with GICv3, 8 with GICv2; RAM begins at 1 GiB and ends below the 256 GiB PCIe
// window.
inline constexpr unsigned kMaxCpus = 512;
inline constexpr unsigned kMaxCpusGic2 = 8;
inline constexpr std::uint64_t kMinMemory = std::uint64_t{64} << 20;
inline constexpr std::uint64_t kMaxMemory = std::uint64_t{255} << 30;

// All machine keys, and those that a reference or a matrix may vary (all but "accelerator").
std::span<const std::string> machine_keys();
std::span<const std::string> variable_keys();

// Sets a key from its text form. An error says what is allowed; it does not name the key.
Result<void> set_machine_value(MachineSpec& machine, std::string_view key, std::string_view text);

// Why a memory size cannot be; none: it can.
std::optional<std::string> memory_problem(std::uint64_t bytes);
// Two keys that do not go together, each valid alone: the key to change, and why.
struct MachineConflict {
  std::string key;
  std::string message;
};
std::optional<MachineConflict> machine_conflict(const MachineSpec& machine);

// Brings the values of a key, as a matrix or a requirement lists them, into the form of
// machine_value ("1024M" is "1G"). Refuses unknown keys, values that the key cannot have and values
// that stand twice. `inside` is the list's pointer in `json`.
void normalize_values(JsonReader& json, const std::string& inside, std::string_view key,
                      std::span<const std::string> allowed_keys, std::vector<std::string>& values);

}  // namespace bootrig
