// What a machine needs to hear over QMP (docs/interop/qmp-spec of QEMU): which QEMU it is, which
// accelerator it uses, why the guest stopped, and replies to commands. Reads bytes; the socket is the machine's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "machine/machine.h"

namespace bootrig {

// Sent at once, before QEMU runs, so that nothing waits for a round trip: QEMU answers in order and
// starts the guest (it waits because of -S) only when events are on and the accelerator is known.
inline constexpr std::string_view kQmpOpening =
    "{\"execute\":\"qmp_capabilities\"}\n"
    "{\"execute\":\"query-kvm\",\"id\":\"query-kvm\"}\n"
    "{\"execute\":\"cont\"}\n";
// For a machine that is to be looked at before its first instruction: it goes on when its gdbstub lets it.
inline constexpr std::string_view kQmpOpeningPaused =
    "{\"execute\":\"qmp_capabilities\"}\n"
    "{\"execute\":\"query-kvm\",\"id\":\"query-kvm\"}\n";

// One command, on one line. `arguments` are pairs of name and text.
std::string qmp_command(std::string_view command, std::string_view id,
                        const std::vector<std::pair<std::string, std::string>>& arguments = {});

class QmpReader {
 public:
  // Any part of the stream. A line that is no JSON, or has an unknown shape, is passed over.
  void feed(std::string_view bytes);

  const std::string& version() const { return version_; }          // "7.2.22"; empty: no greeting yet
  const std::string& accelerator() const { return accelerator_; }  // "tcg" or "kvm"; empty: no answer yet
  // The first SHUTDOWN, RESET or GUEST_PANICKED event that is the guest's doing.
  std::optional<GuestStopped::Why> stopped() const { return stopped_; }
  // RESET events that we asked for; each takes what stopped the guest away.
  unsigned resets() const { return resets_; }

  // Watches for the reply to the command with this id, instead of any before.
  void await(std::string id);
  // It: the text that the command returns (empty when it returns something else), or QEMU's reason to refuse it. None:
  // not there yet.
  const std::optional<Result<std::string>>& reply() const { return reply_; }

 private:
  void append(std::string_view bytes);  // of one line
  void read_line(std::string_view line);

  std::string line_;  // unfinished, bounded
  bool line_is_too_long_ = false;
  std::string version_;
  std::string accelerator_;
  std::optional<GuestStopped::Why> stopped_;
  unsigned resets_ = 0;
  std::string awaited_;  // empty: nothing
  std::optional<Result<std::string>> reply_;
};

}  // namespace bootrig
