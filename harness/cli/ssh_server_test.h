// For tests of other hosts: an OpenSSH server of the test's own on a free port of loopback, with its own keys, and the
// hosts file and ssh config file that lead to it as the host "loopback".
#pragma once

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"
#include "cli/program_test.h"

namespace bootrig {

inline int free_port() {
  const ScopedFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  return ntohs(address.sin_port);
}

// A process and the words that started it, joined by blanks.
struct Seen {
  pid_t pid = 0, parent = 0;
  std::string command;
};

// Of every process that is not a zombie.
inline std::vector<Seen> all_processes() {
  std::vector<Seen> all;
  std::error_code error;
  for (std::filesystem::directory_iterator it("/proc", error), end; !error && it != end; it.increment(error)) {
    const auto pid = parse_count(it->path().filename().string());
    auto command = read_file(it->path() / "cmdline");
    const std::string stat = read_file(it->path() / "stat").value_or("");
    if (!pid || !command || command->empty() || stat.rfind(')') == std::string::npos) continue;
    std::ranges::replace(*command, '\0', ' ');
    const auto parent = parse_count(split(stat.substr(stat.rfind(')') + 2), ' ')[1]);
    all.push_back({static_cast<pid_t>(*pid), static_cast<pid_t>(parent.value_or(0)), *command});
  }
  return all;
}

class SshServer {
 public:
  // `further`: lines of its configuration.
  explicit SshServer(const std::string& further = "") : port_(free_port()) {
    if (::getuid() == 0) (void)make_folders("/run/sshd");  // sshd of root insists on it
    for (const char* name : {"host_key", "user_key"}) {
      const auto made = run_command(
          launcher_, {.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", (folder_.path() / name).string()}},
          Deadline::after(SteadyClock().now(), std::chrono::seconds(20)));
      EXPECT_TRUE(made && made->status.code == 0) << (made ? made->output : to_text(made.error()));
    }
    write_files(further);
    errors_.reset(::open((folder_.path() / "sshd.txt").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    auto child = launcher_.launch(
        {.argv = {"/usr/sbin/sshd", "-D", "-e", "-f", folder_.put("sshd_config", config_)}, .errors = errors_.get()});
    EXPECT_TRUE(child) << "openssh-server is needed: " << to_text(child.error());
    if (child) child_ = std::move(*child);
    EXPECT_TRUE(eventually(std::chrono::seconds(20), [&] {
      return text_of(folder_.path() / "sshd.txt").find("Server listening") != std::string::npos;
    })) << text_of(folder_.path() / "sshd.txt");
  }

  // Where everything of it is; "there" in it is the host's folder.
  const std::filesystem::path& folder() const { return folder_.path(); }
  std::string hosts_file() const { return folder_.path() / "hosts.json"; }
  // The hosts file, with these keys beside those that are needed: R"(, "cores": 2)".
  void describe(const std::string& keys, const std::string& name = "loopback") const {
    folder_.put("hosts.json",
                fmt::format("{{ \"hosts\": {{ \"{}\": {{ \"ssh\": \"loopback\", \"ssh-config\": \"ssh_config\", "
                            "\"folder\": \"{}/there\"{} }} }} }}",
                            name, folder_.path().string(), keys));
  }
  // Its processes for connections, their children included.
  std::vector<pid_t> connections() const {
    std::vector<pid_t> found{child_->pid()};
    const auto all = all_processes();
    for (std::size_t i = 0; i < found.size(); ++i) {
      for (const Seen& seen : all) {
        if (seen.parent == found[i] && seen.command.starts_with("sshd")) found.push_back(seen.pid);
      }
    }
    found.erase(found.begin());
    return found;
  }
  void stop() { child_.reset(); }

 private:
  void write_files(const std::string& further) {
    const std::string folder = folder_.path();
    config_ = fmt::format(
        "ListenAddress 127.0.0.1\nPort {}\nHostKey {}/host_key\nAuthorizedKeysFile {}/user_key.pub\nStrictModes no\n"
        "UsePAM no\nPidFile none\nPasswordAuthentication no\n{}\n",
        port_, folder, folder, further);
    std::string key = text_of(folder_.path() / "host_key.pub");
    folder_.put("known_hosts", fmt::format("[127.0.0.1]:{} {}", port_, key));
    folder_.put("ssh_config",
                fmt::format("Host loopback\n  HostName 127.0.0.1\n  Port {}\n  IdentityFile {}/user_key\n"
                            "  IdentitiesOnly yes\n  IdentityAgent none\n  UserKnownHostsFile {}/known_hosts\n"
                            "  GlobalKnownHostsFile none\n  StrictHostKeyChecking yes\n",
                            port_, folder, folder));
    describe("");
  }

  TestFolder folder_{"bootrig-sshd"};
  int port_;
  std::string config_;
  ForkingLauncher launcher_;
  ScopedFd errors_;
  std::unique_ptr<ChildProcess> child_;
};

}  // namespace bootrig
