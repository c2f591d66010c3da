#include "spec/hosts.h"

#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "json/reader.h"
#include "spec/names.h"

namespace bootrig {
namespace {

constexpr double kMaxTimeScale = 100;
constexpr unsigned kMaxCores = 4096;
// A machine's last limit, which forgives no host, is never less than 60 s (run/session.cc): a silence is to be noticed before.
constexpr Duration kMaxPatience = std::chrono::seconds(50);
constexpr Duration kMinPatience = std::chrono::seconds(1);
const std::array<std::string, 2> kAccelerators{"tcg", "kvm"};

void read_accelerators(JsonReader& json, std::vector<Accelerator>& accelerators) {
  std::vector<std::string> words;
  json.distinct_texts("accelerators", words);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "tcg" || words[i] == "kvm") {
      accelerators.push_back(words[i] == "kvm" ? Accelerator::kKvm : Accelerator::kTcg);
    } else {
      json.refuse(fmt::format("accelerators/{}", i),
                  fmt::format("'{}' is no accelerator; {} can be had{}", printable(words[i]), one_of(kAccelerators),
                              did_you_mean(words[i], kAccelerators)));
    }
  }
}

// ssh would take such a text for one of its options.
void refuse_option(JsonReader& json, std::string_view key, const std::string& text) {
  if (text.starts_with('-')) json.refuse(key, fmt::format("'{}' begins with '-'", printable(text)));
}

void read_host(JsonReader& json, HostSpec& host) {
  json.text("ssh", host.ssh, kRequired);
  json.text("ssh-config", host.ssh_config);
  json.text("architecture", host.architecture);
  unsigned cores = 0;
  json.count("cores", cores, 1, kMaxCores);
  if (cores > 0) host.cores = cores;
  json.size("memory", host.memory);
  read_accelerators(json, host.accelerators);
  json.text("folder", host.folder);
  json.text("qemu", host.qemu);
  json.factor("time-scale", host.time_scale, kMaxTimeScale);
  json.duration("patience", host.patience);
  refuse_option(json, "ssh", host.ssh);
  refuse_option(json, "folder", host.folder);
  if (host.patience < kMinPatience || host.patience > kMaxPatience) {
    json.refuse("patience", fmt::format("{} is not from {} to {}", format_duration(host.patience),
                                        format_duration(kMinPatience), format_duration(kMaxPatience)));
  }
}

}  // namespace

Result<std::vector<HostSpec>> parse_hosts(std::string_view display_name, std::string_view text) {
  BOOTRIG_TRY(const JsonDocument document, JsonDocument::parse(display_name, text));
  std::vector<HostSpec> hosts;
  BOOTRIG_TRY_VOID(document.read([&](JsonReader& json) {
    json.ignore("$schema");
    json.object_map("hosts", [&](const std::string& name, JsonReader& member) {
      HostSpec host{.name = name};
      read_host(member, host);
      if (!is_name(name)) {
        json.refuse("hosts/" + escape_pointer(name), not_a_name(name, "a host's name"));
      } else if (name == kLocalHost) {
        json.refuse("hosts/local", "'local' is the host that bootrig itself runs on; give this one another name");
      }
      hosts.push_back(std::move(host));
    });
    if (hosts.empty()) json.refuse("hosts", "there is no host; at least one is needed");
  }));
  return hosts;
}

}  // namespace bootrig
