#include "image/fit.h"

#include <fmt/format.h>
#include <libfdt.h>

#include <algorithm>

#include "base/digest.h"
#include "image/gzip.h"

namespace bootrig {
namespace {

// No real FIT comes near. The hashes of each image cost time.
constexpr std::size_t kImagesMax = 64, kHashesMax = 8, kConfigurationsMax = 256;

class FitReader {
 public:
  FitReader(std::string_view name, std::string_view bytes) : name_(name), bytes_(bytes), fdt_(bytes.data()) {}

  Result<PackedImages> read() {
    const int images = fdt_path_offset(fdt_, "/images");
    if (images < 0) return fail(name_, "is a flattened device tree without a node '/images', so no FIT");
    packed_.fit = true;
    int node = 0;
    fdt_for_each_subnode(node, fdt_, images) BOOTRIG_TRY_VOID(read_image(node));
    if (packed_.images.empty()) return fail(name_, "is a FIT without any image");
    const int configurations = fdt_path_offset(fdt_, "/configurations");
    if (configurations < 0) return std::move(packed_);
    packed_.default_configuration = text(configurations, "default");
    fdt_for_each_subnode(node, fdt_, configurations) BOOTRIG_TRY_VOID(read_configuration(node));
    return std::move(packed_);
  }

 private:
  std::string_view property(int node, const char* key) const {
    int size = 0;
    const void* bytes = fdt_getprop(fdt_, node, key, &size);
    if (bytes == nullptr || size < 0) return {};
    return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
  }
  bool has(int node, const char* key) const { return fdt_getprop(fdt_, node, key, nullptr) != nullptr; }
  std::vector<std::string> texts(int node, const char* key) const {
    std::vector<std::string> all;
    std::string_view rest = property(node, key);
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\0'), rest.size());
      all.emplace_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return all;
  }
  std::string text(int node, const char* key) const {
    const auto all = texts(node, key);
    return all.empty() ? "" : all.front();
  }
  // Of one cell or two.
  std::optional<std::uint64_t> number(int node, const char* key) const {
    const std::string_view cells = property(node, key);
    if (cells.size() != 4 && cells.size() != 8) return std::nullopt;
    std::uint64_t value = 0;
    for (const char byte : cells) value = value << 8 | static_cast<unsigned char>(byte);
    return value;
  }
  std::string node_name(int node) const {
    const char* name = fdt_get_name(fdt_, node, nullptr);
    return name == nullptr ? "" : name;
  }

  Result<void> read_image(int node) {
    if (packed_.images.size() == kImagesMax) return fail(name_, fmt::format("holds more than {} images", kImagesMax));
    PackedImage image{.name = node_name(node),
                      .kind = text(node, "type"),
                      .architecture = text(node, "arch"),
                      .compression = has(node, "compression") ? text(node, "compression") : "none",
                      .load = number(node, "load"),
                      .entry = number(node, "entry")};
    BOOTRIG_TRY_VOID(find_data(node, image));
    int child = 0;
    fdt_for_each_subnode(child, fdt_, node) {
      if (node_name(child).starts_with("hash")) BOOTRIG_TRY_VOID(check_hash(child, image));
    }
    packed_.images.push_back(std::move(image));
    return {};
  }

  // In the tree; behind it, from its 4-aligned end on; or from the file's beginning on.
  Result<void> find_data(int node, PackedImage& image) const {
    if (has(node, "data")) {
      const std::string_view data = property(node, "data");
      image.size = data.size();
      image.offset = data.empty() ? 0 : static_cast<std::uint64_t>(data.data() - bytes_.data());
      return {};
    }
    const std::uint64_t behind = (std::uint64_t{fdt_totalsize(fdt_)} + 3) / 4 * 4;
    const auto size = number(node, "data-size");
    const auto position = number(node, "data-position"), offset = number(node, "data-offset");
    if (!size || (!position && !offset)) return fail(name_, fmt::format("the image '{}' has no data", image.name));
    image.size = *size;
    image.offset = position ? *position : behind + *offset;
    if (image.offset <= bytes_.size() && image.size <= bytes_.size() - image.offset &&
        (position || *offset <= bytes_.size())) {
      return {};
    }
    return fail(name_, fmt::format("is a FIT that is cut off: the image '{}' has {} bytes at byte {:#x}, and the file "
                                   "ends at {:#x}",
                                   image.name, image.size, image.offset, bytes_.size()));
  }

  Result<void> check_hash(int node, PackedImage& image) const {
    if (image.hashes.size() == kHashesMax) {
      return fail(name_, fmt::format("the image '{}' has more than {} hashes", image.name, kHashesMax));
    }
    const std::string_view data = bytes_.substr(image.offset, image.size);
    PackedHash hash{.algorithm = text(node, "algo")};
    const std::string_view stored = property(node, "value");
    const std::string stored_hex =
        fmt::format("{:02x}", fmt::join(reinterpret_cast<const std::uint8_t*>(stored.data()),
                                        reinterpret_cast<const std::uint8_t*>(stored.data()) + stored.size(), ""));
    const auto found = hash.algorithm == "crc32" ? std::optional(fmt::format("{:08x}", crc32_of(data)))
                                                 : digest_hex(hash.algorithm, data);
    if (found) hash.state = *found == stored_hex ? PackedHash::State::kGood : PackedHash::State::kBad;
    image.hashes.push_back(std::move(hash));
    return {};
  }

  Result<void> read_configuration(int node) {
    if (packed_.configurations.size() == kConfigurationsMax) {
      return fail(name_, fmt::format("holds more than {} configurations", kConfigurationsMax));
    }
    packed_.configurations.push_back({.name = node_name(node),
                                      .kernel = text(node, "kernel"),
                                      .trees = texts(node, "fdt"),
                                      .ramdisk = text(node, "ramdisk"),
                                      .others = texts(node, "loadables")});
    return {};
  }

  std::string name_;
  std::string_view bytes_;
  const void* fdt_;
  PackedImages packed_;
};

}  // namespace

Result<PackedImages> read_fit(std::string_view name, std::string_view bytes) {
  if (const int error = fdt_check_full(bytes.data(), bytes.size()); error != 0) {
    return fail(std::string(name), fmt::format("is a FIT that is cut off or damaged ({})", fdt_strerror(error)));
  }
  return FitReader(name, bytes).read();
}

}  // namespace bootrig
