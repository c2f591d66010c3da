#include "image/packed_images.h"

#include <gtest/gtest.h>
#include <libfdt.h>

#include <map>

#include "base/check.h"
#include "base/digest.h"
#include "image/gzip.h"
#include "image/unpack.h"

namespace bootrig {
namespace {

constexpr std::uint32_t kLoad = 0x40400000;

std::string big_endian(std::uint64_t value, int bytes) {
  std::string text;
  while (bytes-- > 0) text += static_cast<char>(value >> (8 * bytes));
  return text;
}

// struct legacy_img_hdr of U-Boot's include/image.h, and the image.
struct UImage {
  char architecture = 22, kind = 2, compression = 0;  // arm64, kernel, none
  std::uint32_t load = kLoad, entry = kLoad + 8;
  std::string data = "code of 16 bytes";
  std::optional<std::uint32_t> size = {}, data_crc = {};

  std::string bytes() const {
    const auto header = [&](std::uint32_t crc) {
      std::string text = "\x27\x05\x19\x56" + big_endian(crc, 4) + big_endian(0, 4);
      text += big_endian(size.value_or(data.size()), 4) + big_endian(load, 4) + big_endian(entry, 4);
      text += big_endian(data_crc.value_or(crc32_of(data)), 4);
      text += std::string{0, architecture, kind, compression} + "probe";
      text.resize(64, '\0');
      return text;
    };
    return header(crc32_of(header(0))) + data;
  }
};

struct FitImage {
  std::string kind = "kernel", architecture = "arm64", compression = "none";
  std::string data = "code of 16 bytes";
  std::string algorithm = "sha256";
  std::string stored = {};  // empty: the right digest
};
struct Fit {
  std::map<std::string, FitImage> images{{"kernel-1", {}}};
  std::map<std::string, std::map<std::string, std::string>> configurations{{"conf-1", {{"kernel", "kernel-1"}}}};
  std::string default_configuration = "conf-1";
  std::string external;  // "": data stands in the tree; "data-offset", "data-position": behind it

  std::string bytes() const {
    std::string tree(16 * 1024, '\0'), behind;
    void* fdt = tree.data();
    CHECK(fdt_create(fdt, static_cast<int>(tree.size())) == 0 && fdt_finish_reservemap(fdt) == 0);
    fdt_begin_node(fdt, ""), fdt_begin_node(fdt, "images");
    for (const auto& [name, image] : images) write(fdt, name, image, behind);
    fdt_end_node(fdt), fdt_begin_node(fdt, "configurations");
    if (!default_configuration.empty()) fdt_property_string(fdt, "default", default_configuration.c_str());
    for (const auto& [name, parts] : configurations) {
      fdt_begin_node(fdt, name.c_str());
      for (const auto& [key, value] : parts) {
        fdt_property(fdt, key.c_str(), value.c_str(), static_cast<int>(value.size()) + 1);
      }
      fdt_end_node(fdt);
    }
    fdt_end_node(fdt), fdt_end_node(fdt);
    CHECK(fdt_finish(fdt) == 0);
    tree.resize(fdt_totalsize(fdt));
    if (external == "data-offset") tree.resize((tree.size() + 3) / 4 * 4);
    if (external == "data-position") tree.resize(kPosition);
    return tree + behind;
  }

 private:
  static constexpr std::size_t kPosition = 4096;

  void write(void* fdt, const std::string& name, const FitImage& image, std::string& behind) const {
    fdt_begin_node(fdt, name.c_str());
    fdt_property_string(fdt, "type", image.kind.c_str());
    fdt_property_string(fdt, "arch", image.architecture.c_str());
    fdt_property_string(fdt, "compression", image.compression.c_str());
    fdt_property_u32(fdt, "load", kLoad);
    fdt_property_u64(fdt, "entry", kLoad + 8);
    if (external.empty()) {
      fdt_property(fdt, "data", image.data.data(), static_cast<int>(image.data.size()));
    } else {
      const std::size_t base = external == "data-position" ? kPosition : 0;
      fdt_property_u32(fdt, external.c_str(), static_cast<std::uint32_t>(base + behind.size()));
      fdt_property_u32(fdt, "data-size", static_cast<std::uint32_t>(image.data.size()));
      behind += image.data;
    }
    if (!image.algorithm.empty()) {
      const auto right =
          image.algorithm == "crc32" ? std::optional(big_endian(crc32_of(image.data), 4)) : binary(image);
      const std::string digest = image.stored.empty() ? right.value_or("?") : image.stored;
      fdt_begin_node(fdt, "hash-1");
      fdt_property_string(fdt, "algo", image.algorithm.c_str());
      fdt_property(fdt, "value", digest.data(), static_cast<int>(digest.size()));
      fdt_end_node(fdt);
    }
    fdt_end_node(fdt);
  }

