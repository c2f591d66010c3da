#include "inspect/disassembly.h"

#include <capstone/capstone.h>
#include <fmt/format.h>

namespace bootrig {
namespace {

constexpr std::size_t kWordSize = 4;

// Capstone, opened for AArch64; where it cannot be, it knows no instruction.
class Disassembler {
 public:
  Disassembler() {
    if (cs_open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &handle_) != CS_ERR_OK) return;
    instruction_ = cs_malloc(handle_);
  }
  ~Disassembler() {
    if (instruction_ != nullptr) cs_free(instruction_, 1);
    if (handle_ != 0) cs_close(&handle_);
  }
  Disassembler(const Disassembler&) = delete;
  Disassembler& operator=(const Disassembler&) = delete;

  std::string text(std::uint64_t address, std::span<const std::uint8_t> bytes) {
    const std::uint8_t* next = bytes.data();
    std::size_t left = bytes.size();
    if (instruction_ == nullptr || !cs_disasm_iter(handle_, &next, &left, &address, instruction_)) return "";
    const std::string mnemonic = instruction_->mnemonic;
    return instruction_->op_str[0] == '\0' ? mnemonic : mnemonic + " " + instruction_->op_str;
  }

 private:
  csh handle_ = 0;
  cs_insn* instruction_ = nullptr;
};

std::uint32_t word_of(std::span<const std::uint8_t> bytes) {
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < kWordSize; ++i) word |= std::uint32_t{bytes[i]} << (8 * i);
  return word;
}

}  // namespace

std::vector<Instruction> disassemble(std::uint64_t address, std::span<const std::uint8_t> code) {
  Disassembler disassembler;
  std::vector<Instruction> listing;
  for (; code.size() >= kWordSize; code = code.subspan(kWordSize), address += kWordSize) {
    const auto bytes = code.first(kWordSize);
    Instruction instruction{address, word_of(bytes), disassembler.text(address, bytes)};
    if (instruction.text.empty()) instruction.text = fmt::format(".word {:#010x}", instruction.word);
    listing.push_back(std::move(instruction));
  }
  return listing;
}

}  // namespace bootrig
