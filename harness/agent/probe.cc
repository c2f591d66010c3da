#include <sched.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>

#include "agent/child.h"
#include "agent/kvm_offer.h"
#include "agent/program.h"

namespace bootrig {
namespace {

// What a program says on its standard output, on one line; empty where it cannot be run.
std::string ask(const std::string& program, const std::vector<std::string>& options) {
  int reading = -1;
  int writing = -1;
  if (!make_pipe(reading, writing)) return "";
  std::vector<std::string> words{program};
  words.insert(words.end(), options.begin(), options.end());
  const StartedChild child = start_child(words, {{writing, 1}}, /*own_group=*/false);
  ::close(writing);
  std::string text;
  std::array<char, 4096> bytes;
  for (ssize_t count = 0; child.pid > 0 && (count = ::read(reading, bytes.data(), bytes.size())) > 0;) {
    text.append(bytes.data(), static_cast<std::size_t>(count));
  }
  ::close(reading);
  if (child.pid > 0) ::waitpid(child.pid, nullptr, 0);
  for (char& byte : text) byte = byte == '\n' ? ' ' : byte;
  return text;
}

unsigned cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<unsigned>(CPU_COUNT(&set)) : 1;
}

unsigned long available_kib() {
  std::ifstream file("/proc/meminfo");
  for (std::string key; file >> key;) {
    unsigned long value = 0;
    file >> value;
    if (key == "MemAvailable:") return value;
    file.ignore(256, '\n');
  }
  return 0;
}

}  // namespace

int probe(std::span<char*> words) {
  utsname names{};
  ::uname(&names);
  const KvmOffer kvm = kvm_offer();
  std::printf("architecture %s\n", names.machine);
  std::printf("kernel %s %s\n", names.sysname, names.release);
  std::printf("cores %u\n", cores());
  std::printf("memory-kib %lu\n", available_kib());
  std::printf("kvm-trouble %s\n", kvm.trouble.c_str());
  std::printf("kvm-gic %s%s\n", kvm.gicv2 ? "2 " : "", kvm.gicv3 ? "3" : "");
  std::printf("qemu %s\n", ask(words[0], {"--version"}).c_str());
  std::printf("accelerators %s\n", ask(words[0], {"-accel", "help"}).c_str());
  return std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace bootrig
