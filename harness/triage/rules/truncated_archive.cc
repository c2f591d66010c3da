#include <fmt/format.h>

#include "triage/rules/rules.h"

namespace bootrig {

// The archive is the cause only of a guest that complained by itself; one that took an exception met something else.
std::optional<RootCause> truncated_archive(const Facts& facts) {
  const bool complained = facts.evidence.stopped_for == StoppedFor::kConsole && !facts.record && !facts.syndrome;
  if (!complained || !facts.damaged_archive) return std::nullopt;
  const Archive& archive = *facts.damaged_archive;
  return RootCause{"truncated-archive",
                   fmt::format("the archive at {:#x} in the image, of {} bytes, is not whole: {}", archive.first,
                               archive.size, damage_text(archive)),
                   "build the archive anew, and check that all of it is put into the image"};
}

}  // namespace bootrig
