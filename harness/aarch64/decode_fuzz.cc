// Any value decodes: syndromes, registers, descriptors. The fields tile what they are part of, their values are its bits,
// and a fault's code is read as it was made.
#include <array>

#include "aarch64/field_text.h"
#include "aarch64/registers.h"
#include "aarch64/syndrome.h"
#include "base/check.h"
#include "testing/fuzz_input.h"

namespace bootrig::aarch64 {
namespace {

// `fields` are bits high..low, from top to bottom, each bit once.
void check_fields(const std::vector<Field>& fields, unsigned high, unsigned low, std::uint64_t value) {
  unsigned next = high + 1;
  for (const Field& field : fields) {
    CHECK(field.high + 1 == next && field.low <= field.high && field.low >= low);
    CHECK(field.value == bits(value, field.high, field.low));
    CHECK(!field.name.empty());
    if (!field.fields.empty()) check_fields(field.fields, field.high, field.low, value);
    next = field.low;
  }
  CHECK(next == low);
}

void check_register(const Field& root, std::uint64_t value) {
  CHECK(root.high == 63 && root.low == 0 && root.value == value);
  check_fields(root.fields, 63, 0, value);
  CHECK(!field_text(root).empty());
}

void check_syndrome(std::uint64_t esr, const FaultAddresses& addresses) {
  const Syndrome syndrome = decode_esr(esr);
  check_register(syndrome.root, esr);
  CHECK(!summary(syndrome).empty() && !summary(syndrome, addresses).empty());
  for (const std::string& note : address_notes(syndrome, addresses)) CHECK(!note.empty());
  if (!syndrome.status || syndrome.status->kind == FaultKind::kOther) return;
  const auto code = fault_code(syndrome.status->kind, syndrome.status->level.value_or(0));
  CHECK(code && fault_status(*code).text == syndrome.status->text);
}

void check_descriptor(std::uint64_t value, unsigned where) {
  const DescriptorPlace place{.granule_bits = 12 + 2 * (where % 3),
                              .level = static_cast<int>(where / 3 % 4),
                              .stage = 1 + static_cast<int>(where / 12 % 2)};
  if (place.granule_bits == 16 && place.level == 0) return;  // there is none
  const Descriptor descriptor = decode_descriptor(value, place);
  CHECK(!descriptor.summary.empty());
  check_register(descriptor.root, value);
}

}  // namespace
}  // namespace bootrig::aarch64

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bootrig::aarch64;
  bootrig::FuzzInput input(data, size);
  const unsigned shape = input.byte(), where = input.byte();
  const auto value = input.number<std::uint64_t>();
  FaultAddresses addresses;
  if (shape & 1) addresses.far = input.number<std::uint64_t>();
  if (shape & 2) addresses.elr = input.number<std::uint64_t>();
  // One decoder a case: the fuzzer has time for more of them so.
  constexpr std::array kRegisters{decode_spsr,      decode_tcr_el1, decode_tcr_el2, decode_sctlr_el1,
                                  decode_sctlr_el2, decode_hcr_el2, decode_mair,    decode_mpidr};
  if ((shape & 4) != 0) {
    check_syndrome(value, addresses);
  } else if ((shape & 8) != 0) {
    check_descriptor(value, where);
  } else {
    check_register(kRegisters[where % kRegisters.size()](value), value);
  }
  return 0;
}
