#include "machine/other_machine.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "qemu/arguments.h"

namespace bootrig {
namespace {

constexpr std::string_view kQuestion = "info mtree -f\nquit\n";

// What its monitor has said; it fits the socket, since QEMU has ended.
std::string read_answer(int socket) {
  std::string answer;
  std::array<char, 16384> bytes;
  for (ssize_t count = 0; (count = ::recv(socket, bytes.data(), bytes.size(), MSG_DONTWAIT)) > 0;) {
    answer.append(bytes.data(), static_cast<std::size_t>(count));
  }
  return answer;
}

}  // namespace

Result<std::vector<MemoryRegion>> memory_map_of(ProcessLauncher& launcher, const MachineSpec& machine,
                                                Deadline deadline) {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail(fmt::format("cannot make a socket: {}", std::strerror(errno)));
  }
  const ScopedFd ours(ends[0]);
  ScopedFd theirs(ends[1]);
  if (::send(ours.get(), kQuestion.data(), kQuestion.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(kQuestion.size())) {
    return fail("cannot ask QEMU's monitor");
  }
  const LaunchSpec spec{.argv = map_arguments(machine), .inherited = {{theirs.get(), kMonitorDescriptor}}};
  BOOTRIG_TRY(const CommandResult result, run_command(launcher, spec, deadline));
  std::vector<MemoryRegion> map = parse_memory_map(read_answer(ours.get()));
  if (!map.empty()) return map;
  return fail(fmt::format("QEMU does not tell its memory map: {}",
                          result.timed_out ? "no answer in time" : printable(trim(result.output))));
}

}  // namespace bootrig
