// The legacy uImage of U-Boot (include/image.h): a header of 64 bytes before one image.
#pragma once

#include <string_view>

#include "image/packed_images.h"

namespace bootrig {

Result<PackedImages> read_uimage(std::string_view name, std::string_view bytes);

}  // namespace bootrig
