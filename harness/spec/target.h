// TargetProfile: a thing we boot on, as a file in targets/ describes it. Plain data; reading it is parse_target's work,
// turning it into a QEMU command line is qemu/'s.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace bootrig {

struct BoardSpec;  // spec/board.h

enum class MachineKind { kQemu, kBoard };
enum class Accelerator { kTcg, kKvm };
std::string_view to_text(Accelerator accelerator);  // "tcg", "kvm"

// What is emulated or powered on. The units are the file's: bytes and plain numbers.
struct MachineSpec {
  MachineKind kind = MachineKind::kQemu;
  Accelerator accelerator = Accelerator::kTcg;
  std::string cpu = "cortex-a53";
  unsigned cpus = 1;
  std::uint64_t memory = std::uint64_t{1} << 30;
  unsigned gic = 2;    // 2 or 3
  unsigned level = 1;  // the exception level at which the image is entered: 1, 2 or 3 (KVM: 1 alone)
  // Guest time counts instructions instead of the host's time, so that the same image says the same bytes. TCG alone.
  bool deterministic = false;
  std::string qemu = "qemu-system-aarch64";  // the program, by name or path
  std::string host;                          // "local", or a name of the hosts file; empty: bootrig chooses
  std::vector<std::string> extra_arguments;  // "arguments": appended to QEMU's as they are
  std::shared_ptr<const BoardSpec> board;    // set: the kind is kBoard; the keys of QEMU alone have no meaning then

  bool operator==(const MachineSpec&) const = default;
};

// What a target's machine needs of the Slurm that it is run through, in sbatch's own words; empty: nothing.
struct SlurmNeeds {
  std::string constraint;  // features of the node: "kvm&arm64"
  std::string gres;        // "board:rpi4:1"
  std::string licenses;    // "fpga_jtag:1"

  auto operator<=>(const SlurmNeeds&) const = default;
};

struct TargetProfile {
  std::string name;  // the file's name without .json: "virt-el1-gicv2"
  std::string summary;
  std::filesystem::path file;
  std::vector<std::string> tags;
  double timeout_multiplier = 1.0;
  MachineSpec machine;
  SlurmNeeds slurm;
  // The machine keys that may be varied from outside ("virt[gic=3]"): a family lists them, a named target has none.
  std::vector<std::string> variable;
};

// Key and value as written between brackets: {"gic", "3"}, {"memory", "1G"}. Sorted by key.
using Variation = std::map<std::string, std::string>;
// "virt" or "virt[gic=3,memory=1G]".
std::string target_id(std::string_view name, const Variation& variation);
// Splits "virt[gic=3,memory=1G]". Errors name the text and the form allowed.
struct TargetReference {
  std::string name;
  Variation variation;
};
Result<TargetReference> parse_target_reference(std::string_view text);

// The profile with a variation applied. Keys allowed are the profile's `variable`; each of cpu, cpus, memory, gic,
// level. An error names the key, the profile and what may be varied.
Result<TargetProfile> apply_variation(TargetProfile profile, const Variation& variation);

// The value of a machine key in the form a file would write: machine_value(spec, "memory") == "1G".
std::string machine_value(const MachineSpec& machine, std::string_view key);

// Finds profiles. `read` gives the bytes and the display name of "virt" or "base/qemu-virt", or an error.
struct NamedText {
  std::string display_name;
  std::string text;
};
using ProfileSource = std::function<Result<NamedText>(std::string_view name)>;

// Reads a profile and its `extends` chain (single, acyclic, at most 4 deep; objects merge, scalars and arrays replace).
// `known` is every name that exists, for near spellings. base/* can be extended and not asked for.
Result<TargetProfile> parse_target(std::string_view name, const ProfileSource& source,
                                   const std::vector<std::string>& known);

}  // namespace bootrig
