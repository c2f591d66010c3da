#include "base/digest.h"

#include <fmt/format.h>
#include <nettle/nettle-meta.h>

#include <cstdint>
#include <vector>

namespace bootrig {

std::optional<std::string> digest_hex(std::string_view algorithm, std::string_view bytes) {
  for (const nettle_hash* hash : {&nettle_md5, &nettle_sha1, &nettle_sha256, &nettle_sha384, &nettle_sha512}) {
    if (algorithm != hash->name) continue;
    std::vector<std::uint64_t> context(hash->context_size / sizeof(std::uint64_t) + 1);
    std::vector<std::uint8_t> digest(hash->digest_size);
    hash->init(context.data());
    hash->update(context.data(), bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
    hash->digest(context.data(), digest.size(), digest.data());
    return fmt::format("{:02x}", fmt::join(digest, ""));
  }
  return std::nullopt;
}

}  // namespace bootrig
