// agent: what bootrig runs on the hosts of machines, and beside itself. Not for people: bootrig starts it.
#include <csignal>
#include <cstdio>
#include <string_view>

#include "agent/program.h"

int main(int count, char** words) {
  ::signal(SIGPIPE, SIG_IGN);
  const std::span<char*> all(words, static_cast<std::size_t>(count));
  const std::string_view mode = count > 1 ? words[1] : "";
  if (mode == "serve" && count == 2) return bootrig::serve();
  if (mode == "relay" && count > 4) return bootrig::relay(all.subspan(2));
  if (mode == "guard" && count == 3) return bootrig::guard();
  if (mode == "probe" && count == 3) return bootrig::probe(all.subspan(2));
  std::fputs("agent: bootrig starts this program; see docs/hosts.md\n", stderr);
  return 2;
}
