// Walks with any registers over any memory: small pages that the case fills, that repeat through all addresses or end
// early, so that tables point to themselves, to others and out of memory. A walk ends, in one way of three, and the
// syndrome that it predicts is that of its fault.
#include <algorithm>

#include "aarch64/walk.h"
#include "base/check.h"
#include "testing/fuzz_input.h"

namespace bootrig::aarch64 {
namespace {

// A stage 1 walk reads at most 5 tables (levels -1 to 3), each and the address itself behind a stage 2 walk of at most 5.
constexpr std::size_t kStepsMax = 5 * 6 + 5;

class FuzzMemory : public MemoryReader {
 public:
  FuzzMemory(std::string_view bytes, std::uint64_t first, bool endless)
      : bytes_(bytes), first_(first), endless_(endless) {}

  Result<void> read(std::uint64_t address, std::span<std::uint8_t> out) override {
    CHECK(++reads_ <= kStepsMax);
    for (std::uint8_t& byte : out) {
      const std::uint64_t offset = address++ - first_;
      if (bytes_.empty() || (!endless_ && offset >= bytes_.size())) return fail("no memory there");
      byte = static_cast<std::uint8_t>(bytes_[offset % bytes_.size()]);
    }
    return {};
  }

 private:
  std::string_view bytes_;
  std::uint64_t first_;
  bool endless_;
  std::size_t reads_ = 0;
};

TranslationRegisters read_registers(FuzzInput& input) {
  TranslationRegisters registers;
  for (std::uint64_t* value : {&registers.sctlr, &registers.tcr, &registers.ttbr0, &registers.ttbr1, &registers.mair,
                               &registers.hcr, &registers.vtcr, &registers.vttbr}) {
    *value = input.number<std::uint64_t>();
  }
  registers.pa_bits = 32 + input.byte() % 21;
  return registers;
}

void check_result(const WalkResult& result) {
  CHECK(result.address.has_value() + result.fault.has_value() + result.unreadable.has_value() == 1);
  CHECK(result.steps.size() <= kStepsMax);
  for (const WalkStep& step : result.steps) {
    CHECK(step.level >= -1 && step.level <= 3 && (step.stage == 1 || step.stage == 2) && !step.meaning.empty());
  }
  if (!result.fault) return;
  const Syndrome syndrome = decode_esr(result.fault->esr);
  CHECK(syndrome.abort && syndrome.status && syndrome.status->text == result.fault->status.text);
  CHECK(syndrome.stage1_walk == result.fault->stage1_walk);
  CHECK(!result.fault->why.empty());
}

}  // namespace
}  // namespace bootrig::aarch64

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bootrig::aarch64;
  bootrig::FuzzInput input(data, size);
  const unsigned shape = input.byte(), kinds = input.byte();
  const TranslationRegisters registers = read_registers(input);
  const auto address = input.number<std::uint64_t>();
  const auto first = input.number<std::uint64_t>();
  const Access access{static_cast<Access::Kind>(kinds % 3), kinds / 3 % 4, (shape & 8) != 0};
  FuzzMemory memory(input.rest(), first, (shape & 4) != 0);
  check_result(walk(registers, static_cast<Regime>(shape % 4), address, access, memory));
  return 0;
}
