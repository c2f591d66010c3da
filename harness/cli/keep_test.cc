// bootrig boot --keep: a failed machine waits for gdb, on this host and on another.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>

#include "cli/ssh_server_test.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

// A debugger, as far as a test needs one: attaches at a unix socket and reads PC of the first CPU.
std::string read_pc(const std::string& socket_path) {
  const ScopedFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{.sun_family = AF_UNIX};
  socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return "no connection";
  const std::string request = "+$g#67";  // all registers: x0 to x30, SP, PC (GDB manual, AArch64 features)
  if (::write(socket.get(), request.data(), request.size()) < 0) return "no request";
  std::string reply;
  char bytes[256];
  while (reply.find('#') == std::string::npos) {
    const ssize_t count = ::read(socket.get(), bytes, sizeof bytes);
    if (count <= 0) return "no reply: " + reply;
    reply.append(bytes, static_cast<std::size_t>(count));
  }
  constexpr std::size_t kPc = 32 * 16;  // digits before it
  reply.erase(0, reply.find('$') + 1);
  return reply.size() < kPc + 16 ? reply : reply.substr(kPc, 16);
}

class Keep : public testing::Test {
 protected:
  // Boots an image that fails, looks at the machine that is kept, and ends bootrig.
  void expect_kept(const Words& options) {
    const Finished built = bootrig({"build", "guest-dump", "--project", small_project(), "--output", folder_.path()});
    const std::string image = built.out.substr(built.out.find('/'), built.out.find("  sha256") - built.out.find('/'));
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const ScopedFd input(ends[0]), open_end(ends[1]);
    const ScopedFd output(::open(printed_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    Words argv{"sh", "-c", "exec \"$@\" <&7", "sh", build_path("bootrig"), "boot", image, "--triage=off", "--keep"};
    argv.insert(argv.end(), options.begin(), options.end());
    ForkingLauncher launcher;
    auto kept = launcher.launch(
        {.argv = argv, .output = output.get(), .errors = output.get(), .inherited = {{input.get(), 7}}});
    ASSERT_TRUE(kept);
    ASSERT_TRUE(eventually(60s, [&] { return !socket().empty(); })) << read_file(printed_).value_or("");
    const std::string pc = read_pc(socket());
    // The guest is linked at 0x40400000 and is 2 MiB at most: little-endian, as memory holds it.
    EXPECT_TRUE(pc.size() == 16 && pc.ends_with("404000000000")) << pc;
    (*kept)->signal(SIGINT);
    const auto ended = (*kept)->wait(Deadline::after(SteadyClock().now(), 30s));
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->code, 1);
    EXPECT_FALSE(fs::exists(fs::path(socket()).parent_path()));
  }

  // Which bootrig tells.
  std::string socket() const {
    const std::string text = read_file(printed_).value_or("");
    const std::string_view word = "target remote ";
    const std::size_t begin = text.find(word);
    const std::size_t end = begin == std::string::npos ? begin : text.find('\'', begin);
    return end == std::string::npos ? "" : text.substr(begin + word.size(), end - begin - word.size());
  }

  TestFolder folder_;
  const fs::path printed_ = folder_.path() / "printed";
};

TEST_F(Keep, AKeptMachineServesGdbAndEndsWithUs) {
  expect_kept({});
  EXPECT_TRUE(eventually(2s, [&] { return processes_naming(folder_.path(), 0).empty(); }));
}

TEST_F(Keep, AMachineOfAnotherHostIsReachedFromHere) {
  const SshServer server;
  expect_kept({"--hosts", server.hosts_file(), "--host", "loopback"});
  EXPECT_TRUE(eventually(10s, [&] { return processes_naming(server.folder() / "there", 0).empty(); }));
}

}  // namespace
}  // namespace bootrig
