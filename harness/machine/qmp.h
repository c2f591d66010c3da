// What a machine needs to hear over QMP (docs/interop/qmp-spec of QEMU): which QEMU it is, which
// accelerator it uses, and why the guest stopped. Reads bytes; the socket is the machine's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "machine/machine.h"

namespace bootrig {

// Sent at once, before QEMU runs, so that nothing waits for a round trip: QEMU answers in order and
// starts the guest (it waits because of -S) only when events are on and the accelerator is known.
inline constexpr std::string_view kQmpOpening =
    "{\"execute\":\"qmp_capabilities\"}\n"
    "{\"execute\":\"query-kvm\",\"id\":\"query-kvm\"}\n"
    "{\"execute\":\"cont\"}\n";

class QmpReader {
 public:
  // Any part of the stream. A line that is no JSON, or has an unknown shape, is passed over.
  void feed(std::string_view bytes);

  const std::string& version() const { return version_; }          // "7.2.22"; empty: no greeting yet
  const std::string& accelerator() const { return accelerator_; }  // "tcg" or "kvm"; empty: no answer yet
  // The first SHUTDOWN, RESET or GUEST_PANICKED event that is the guest's doing.
  std::optional<GuestStopped::Why> stopped() const { return stopped_; }

 private:
  void read_line(std::string_view line);

  std::string line_;  // unfinished, bounded
  std::string version_;
  std::string accelerator_;
  std::optional<GuestStopped::Why> stopped_;
};

}  // namespace bootrig
