// Any bytes as a uImage or a FIT: what is told of the images lies within the file.
// seeds: harness/image/fuzz_seeds/packed_images/*
#include "base/check.h"
#include "image/packed_images.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bootrig;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto packed = read_packed_images("image", bytes);
  if (packed) {
    for (const PackedImage& image : packed->images) {
      CHECK(image.offset <= size && image.size <= size - image.offset);
    }
  }
  const auto boot = unpack_for_boot("image", bytes);
  CHECK(packed.has_value() || !boot.has_value());
  return 0;
}
