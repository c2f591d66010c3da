// U-Boot's FIT (doc/usage/fit/source_file_format.rst): a flattened device tree that holds images, their hashes, and the
// configurations that name what is booted together. Images' bytes stand in the tree or behind it ("external data").
#pragma once

#include <string_view>

#include "image/packed_images.h"

namespace bootrig {

Result<PackedImages> read_fit(std::string_view name, std::string_view bytes);

}  // namespace bootrig
