// What QEMU's monitor sends: any bytes, in any split, tell the same. Commands are one line, whatever their words hold.
// seeds: harness/machine/fuzz_seeds/qmp/*
#include "base/check.h"
#include "machine/qmp.h"
#include "testing/fuzz_input.h"

namespace bootrig {
namespace {

bool same(const QmpReader& a, const QmpReader& b) {
  const auto text = [](const QmpReader& reader) -> std::string {
    if (!reader.reply()) return "none";
    return *reader.reply() ? "reply " + **reader.reply() : "refused " + reader.reply()->error().message;
  };
  return a.version() == b.version() && a.accelerator() == b.accelerator() && a.stopped() == b.stopped() &&
         text(a) == text(b);
}

}  // namespace
}  // namespace bootrig

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bootrig;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  QmpReader whole, pieces;
  whole.await("gdb");
  pieces.await("gdb");
  whole.feed(bytes);
  feed_in_pieces(bytes, [&pieces](std::string_view piece) { pieces.feed(piece); });
  CHECK(same(whole, pieces));
  const std::string command = qmp_command(bytes, "id", {{"command-line", std::string(bytes)}});
  CHECK(command.find('\n') == command.size() - 1);
  return 0;
}
