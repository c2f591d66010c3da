#include "run/image_console.h"

#include <algorithm>

namespace bootrig {

std::string image_console(std::string_view transcript, const Outcome& outcome) {
  const std::string_view said = said_by_image(transcript, outcome);
  if (said.empty()) return {};
  const std::string_view firmware = transcript.substr(0, transcript.size() - said.size());
  return std::string(static_cast<std::size_t>(std::ranges::count(firmware, '\n')), '\n').append(said);
}

}  // namespace bootrig
