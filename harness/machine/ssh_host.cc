#include "machine/ssh_host.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <random>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "machine/relayed_process.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr Duration kConnectLimit = 20s;
constexpr Duration kCommandLimit = 20s;
// ssh(1), EXIT STATUS: an error of ssh's own, not of the command over there.
constexpr int kSshLost = 255;
// A copy may take so long for each MiB, beside that.
constexpr Duration kCopyTimeOfMiB = 2s;
constexpr Duration kLookForSocket = 10ms;
// What nobody has used for so long is deleted over there.
constexpr int kKeepDays = 30;

Duration time_of_copy(std::uint64_t size) {
  return kCommandLimit + kCopyTimeOfMiB * static_cast<std::int64_t>(size >> 20);
}

}  // namespace

fs::path agent_here(const fs::path& agents) {
  utsname names{};
  return agents / (::uname(&names) == 0 ? names.machine : "unknown");
}

// The shared connection: an ssh that lives as long as this.
struct SshHost::Master {
  ~Master() {
    child.reset();
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
  fs::path folder;  // of this user's alone
  std::unique_ptr<ChildProcess> child;
};

SshHost::SshHost(HostSpec spec, fs::path agents, ProcessLauncher& launcher)
    : spec_(std::move(spec)), agents_(std::move(agents)), launcher_(launcher) {}

SshHost::~SshHost() = default;

Duration SshHost::scaled(Duration duration) const {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::nano>(duration) * spec_.time_scale);
}

std::unexpected<Error> SshHost::refuse(std::string_view what, std::string_view why) const {
  return fail(fmt::format("host '{}' (ssh {}): {}: {}", spec_.name, printable(spec_.ssh), what, printable(trim(why))));
}

Result<HostFacts> SshHost::facts() {
  const std::lock_guard lock(mutex_);
  if (!facts_) facts_ = connect();
  if (!*facts_ && std::exchange(ssh_died_, false)) facts_ = connect();
  return *facts_;
}

bool SshHost::was_asked() {
  const std::lock_guard lock(mutex_);
  return facts_.has_value();
}

Result<HostFacts> SshHost::connect() {
  BOOTRIG_TRY_VOID(open_master());
  BOOTRIG_TRY(const std::string said, run("uname -m", -1, kCommandLimit));
  const std::string architecture(trim(said));
  if (spec_.architecture && *spec_.architecture != architecture) {
    return refuse("it was asked for its architecture",
                  fmt::format("it is {}, the hosts file says {}", architecture, *spec_.architecture));
  }
  const fs::path agent = agents_ / architecture;
  std::error_code error;
  if (!fs::exists(agent, error)) {
    return refuse(
        "no agent",
        fmt::format("this bootrig was built without one for {}; for aarch64 install g++-aarch64-linux-gnu, for x86_64 "
                    "g++-x86-64-linux-gnu, and build again",
                    architecture));
  }
  BOOTRIG_TRY(agent_, put(agent));
  const std::string qemu = spec_.qemu.empty() ? MachineSpec().qemu : spec_.qemu;
  BOOTRIG_TRY(const std::string probe, run(shell_quote({agent_, "probe", qemu}), -1, kCommandLimit));
  auto facts = parse_probe(probe);
  if (!facts) return refuse("it was probed", facts.error().message);
  return facts;
}

