// Any bytes as a stream of frames: they are read or refused, and what is read has the sizes that were promised.
#include "agent/frames.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bootrig::FrameReader reader;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  reader.feed(bytes.substr(0, size / 2));
  while (const auto frame = reader.next()) {
    if (frame->channel >= bootrig::kChannelCount) std::abort();
  }
  reader.feed(bytes.substr(size / 2));
  while (const auto frame = reader.next()) {
    if (frame->payload.size() > bootrig::kPayloadMax) std::abort();
  }
  return 0;
}
