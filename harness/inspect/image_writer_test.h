// A Microkit loader image as its tool lays it out, for tests: code that turns tables on, tables, and behind them the
// table of what to copy. What is wrong with it is set before bytes() is asked for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bootrig {

class ImageWriter {
 public:
  static constexpr std::uint64_t kLink = 0x70000000, kKernel = 0x40000000, kEntry = 0xffffff8040000000;
  static constexpr std::uint64_t kLower0 = kLink + 0x1000, kLower1 = kLink + 0x2000, kUpper0 = kLink + 0x3000;
  static constexpr std::uint64_t kUpper1 = kLink + 0x4000, kUpper2 = kLink + 0x5000, kEnd = 0x6000;

  std::uint64_t lower0 = kLower1 | 3;        // level 0, the entry for the loader itself
  std::uint64_t upper0 = kUpper1 | 3;        // level 0, the entry for the kernel's window
  std::uint64_t upper1 = kUpper2 | 3;        // level 1
  std::uint64_t upper2 = kKernel | 0x711;    // level 2: a block of Normal memory
  std::uint64_t entry = kEntry;              // of the kernel, as the table of what to copy has it
  std::uint64_t second_region = 0x50000000;  // where the user program is copied to
  bool tables = true;                        // false: they are all zero
  bool names_upper0 = false;                 // other code names that table
  std::string flags;                         // "", or the word of flags of an older header

  std::string bytes() const {
    std::string image = code();
    image.resize(kEnd, '\0');
    if (tables) {
      put(image, kLower0 - kLink, lower0);
      put(image, kLower1 - kLink + 8, 0x40000000 | 0x401);
      put(image, kUpper0 - kLink + 8 * 511, upper0);
      put(image, kUpper1 - kLink + 8 * 1, upper1);
      // As its tool does: the whole window.
      for (std::uint64_t i = 0; i < 512; ++i) {
        put(image, kUpper2 - kLink + 8 * i, upper2 == 0 ? 0 : upper2 + (i << 21));
      }
    }
    return image + table();
  }

 private:
  static void put(std::string& image, std::uint64_t at, std::uint64_t value) {
    for (unsigned i = 0; i < 8; ++i) image[at + i] = static_cast<char>(value >> (8 * i));
  }
  static void add(std::string& text, std::uint64_t value, unsigned size = 8) {
    for (unsigned i = 0; i < size; ++i) text += static_cast<char>(value >> (8 * i));
  }
  static std::uint32_t adrp(unsigned reg, std::uint64_t page) {  // from the first page
    const std::uint64_t pages = (page - kLink) >> 12;
    return static_cast<std::uint32_t>(0x90000000 | (pages & 3) << 29 | (pages >> 2) << 5 | reg);
  }

  std::string code() const {
    std::vector<std::uint32_t> words = {
        0x58000200,        // ldr x0, link address
        0x10ffffe1,        // adr x1, _start
        0xeb01001f,        // cmp x0, x1
        0x580001ea,        // ldr x10, TCR
        0xd5380709,        // mrs x9, id_aa64mmfr0_el1
        0xb360092a,        // bfi x10, x9, #32, #3
        0xd518204a,        // msr tcr_el1, x10
        adrp(8, kLower0),  //
        0xd5182008,        // msr ttbr0_el1, x8
        adrp(8, kUpper0),  //
        0xd5182028,        // msr ttbr1_el1, x8
        0xd65f03c0,        // ret
        names_upper0 ? adrp(2, kUpper0) : 0xd503201f,
        0x91000042,  // add x2, x2, #0
        0xd65f03c0,  // ret
        0xd503201f,  // nop
    };
    std::string text;
    for (const std::uint32_t word : words) add(text, word, 4);
    add(text, kLink);
    add(text, 0x1085100510);
    return text;
  }

  std::string table() const {
    const std::string kernel(0x100, 'k'), user(0x80, 'u');
    std::string fields;
    fields += flags;
    for (const std::uint64_t word :
         {entry, second_region, second_region + 0x1000, std::uint64_t{0}, std::uint64_t{0x200000}, std::uint64_t{2}}) {
      add(fields, word);
    }
    for (const std::uint64_t word : {kKernel, std::uint64_t{kernel.size()}, std::uint64_t{0}, std::uint64_t{1}})
      add(fields, word);
    for (const std::uint64_t word :
         {second_region, std::uint64_t{user.size()}, std::uint64_t{kernel.size()}, std::uint64_t{1}}) {
      add(fields, word);
    }
    std::string text;
    add(text, 0x5e14dead14de5ead);
    add(text, 16 + fields.size() + kernel.size() + user.size());
    return text + fields + kernel + user;
  }
};

}  // namespace bootrig