// ssh puts the control socket there once it is let in; until then it may have much to say.
Result<void> SshHost::open_master() {
  auto master = std::make_unique<Master>();
  std::string pattern = "/tmp/bootrig-ssh-XXXXXX";  // not $TMPDIR: a socket's path must be short
  if (::mkdtemp(pattern.data()) == nullptr) return refuse(pattern, std::strerror(errno));
  master->folder = pattern;
  const fs::path errors = master->folder / "errors";
  const ScopedFd file(::open(errors.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  master_ = std::move(master);
  std::vector<std::string> words = ssh_words();
  words.insert(words.begin() + 1, {"-M", "-N"});
  words.push_back(spec_.ssh);
  auto child = launcher_.launch({.argv = words, .errors = file.get()});
  if (!child) return refuse("ssh", to_text(child.error()));
  master_->child = std::move(*child);
  const SteadyClock clock;
  const Deadline deadline = Deadline::after(clock.now(), scaled(kConnectLimit));
  std::error_code error;
  while (!fs::exists(master_->folder / "socket", error)) {
    const bool ended = master_->child->wait(Deadline::after(clock.now(), kLookForSocket)).has_value();
    if (!ended && !deadline.passed(clock.now())) continue;
    const std::string said = read_file(errors).value_or("");
    ssh_died_ = ended && said.empty();
    // What ssh said comes first: it is what a summary has room for.
    const std::string tried = fmt::format("tried {}", shell_quote(words));
    if (ended) return refuse(said.empty() ? "ssh ended without a word" : printable(trim(said)), tried);
    return refuse(fmt::format("no answer in {}", format_duration(scaled(kConnectLimit))),
                  said.empty() ? tried : fmt::format("{}; {}", trim(said), tried));
  }
  return {};
}

// Connections of its own where the shared one is gone, or takes no more sessions (MaxSessions of its server).
std::vector<std::string> SshHost::ssh_words() const {
  std::vector<std::string> words{"ssh"};
  if (!spec_.ssh_config.empty()) words.insert(words.end(), {"-F", spec_.ssh_config});
  for (const std::string& option :
       {std::string("BatchMode=yes"), std::string("ConnectTimeout=10"), std::string("ControlPersist=no"),
        std::string("ForwardAgent=no"), std::string("ForwardX11=no"), std::string("ClearAllForwardings=yes"),
        fmt::format("ControlPath={}", (master_->folder / "socket").string())}) {
    words.insert(words.end(), {"-o", option});
  }
  words.emplace_back("-T");
  return words;
}

// A command of its shell, to its end: what it prints.
Result<std::string> SshHost::run(const std::string& command, int input, Duration limit) {
  std::vector<std::string> words = ssh_words();
  words.insert(words.end(), {spec_.ssh, command});
  const Deadline deadline = Deadline::after(SteadyClock().now(), scaled(limit));
  const auto done = run_command(launcher_, {.argv = words, .input = input}, deadline);
  if (!done) return refuse("ssh", to_text(done.error()));
  const std::string tried = fmt::format("tried '{}'", printable(command));
  if (done->timed_out) return refuse(tried, fmt::format("no end in {}", format_duration(scaled(limit))));
  if (done->status.code == 0) return done->output;
  ssh_died_ = done->status.signal != 0 || done->status.code == kSshLost;
  return refuse(tried, fmt::format("{} {}", done->status.to_text(), done->output));
}

Result<std::string> SshHost::copy(const fs::path& file) {
  const std::lock_guard lock(mutex_);
  if (!facts_ || !*facts_) return fail("the host is not connected");
  return put(file);
}

// Under the file's hash; moved to its place only when it is whole, so that an ended connection leaves no half of it.
Result<std::string> SshHost::put(const fs::path& file) {
  std::error_code error;
  const std::uint64_t size = fs::file_size(file, error);
  const auto time = fs::last_write_time(file, error).time_since_epoch().count();
  if (error) return fail(file.string(), error.message());
  const std::string key = fmt::format("{} {} {}", file.string(), size, time);
  if (const auto known = copied_.find(key); known != copied_.end()) return known->second;
  BOOTRIG_TRY(const std::string hash, sha256_file(file));
  const ScopedFd input(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!input.valid()) return fail(file.string(), std::strerror(errno));
  const std::string folder = shell_quote({spec_.folder});
  const std::string there = fmt::format("{}/{}", folder, hash);
  BOOTRIG_TRY(const std::string said,
              run(fmt::format("umask 077; mkdir -p {0} && if [ -f {1} ]; then touch {1}; else "
                              "find {0} ! -type d -mtime +{3} -exec rm -f {{}} +; t={1}.$$; "
                              "cat > $t && [ $(wc -c < $t) -eq {2} ] && chmod 700 $t && mv $t {1} || "
                              "{{ rm -f $t; exit 1; }}; fi",
                              folder, there, size, kKeepDays),
                  input.get(), time_of_copy(size)));
  return copied_[key] = (fs::path(spec_.folder) / hash).string();
}

Result<std::unique_ptr<ChildProcess>> SshHost::launch(const std::vector<std::string>& argv, const LaunchSpec& here) {
  std::vector<std::string> way = ssh_words();
  way.insert(way.end(), {spec_.ssh, shell_quote({agent_, "serve"})});
  const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(spec_.patience);
  LaunchSpec relay = here;
  relay.argv = {agent_here(agents_).string(), "relay", fmt::format("{}", patience.count()),
                fmt::format("{}", way.size())};
  relay.argv.insert(relay.argv.end(), way.begin(), way.end());
  relay.argv.insert(relay.argv.end(), argv.begin(), argv.end());
  return launch_relay(launcher_, std::move(relay), fmt::format("host '{}' (ssh {})", spec_.name, printable(spec_.ssh)),
                      *this);
}

Result<std::string> SshHost::new_name() {
  const std::lock_guard lock(mutex_);
  // Absolute: a server of ssh is not in the home folder.
  BOOTRIG_TRY(const std::string folder,
              run(fmt::format("cd {} && pwd", shell_quote({spec_.folder})), -1, kCommandLimit));
  std::random_device random;
  return fmt::format("{}/made-{:08x}{:08x}", trim(folder), random(), random());
}

Result<std::string> SshHost::take(const std::string& name, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  const std::string quoted = shell_quote({name});
  return run(fmt::format("head -c {} {}; s=$?; rm -f {}; exit $s", limit, quoted, quoted), -1, kCommandLimit);
}

// By the shared connection, as it goes on as long as this.
Result<void> SshHost::forward(const fs::path& socket, const std::string& name) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> words{"ssh"};
  if (!spec_.ssh_config.empty()) words.insert(words.end(), {"-F", spec_.ssh_config});
  words.insert(words.end(), {"-o", fmt::format("ControlPath={}", (master_->folder / "socket").string()), "-O",
                             "forward", "-L", fmt::format("{}:{}", socket.string(), name), spec_.ssh});
  BOOTRIG_TRY(const CommandResult done,
              run_command(launcher_, {.argv = words}, Deadline::after(SteadyClock().now(), scaled(kCommandLimit))));
  if (done.status.code == 0) return {};
  return refuse("a socket there is not reached", fmt::format("tried {}: {}", shell_quote(words), done.output));
}

}  // namespace bootrig
