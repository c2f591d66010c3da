#include "inspect/initrd.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "image/gzip.h"
#include "inspect/archive.h"

namespace bootrig {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::uint64_t offset;
  std::string_view bytes, form;
  bool compressed;
};
// Compressions: Linux, lib/decompress.c, compressed_formats[]. File systems: init/do_mounts_rd.c, identify_ramdisk_image().
constexpr std::array kMagics = {
    Magic{0, "\x1f\x8b"sv, "gzip", true},
    Magic{0, "\x1f\x9e"sv, "gzip", true},
    Magic{0, "BZh"sv, "bzip2", true},
    Magic{0, "\x5d\x00"sv, "lzma", true},
    Magic{0, "\xfd\x37zXZ"sv, "xz", true},
    Magic{0, "\x89LZO"sv, "lzo", true},
    Magic{0, "\x02\x21\x4c\x18"sv, "lz4", true},
    Magic{0, "\x28\xb5\x2f\xfd"sv, "zstd", true},
    Magic{0, "-rom1fs-"sv, "romfs file system", false},
    Magic{0, "hsqs"sv, "squashfs file system", false},
    Magic{0, "\x45\x3d\xcd\x28"sv, "cramfs file system", false},
    Magic{512, "\x45\x3d\xcd\x28"sv, "cramfs file system", false},
    Magic{0x410, "\x7f\x13"sv, "minix file system", false},
    Magic{0x438, "\x53\xef"sv, "ext2 file system", false},
};
constexpr std::string_view kCpioMagic = "07070", kGzip = "gzip", kArchive = "CPIO archive";

const Magic* magic_of(std::string_view bytes) {
  const auto found = std::ranges::find_if(kMagics, [&](const Magic& magic) {
    return bytes.size() >= magic.offset && bytes.substr(magic.offset).starts_with(magic.bytes);
  });
  return found == kMagics.end() ? nullptr : &*found;
}

std::string begin_text(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes.substr(0, 6)) text += fmt::format("{:02x}", static_cast<std::uint8_t>(byte));
  return text;
}

std::size_t behind_zeros(std::string_view bytes, std::size_t at) {
  return std::min(bytes.find_first_not_of('\0', at), bytes.size());
}

void read_archives(std::string_view bytes, Initrd& initrd);

// Behind an uncompressed archive (of microcode, say) may come a compressed one.
void read_part(std::string_view bytes, Initrd& initrd) {
  const Magic* magic = magic_of(bytes);
  if (magic == nullptr) {
    initrd.damage = fmt::format(
        "begins with the bytes {}, which is no archive, no compression and no file system that "
        "Linux knows",
        begin_text(bytes));
    return;
  }
  initrd.form = magic->form;
  initrd.compressed = magic->compressed;
  if (magic->form != kGzip) return;
  const auto unpacked = gunzip(bytes);
  if (!unpacked) {
    if (unpacked.error().message.starts_with("is ")) initrd.damage = unpacked.error().message;
    return;
  }
  Initrd inner;
  read_archives(*unpacked, inner);
  initrd.members += inner.members;
  if (inner.form == kArchive) initrd.damage = inner.damage;  // otherwise it may be a file system
}

void read_archives(std::string_view bytes, Initrd& initrd) {
  std::size_t at = behind_zeros(bytes, 0);
  if (at == bytes.size()) {
    initrd.damage = bytes.empty() ? "is empty" : fmt::format("is {} zero bytes", bytes.size());
    return;
  }
  if (!bytes.substr(at).starts_with(kCpioMagic)) return read_part(bytes, initrd);
  initrd.form = kArchive;
  while (at < bytes.size() && bytes.substr(at).starts_with(kCpioMagic)) {
    const auto archives = find_archives(bytes.substr(at));
    if (archives.empty() || archives.front().first != 0) {
      initrd.damage = fmt::format("has a header at byte {:#x} that is no archive member's", at);
      return;
    }
    initrd.members += archives.front().members.size();
    if (archives.front().damage) {
      initrd.damage = fmt::format("is not whole: {}", damage_text(archives.front()));
      return;
    }
    at = behind_zeros(bytes, at + std::max<std::uint64_t>(archives.front().size, 1));
  }
  // What is not known behind a whole archive is Linux's to refuse, and its words tell.
  if (at < bytes.size() && magic_of(bytes.substr(at)) != nullptr) read_part(bytes.substr(at), initrd);
}

}  // namespace

Initrd read_initrd(std::string_view bytes) {
  Initrd initrd;
  read_archives(bytes, initrd);
  return initrd;
}

}  // namespace bootrig
