#include "image/unpack.h"

#include <fmt/format.h>
#include <libfdt.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "base/file.h"
#include "elf/elf_file.h"
#include "image/linux_image.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFoldersMax = 16;
// One that was just made may be in use.
constexpr auto kYoung = std::chrono::hours(1);

void remove_old_folders(const fs::path& folder) {
  std::error_code error;
  std::vector<std::pair<fs::file_time_type, fs::path>> folders;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    folders.emplace_back(entry.last_write_time(error), entry.path());
  }
  std::ranges::sort(folders);
  for (std::size_t i = 0; i + kFoldersMax < folders.size(); ++i) {
    if (fs::file_time_type::clock::now() - folders[i].first > kYoung) fs::remove_all(folders[i].second, error);
  }
}

// A file of this size is there already: its folder is named by what it was made of. Renamed, so that nobody reads half.
Result<fs::path> put(const fs::path& folder, const char* name, std::string_view bytes) {
  const fs::path file = folder / name;
  std::error_code error;
  if (fs::file_size(file, error) == bytes.size() && !error) return file;
  const fs::path fresh = file.string() + fmt::format(".{}", ::getpid());
  BOOTRIG_TRY_VOID(write_file(fresh, bytes));
  fs::rename(fresh, file, error);
  if (error) return fail(file.string(), "cannot be written: " + error.message());
  return file;
}

Result<std::string> as_elf(std::string_view place, const UnpackedBoot& boot) {
  if (!boot.load || !boot.entry) {
    return fail(std::string(place),
                fmt::format("its code is raw bytes, and no {} says where it is {}",
                            boot.load ? "entry" : "load address", boot.load ? "entered" : "loaded"));
  }
  if (*boot.load > ~std::uint64_t{0} - boot.code.size() || *boot.entry - *boot.load >= boot.code.size()) {
    return fail(std::string(place),
                fmt::format("its code, {} bytes loaded at {:#x}, is entered at {:#x}, outside of it", boot.code.size(),
                            *boot.load, *boot.entry));
  }
  return wrap_in_elf(boot.code, *boot.load, *boot.entry);
}

// Without the room that is left in it: QEMU doubles what it is given, and Linux takes no tree of more than 2 MiB
// (MAX_FDT_SIZE). QEMU's own dump of a tree has 1 MiB.
Result<std::string> packed_tree(std::string_view place, std::string tree) {
  if (const int error = fdt_check_full(tree.data(), tree.size()); error != 0) {
    return fail(std::string(place), fmt::format("its device tree is not sound: {}", fdt_strerror(error)));
  }
  fdt_pack(tree.data());
  tree.resize(fdt_totalsize(tree.data()));
  return tree;
}

}  // namespace

std::string wrap_in_elf(std::string_view code, std::uint64_t load, std::uint64_t entry) {
  // System V gABI, "ELF Header" and "Program Header", 64-bit little-endian.
  constexpr std::uint64_t kHeaderSize = 64, kProgramHeaderSize = 56, kExecutable = 2, kAarch64 = 183, kLoad = 1,
                          kAllRights = 7;
  std::string out(
      "\x7f"
      "ELF\x02\x01\x01",
      7);
  out.resize(16);
  const auto add = [&out](std::uint64_t value, int size) {
    for (int i = 0; i < size; ++i) out += static_cast<char>(value >> (8 * i));
  };
  add(kExecutable, 2), add(kAarch64, 2), add(1, 4), add(entry, 8), add(kHeaderSize, 8), add(0, 8), add(0, 4);
  add(kHeaderSize, 2), add(kProgramHeaderSize, 2), add(1, 2), add(0, 6);
  add(kLoad, 4), add(kAllRights, 4), add(kHeaderSize + kProgramHeaderSize, 8), add(load, 8), add(load, 8);
  add(code.size(), 8), add(code.size(), 8), add(1, 8);
  out += code;
  return out;
}

Result<UnpackedFiles> unpack_into(const fs::path& folder, std::string_view place, std::string_view bytes,
                                  std::string_view sha256) {
  BOOTRIG_TRY(UnpackedBoot boot, unpack_for_boot(place, bytes));
  const bool linux_image = looks_like_linux(boot.code);
  if (!linux_image && !boot.ramdisk.empty()) {
    return fail(std::string(place), "has a ramdisk, and what it boots is no Linux Image that would take it");
  }
  if (!linux_image && !looks_like_elf(boot.code)) {
    BOOTRIG_TRY(boot.code, as_elf(place, boot));
  }
  const fs::path own = folder / sha256;
  BOOTRIG_TRY_VOID(make_folders(own));
  UnpackedFiles files;
  BOOTRIG_TRY(files.code, put(own, linux_image ? "Image" : "image.elf", boot.code));
  if (!boot.tree.empty()) {
    BOOTRIG_TRY(boot.tree, packed_tree(place, std::move(boot.tree)));
    BOOTRIG_TRY(files.tree, put(own, "tree.dtb", boot.tree));
  }
  if (!boot.ramdisk.empty()) {
    BOOTRIG_TRY(files.ramdisk, put(own, "ramdisk", boot.ramdisk));
  }
  remove_old_folders(folder);
  return files;
}

Result<fs::path> file_of_tree(const fs::path& folder, const fs::path& file, std::string bytes) {
  const std::string hash = sha256_hex(bytes);
  const std::size_t size = bytes.size();
  BOOTRIG_TRY(const std::string packed, packed_tree(file.string(), std::move(bytes)));
  if (folder.empty() || packed.size() > size / 2) return file;
  BOOTRIG_TRY_VOID(make_folders(folder / hash));
  BOOTRIG_TRY(fs::path copy, put(folder / hash, "tree.dtb", packed));
  remove_old_folders(folder);
  return copy;
}

}  // namespace bootrig
