// Digests by their algorithm's name. SHA-256 of files is in file.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bootrig {

// Lower-case hexadecimal. "md5", "sha1", "sha256", "sha384" or "sha512"; none for another algorithm.
std::optional<std::string> digest_hex(std::string_view algorithm, std::string_view bytes);

}  // namespace bootrig