  static std::optional<std::string> binary(const FitImage& image) {
    const auto hex = digest_hex(image.algorithm, image.data);
    if (!hex) return std::nullopt;
    std::string bytes;
    for (std::size_t i = 0; i < hex->size(); i += 2)
      bytes += static_cast<char>(std::stoi(hex->substr(i, 2), nullptr, 16));
    return bytes;
  }
};

std::string error_of(const std::string& bytes) {
  const auto unpacked = unpack_for_boot("x", bytes);
  return unpacked ? "no error" : to_text(unpacked.error());
}

// "hello", as gzip -n packs it.
const std::string kGzip("\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x48\xcd\xc9\xc9\x07\0\x86\xa6\x10\x36\x05\0\0\0", 25);

TEST(PackedImages, AUImage) {
  const auto boot = unpack_for_boot("x", UImage().bytes() + "padding");
  ASSERT_TRUE(boot) << to_text(boot.error());
  EXPECT_EQ(boot->code, "code of 16 bytes");
  EXPECT_EQ(boot->load, kLoad);
  EXPECT_EQ(boot->entry, kLoad + 8);
  const auto zipped = unpack_for_boot("x", UImage{.kind = 1, .compression = 1, .data = kGzip}.bytes());
  ASSERT_TRUE(zipped) << to_text(zipped.error());
  EXPECT_EQ(zipped->code, "hello");
  const auto packed = read_packed_images("x", UImage().bytes());
  ASSERT_TRUE(packed);
  EXPECT_EQ(packed->images.at(0).name, "probe");
  EXPECT_EQ(packed->images.at(0).kind, "kernel");
  EXPECT_EQ(packed->images.at(0).architecture, "arm64");
}

TEST(PackedImages, UImagesThatAreRefused) {
  const std::string good = UImage().bytes();
  EXPECT_EQ(error_of(good.substr(0, 40)), "x: is a uImage that is cut off: its header has 64 bytes, and 40 are there");
  EXPECT_EQ(error_of(good.substr(0, 70)),
            "x: is a uImage that is cut off: its header promises 16 bytes, and 6 follow it");
  std::string header = good;
  header[40] ^= 1;
  EXPECT_EQ(error_of(header),
            "x: what it holds: its crc32 of the header does not match its bytes: the file is damaged");
  std::string data = good;
  data[70] ^= 1;
  EXPECT_EQ(error_of(data), "x: what it holds: its crc32 does not match its bytes: the file is damaged");
  EXPECT_EQ(error_of(UImage{.kind = 4}.bytes()),
            "x: is a uImage of several files; pack a FIT of them, or give the kernel by itself");
  EXPECT_EQ(error_of(UImage{.kind = 3}.bytes()),
            "x: what it holds is of the type 'ramdisk'; a kernel, firmware or a standalone program can be booted");
  EXPECT_EQ(error_of(UImage{.kind = 99}.bytes()),
            "x: what it holds is of the type 'number 99'; a kernel, firmware or a standalone program can be booted");
  EXPECT_EQ(error_of(UImage{.architecture = 2}.bytes()),
            "x: what it holds is for the architecture 'arm', not for arm64");
  EXPECT_EQ(error_of(UImage{.compression = 3}.bytes()),
            "x: what it holds is compressed by lzma; only gzip is uncompressed here");
  EXPECT_EQ(error_of(UImage{.compression = 1}.bytes()), "x: what it holds is no gzip data, or damaged");
  EXPECT_EQ(error_of(UImage{.compression = 1, .data = kGzip.substr(0, 20)}.bytes()),
            "x: what it holds is gzip data that is cut off");
  EXPECT_EQ(error_of(UImage{.data = ""}.bytes()), "x: what it holds is empty");
}

TEST(PackedImages, AFitInEachForm) {
  for (const char* external : {"", "data-offset", "data-position"}) {
    for (const char* algorithm : {"crc32", "md5", "sha1", "sha256", "sha512", ""}) {
      Fit fit;
      fit.external = external;
      fit.images["kernel-1"].algorithm = algorithm;
      fit.images["fdt-1"] = {"flat_dt", "arm64", "gzip", kGzip, algorithm};
      fit.images["ramdisk-1"] = {"ramdisk", "arm64", "gzip", kGzip, algorithm};
      fit.configurations["conf-1"] = {{"kernel", "kernel-1"}, {"fdt", "fdt-1"}, {"ramdisk", "ramdisk-1"}};
      const auto boot = unpack_for_boot("x", fit.bytes());
      ASSERT_TRUE(boot) << external << " " << algorithm << ": " << to_text(boot.error());
      EXPECT_EQ(boot->code, "code of 16 bytes");
      EXPECT_EQ(boot->load, kLoad);
      EXPECT_EQ(boot->entry, kLoad + 8);
      EXPECT_EQ(boot->tree, "hello");
      EXPECT_EQ(boot->ramdisk, kGzip) << "Linux uncompresses it itself";
    }
  }
}

TEST(PackedImages, TheDefaultConfigurationIsBooted) {
  Fit fit;
  fit.images["kernel-2"].data = "another kernel..";
  fit.configurations["conf-2"] = {{"kernel", "kernel-2"}};
  fit.default_configuration = "conf-2";
  EXPECT_EQ(unpack_for_boot("x", fit.bytes())->code, "another kernel..");
  fit.default_configuration = "";
  EXPECT_EQ(error_of(fit.bytes()), "x: has 2 configurations and names none as the default");
  fit.configurations.erase("conf-1");
  EXPECT_EQ(error_of(fit.bytes()), "no error");
}

TEST(PackedImages, FitsThatAreRefused) {
  const auto error = [](const std::function<void(Fit&)>& change) {
    Fit fit;
    change(fit);
    return error_of(fit.bytes());
  };
  EXPECT_EQ(error([](Fit& fit) { fit.images["kernel-1"].stored = std::string(32, 'x'); }),
            "x: the image 'kernel-1': its sha256 does not match its bytes: the file is damaged");
  EXPECT_EQ(error([](Fit& fit) { fit.images["kernel-1"].algorithm = "crc64"; }),
            "x: the image 'kernel-1': its hash is of an algorithm that is not known, 'crc64'");
  EXPECT_EQ(error([](Fit& fit) { fit.images["kernel-1"].data = ""; }), "x: the image 'kernel-1' is empty");
  EXPECT_EQ(
      error([](Fit& fit) { fit.images["kernel-1"].kind = "flat_dt"; }),
      "x: the image 'kernel-1' is of the type 'flat_dt'; a kernel, firmware or a standalone program can be booted");
  EXPECT_EQ(error([](Fit& fit) { fit.images["kernel-1"].architecture = "riscv"; }),
            "x: the image 'kernel-1' is for the architecture 'riscv', not for arm64");
  EXPECT_EQ(error([](Fit& fit) { fit.images["kernel-1"].compression = "lz4"; }),
            "x: the image 'kernel-1' is compressed by lz4; only gzip is uncompressed here");
  EXPECT_EQ(error([](Fit& fit) { fit.configurations.clear(); }),
            "x: is a FIT without a configuration: nothing says what is booted");
  EXPECT_EQ(error([](Fit& fit) { fit.default_configuration = "conf-9"; }),
            "x: names the default configuration 'conf-9', which it does not have");
  EXPECT_EQ(error([](Fit& fit) { fit.configurations["conf-1"]["kernel"] = "none"; }),
            "x: its configuration 'conf-1' names the image 'none', which it does not have");
  EXPECT_EQ(error([](Fit& fit) {
              fit.configurations["conf-1"] = {{"fdt", "kernel-1"}};
            }),
            "x: its configuration 'conf-1' names no kernel");
  EXPECT_EQ(error([](Fit& fit) { fit.configurations["conf-1"]["fdt"] = std::string("a\0b", 3); }),
            "x: its configuration 'conf-1' lists device tree overlays, which are not applied here");
  EXPECT_EQ(error([](Fit& fit) { fit.configurations["conf-1"]["loadables"] = "kernel-1"; }),
            "x: its configuration 'conf-1' has loadables, which only U-Boot loads");
  EXPECT_EQ(error([](Fit& fit) { fit.images.clear(); }), "x: is a FIT without any image");
}

TEST(PackedImages, EveryCutAndEveryFlippedByteIsTaken) {
  Fit external;
  external.external = "data-offset";
  for (const std::string& whole : {UImage().bytes(), Fit().bytes(), external.bytes()}) {
    for (std::size_t size = 4; size < whole.size(); ++size) {
      EXPECT_FALSE(unpack_for_boot("x", whole.substr(0, size))) << size;
    }
    for (std::size_t at = 4; at < whole.size(); ++at) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ 0xff);
      const auto packed = read_packed_images("x", bytes);
      if (!packed) continue;
      for (const PackedImage& image : packed->images) {
        EXPECT_LE(image.offset, bytes.size()) << at;
        EXPECT_LE(image.size, bytes.size() - image.offset) << at;
      }
    }
  }
}

TEST(PackedImages, WhatIsUncompressedIsBounded) {
  EXPECT_EQ(gunzip(kGzip).value(), "hello");
  EXPECT_EQ(gunzip(kGzip + "behind").value(), "hello");
  EXPECT_EQ(gunzip(kGzip, 4).error().message, "uncompressed is larger than 0 MiB");
  EXPECT_FALSE(gunzip(""));
}

}  // namespace
}  // namespace bootrig
