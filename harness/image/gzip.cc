#include "image/gzip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/check.h"

namespace bootrig {
namespace {

constexpr std::size_t kPiece = 256 * 1024;
constexpr int kGzipWindow = 16 + MAX_WBITS;  // zlib.h, inflateInit2: 16 asks for gzip's header

struct EndInflate {
  void operator()(z_stream* stream) const { inflateEnd(stream); }
};

// zlib counts in 32 bits: a larger file is given in pieces.
void give_more(z_stream& stream, std::string_view& rest) {
  const std::size_t size = std::min<std::size_t>(rest.size(), std::size_t{1} << 30);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));
  stream.avail_in = static_cast<uInt>(size);
  rest.remove_prefix(size);
}

}  // namespace

Result<std::string> gunzip(std::string_view bytes, std::uint64_t limit) {
  z_stream state{};
  CHECK(inflateInit2(&state, kGzipWindow) == Z_OK);
  const std::unique_ptr<z_stream, EndInflate> ends(&state);
  std::string out;
  std::string piece(kPiece, '\0');
  std::string_view rest = bytes;
  while (true) {
    if (state.avail_in == 0) give_more(state, rest);
    if (state.avail_in == 0) return fail("is gzip data that is cut off");
    state.next_out = reinterpret_cast<Bytef*>(piece.data());
    state.avail_out = static_cast<uInt>(piece.size());
    const int result = inflate(&state, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END) {
      return fail(out.empty() ? "is no gzip data, or damaged" : "is gzip data that is damaged");
    }
    out.append(piece, 0, piece.size() - state.avail_out);
    if (out.size() > limit) return fail(fmt::format("uncompressed is larger than {} MiB", limit >> 20));
    if (result == Z_STREAM_END) return out;
  }
}

std::uint32_t crc32_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(crc32_z(0, nullptr, 0), reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace bootrig
