#include "spec/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "json/reader.h"
#include "spec/board.h"
#include "spec/machine_keys.h"
#include "spec/names.h"

namespace bootrig {
namespace {

constexpr std::size_t kMaxExtends = 4;
constexpr std::string_view kBase = "base/";
constexpr double kMaxMultiplier = 100;

constexpr std::array<JsonChoice<MachineKind>, 2> kKinds{{{"qemu", MachineKind::kQemu}, {"board", MachineKind::kBoard}}};
constexpr std::array<JsonChoice<Accelerator>, 2> kAccelerators{
    {{"tcg", Accelerator::kTcg}, {"kvm", Accelerator::kKvm}}};

const std::array<std::string, 5> kQemuKeys{"accelerator", "deterministic", "qemu", "host", "arguments"};

// Of the keys of another kind each one is refused where it stands.
void refuse_keys(JsonReader& json, std::span<const std::string> keys, std::string_view kind) {
  for (const std::string& key : keys) {
    if (json.has(key)) json.refuse(key, fmt::format("only a machine of kind '{}' has it", kind));
    json.ignore(key);
  }
}

void read_qemu(JsonReader& json, MachineSpec& machine) {
  json.choice<Accelerator>("accelerator", machine.accelerator, kAccelerators);
  json.flag("deterministic", machine.deterministic);
  json.text("qemu", machine.qemu);
  json.text("host", machine.host);
  if (!machine.host.empty() && !is_name(machine.host)) json.refuse("host", not_a_name(machine.host, "a host's name"));
  json.texts("arguments", machine.extra_arguments);
  refuse_keys(json, board_keys(), "board");
}

void read_machine(JsonReader& json, const std::string& name, MachineSpec& machine) {
  json.choice<MachineKind>("kind", machine.kind, kKinds, kRequired);
  json.text("cpu", machine.cpu);
  json.count("cpus", machine.cpus, 1, kMaxCpus);
  json.size("memory", machine.memory);
  json.count("gic", machine.gic, 2, 3);
  json.count("level", machine.level, 1, 3);
  if (machine.kind == MachineKind::kBoard) {
    BoardSpec board;
    read_board(json, name, board);
    machine.board = std::make_shared<const BoardSpec>(std::move(board));
    refuse_keys(json, kQemuKeys, "qemu");
  } else {
    read_qemu(json, machine);
  }
  if (const auto problem = memory_problem(machine.memory)) json.refuse("memory", *problem);
  if (const auto conflict = machine_conflict(machine)) json.refuse(conflict->key, conflict->message);
}

void read_slurm(JsonReader& json, SlurmNeeds& needs) {
  json.text("constraint", needs.constraint);
  json.text("gres", needs.gres);
  json.text("licenses", needs.licenses);
}

void read_profile(JsonReader& json, TargetProfile& profile) {
  json.ignore("$schema");
  json.ignore("extends");
  json.text("summary", profile.summary, kRequired);
  json.distinct_texts("tags", profile.tags);
  check_names(json, "tags", profile.tags, "a tag");
  json.factor("timeout-multiplier", profile.timeout_multiplier, kMaxMultiplier);
  json.object(
      "machine", [&](JsonReader& machine) { read_machine(machine, profile.name, profile.machine); }, kRequired);
  json.object("slurm", [&](JsonReader& slurm) { read_slurm(slurm, profile.slurm); });
  json.distinct_texts("variable", profile.variable);
  for (std::size_t i = 0; i < profile.variable.size(); ++i) {
    if (std::ranges::find(variable_keys(), profile.variable[i]) != variable_keys().end()) continue;
    json.refuse(fmt::format("variable/{}", i),
                fmt::format("'{}' cannot vary; {} can{}", printable(profile.variable[i]), one_of(variable_keys()),
                            did_you_mean(profile.variable[i], variable_keys())));
  }
}

// "a -> b -> c"
std::string arrows(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " -> ") + name;
  return printable(text);
}

// A name that promises KVM, which a report's reader will believe.
bool is_named_kvm(std::string_view name) {
  return name == "kvm" || name.starts_with("kvm-");
}

// The error of "extends": NAME in the file of the chain's last profile; none: it may be followed.
Result<void> check_extends(const std::string& place, const std::vector<std::string>& chain, const std::string& next,
                           const std::vector<std::string>& known) {
  std::vector<std::string> longer = chain;
  longer.push_back(next);
  if (std::ranges::find(chain, next) != chain.end()) {
    return fail(place, fmt::format("goes in a circle: {}", arrows(longer)));
  }
  if (std::ranges::find(known, next) == known.end()) {
    return fail(place, fmt::format("there is no target '{}'{}", printable(next), did_you_mean(next, known)));
  }
  if (chain.size() > kMaxExtends) {
    return fail(place, fmt::format("goes deeper than {}: {}", kMaxExtends, arrows(longer)));
  }
  return {};
}

// The named file with all that it extends merged in.
Result<JsonDocument> merged_document(std::string_view name, const NamedText& file, const ProfileSource& source,
                                     const std::vector<std::string>& known) {
  BOOTRIG_TRY(JsonDocument document, JsonDocument::parse(file.display_name, file.text));
  std::vector<std::string> chain{std::string(name)};
  BOOTRIG_TRY(std::optional<std::string> next, document.root_text("extends"));
  std::string display_name = file.display_name;
  while (next) {
    const std::string place = display_name + ":/extends";
    BOOTRIG_TRY_VOID(check_extends(place, chain, *next, known));
    auto base_file = source(*next);
    if (!base_file) return fail(place, to_text(base_file.error()));
    BOOTRIG_TRY(JsonDocument base, JsonDocument::parse(base_file->display_name, base_file->text));
    chain.push_back(*next);
    BOOTRIG_TRY(next, base.root_text("extends"));
    display_name = base_file->display_name;
    document.inherit(base);
  }
  return document;
}

}  // namespace

Result<TargetProfile> parse_target(std::string_view name, const ProfileSource& source,
                                   const std::vector<std::string>& known) {
  std::vector<std::string> runnable;
  std::ranges::copy_if(known, std::back_inserter(runnable),
                       [](const std::string& one) { return !one.starts_with(kBase); });
  if (name.starts_with(kBase)) {
    return fail(fmt::format("'{}' is a base that targets extend; it cannot be run", printable(name)));
  }
  if (std::ranges::find(runnable, name) == runnable.end()) {
    return fail(fmt::format("there is no target '{}'{}", printable(name), did_you_mean(name, runnable)));
  }
  BOOTRIG_TRY(const NamedText file, source(name));
  if (!is_name(name)) return fail(file.display_name, not_a_name(name, "a target's name"));
  BOOTRIG_TRY(const JsonDocument document, merged_document(name, file, source, known));

  TargetProfile profile;
  profile.name = name;
  profile.file = file.display_name;
  BOOTRIG_TRY_VOID(document.read([&](JsonReader& json) {
    read_profile(json, profile);
    if (is_named_kvm(name) && profile.machine.accelerator != Accelerator::kKvm) {
      json.refuse("", "the target's name says KVM, and its machine's accelerator is 'tcg'");
    }
  }));
  return profile;
}

}  // namespace bootrig
