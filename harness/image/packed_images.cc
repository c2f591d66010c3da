#include "image/packed_images.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "image/fit.h"
#include "image/gzip.h"
#include "image/uimage.h"

namespace bootrig {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kUImageMagic = "\x27\x05\x19\x56"sv;  // IH_MAGIC
constexpr std::string_view kTreeMagic = "\xd0\x0d\xfe\xed"sv;    // Devicetree Specification, 5.2

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

class Unpacker {
 public:
  Unpacker(std::string_view name, std::string_view bytes, const PackedImages& packed)
      : name_(name), bytes_(bytes), packed_(packed) {}

  Result<UnpackedBoot> unpack() const { return packed_.fit ? unpack_fit() : unpack_code(packed_.images.front()); }

 private:
  std::string called(const PackedImage& image) const {
    return packed_.fit ? fmt::format("the image '{}'", printable(image.name)) : "what it holds";
  }

  // The image's bytes, uncompressed where `unzip`.
  Result<std::string> data_of(const PackedImage& image, bool unzip) const {
    for (const PackedHash& hash : image.hashes) {
      if (hash.state == PackedHash::State::kGood) continue;
      return fail(name_, hash.state == PackedHash::State::kBad
                             ? fmt::format("{}: its {} does not match its bytes: the file is damaged", called(image),
                                           printable(hash.algorithm))
                             : fmt::format("{}: its hash is of an algorithm that is not known, '{}'", called(image),
                                           printable(hash.algorithm)));
    }
    const std::string_view data = bytes_.substr(image.offset, image.size);
    if (data.empty()) return fail(name_, called(image) + " is empty");
    if (!unzip || image.compression == "none") return std::string(data);
    if (image.compression != "gzip") {
      return fail(name_, fmt::format("{} is compressed by {}; only gzip is uncompressed here", called(image),
                                     printable(image.compression)));
    }
    auto uncompressed = gunzip(data);
    if (!uncompressed) return fail(name_, called(image) + " " + uncompressed.error().message);
    return uncompressed;
  }

  Result<UnpackedBoot> unpack_code(const PackedImage& image) const {
    if (image.kind == "multi") {
      return fail(name_, "is a uImage of several files; pack a FIT of them, or give the kernel by itself");
    }
    if (!is_one_of(image.kind, {"kernel", "kernel_noload", "standalone", "firmware"})) {
      return fail(name_, fmt::format("{} is of the type '{}'; a kernel, firmware or a standalone program can be booted",
                                     called(image), printable(image.kind)));
    }
    if (!image.architecture.empty() && image.architecture != "arm64") {
      return fail(name_, fmt::format("{} is for the architecture '{}', not for arm64", called(image),
                                     printable(image.architecture)));
    }
    UnpackedBoot boot{.load = image.load, .entry = image.entry};
    if (image.kind == "kernel_noload") boot.load = boot.entry = std::nullopt;
    BOOTRIG_TRY(boot.code, data_of(image, true));
    return boot;
  }

  Result<const PackedConfiguration*> default_configuration() const {
    const auto& all = packed_.configurations;
    if (all.empty()) return fail(name_, "is a FIT without a configuration: nothing says what is booted");
    if (packed_.default_configuration.empty()) {
      if (all.size() == 1) return &all.front();
      return fail(name_, fmt::format("has {} configurations and names none as the default", all.size()));
    }
    const auto found = std::ranges::find(all, packed_.default_configuration, &PackedConfiguration::name);
    if (found != all.end()) return &*found;
    return fail(name_, fmt::format("names the default configuration '{}', which it does not have",
                                   printable(packed_.default_configuration)));
  }

  Result<const PackedImage*> image_of(const PackedConfiguration& configuration, std::string_view image) const {
    if (const PackedImage* found = packed_.find(image)) return found;
    return fail(name_, fmt::format("its configuration '{}' names the image '{}', which it does not have",
                                   printable(configuration.name), printable(image)));
  }

  Result<UnpackedBoot> unpack_fit() const {
    BOOTRIG_TRY(const PackedConfiguration* const chosen, default_configuration());
    const auto refuse = [&](std::string_view what) {
      return fail(name_, fmt::format("its configuration '{}' {}", printable(chosen->name), what));
    };
    if (chosen->kernel.empty()) return refuse("names no kernel");
    if (chosen->trees.size() > 1) return refuse("lists device tree overlays, which are not applied here");
    if (!chosen->others.empty()) return refuse("has loadables, which only U-Boot loads");
    BOOTRIG_TRY(const PackedImage* const kernel, image_of(*chosen, chosen->kernel));
    BOOTRIG_TRY(UnpackedBoot boot, unpack_code(*kernel));
    if (!chosen->trees.empty()) {
      BOOTRIG_TRY(const PackedImage* const tree, image_of(*chosen, chosen->trees.front()));
      BOOTRIG_TRY(boot.tree, data_of(*tree, true));
    }
    if (!chosen->ramdisk.empty()) {
      BOOTRIG_TRY(const PackedImage* const ramdisk, image_of(*chosen, chosen->ramdisk));
      BOOTRIG_TRY(boot.ramdisk, data_of(*ramdisk, false));  // Linux uncompresses it, as with U-Boot
      boot.ramdisk_load = ramdisk->load;
    }
    return boot;
  }

  std::string name_;
  std::string_view bytes_;
  const PackedImages& packed_;
};

}  // namespace

std::string_view to_text(PackedHash::State state) {
  switch (state) {
    case PackedHash::State::kGood:
      return "good";
    case PackedHash::State::kBad:
      return "bad";
    case PackedHash::State::kUnknown:
      return "unknown";
  }
  return "";
}

const PackedImage* PackedImages::find(std::string_view name) const {
  const auto found = std::ranges::find(images, name, &PackedImage::name);
  return found == images.end() ? nullptr : &*found;
}

bool looks_like_uimage(std::string_view bytes) {
  return bytes.starts_with(kUImageMagic);
}

bool looks_like_fit(std::string_view bytes) {
  // FDT_BEGIN_NODE is 1 (Devicetree Specification, 5.4.1); the name tells also where the rest is damaged.
  return bytes.starts_with(kTreeMagic) && bytes.contains("\0\0\0\1images\0"sv);
}

Result<PackedImages> read_packed_images(std::string_view name, std::string_view bytes) {
  return looks_like_uimage(bytes) ? read_uimage(name, bytes) : read_fit(name, bytes);
}

Result<UnpackedBoot> unpack_for_boot(std::string_view name, std::string_view bytes) {
  BOOTRIG_TRY(const PackedImages packed, read_packed_images(name, bytes));
  return Unpacker(name, bytes, packed).unpack();
}

}  // namespace bootrig
