#include "machine/host_choice.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"
#include "machine/qemu_machine.h"

namespace bootrig {
namespace {

std::string about(const HostSpec& host, const std::string& reason) {
  return fmt::format("host '{}': {}", host.name, reason);
}

// Of a QEMU that is to run on another host: its command line over there instead of the one here.
class LauncherThere final : public ProcessLauncher {
 public:
  LauncherThere(SshHost& host, std::vector<std::string> argv) : host_(host), argv_(std::move(argv)) {}
  Result<std::unique_ptr<ChildProcess>> launch(const LaunchSpec& spec) override { return host_.launch(argv_, spec); }

 private:
  SshHost& host_;
  std::vector<std::string> argv_;
};

// A file's name in an argument ends the value: nothing else, or a comma, stands behind it.
void rename(std::string& argument, const std::string& from, const std::string& to) {
  const std::size_t at = argument.find(from), end = at + from.size();
  if (at != std::string::npos && (end == argument.size() || argument[end] == ',')) {
    argument.replace(at, from.size(), to);
  }
}

// The request with what it names as it is named over there.
Result<MachineRequest> request_there(SshHost& host, MachineRequest request) {
  BOOTRIG_TRY(request.image.file, host.copy(request.image.file));
  if (request.image.linux_boot && !request.image.linux_boot->initrd.empty()) {
    BOOTRIG_TRY(request.image.linux_boot->initrd, host.copy(request.image.linux_boot->initrd));
  }
  for (const std::filesystem::path& file : request.image.files) {
    BOOTRIG_TRY(const std::string there, host.copy(file));
    for (std::string& argument : request.image.arguments) rename(argument, file.string(), there);
  }
  if (!host.spec().qemu.empty()) request.machine.qemu = host.spec().qemu;
  return request;
}

}  // namespace

HostChoice::HostChoice(OtherHosts others, ProcessLauncher& launcher) : others_(std::move(others)) {
  for (const HostSpec& spec : others_.hosts) {
    hosts_.push_back(std::make_unique<SshHost>(spec, others_.agents, launcher));
  }
}

HostChoice::Choice HostChoice::choose(const MachineSpec& machine, const std::optional<std::string>& here) {
  const std::string& name = machine.host.empty() ? others_.preferred : machine.host;
  if (!name.empty() && name != kLocalHost) return choose_named(machine, name);
  if (!here) return {.hosts = {0}};
  if (name == kLocalHost || machine.accelerator != Accelerator::kKvm) return {.skip = here};
  return choose_able(machine, *here);
}

HostChoice::Choice HostChoice::choose_named(const MachineSpec& machine, const std::string& name) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    const HostSpec& spec = hosts_[i]->spec();
    names.push_back(spec.name);
    if (spec.name != name) continue;
    const auto facts = hosts_[i]->facts();
    if (!facts) return {.hosts = {i + 1}, .trouble = facts.error().message};
    const auto why = cannot_run(spec, *facts, machine);
    if (!why) return {.hosts = {i + 1}};
    // QEMU that is not installed is nothing that a machine can be without.
    if (facts->qemu_version.empty()) return {.hosts = {i + 1}, .trouble = about(spec, *why)};
    return {.skip = about(spec, *why)};
  }
  if (others_.file.empty()) {
    return {.hosts = {0}, .trouble = fmt::format("there is no hosts file that names host '{}'", name)};
  }
  return {.hosts = {0},
          .trouble = fmt::format("{} names no host '{}'{}", others_.file, name, did_you_mean(name, names))};
}

// A host that does not answer is no reason to skip when no other can: it might have been the one.
HostChoice::Choice HostChoice::choose_able(const MachineSpec& machine, const std::string& here) {
  Choice choice;
  std::string reasons = here;
  std::string troubles;
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    const auto facts = hosts_[i]->facts();
    if (!facts) {
      troubles += (troubles.empty() ? "" : "; ") + facts.error().message;
    } else if (const auto why = cannot_run(hosts_[i]->spec(), *facts, machine)) {
      reasons += "; " + about(hosts_[i]->spec(), *why);
    } else {
      choice.hosts.push_back(i + 1);
    }
  }
  if (!choice.hosts.empty()) return choice;
  if (!troubles.empty()) return {.hosts = {0}, .trouble = troubles};
  return {.skip = reasons};
}

std::vector<MachineHost> HostChoice::hosts() {
  std::vector<MachineHost> all{{std::string(kLocalHost)}};
  for (const auto& host : hosts_) {
    const HostSpec& spec = host->spec();
    MachineHost one{spec.name, spec.cores.value_or(1), spec.memory.value_or(0), spec.time_scale};
    if (host->was_asked()) {
      if (const auto facts = host->facts()) {
        one.cores = spec.cores.value_or(facts->cores);
        one.memory = spec.memory.value_or(facts->memory);
      }
    }
    all.push_back(std::move(one));
  }
  return all;
}

std::expected<std::unique_ptr<Machine>, StartFailure> HostChoice::start(const Clock& clock, const Interrupt& interrupt,
                                                                        const MachineRequest& request) {
  CHECK(request.host > 0 && request.host <= hosts_.size());
  SshHost& host = *hosts_[request.host - 1];
  const auto there = request_there(host, request);
  if (!there) return std::unexpected(StartFailure{StartFailure::Kind::kHost, to_text(there.error())});
  LauncherThere launcher(host, qemu_arguments(there->machine, there->image));
  MachineRequest scaled = request;
  scaled.time_scale *= host.spec().time_scale;
  return start_qemu(launcher, clock, interrupt, scaled);
}

}  // namespace bootrig
