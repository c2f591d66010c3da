#include "dump/belief.h"

#include <fmt/format.h>

#include "aarch64/syndrome.h"

namespace bootrig::dump {
namespace {

constexpr std::uint64_t kHighHalf = 0xffffffff00000000;
constexpr unsigned kEcShift = 26, kIlShift = 25;

void drop_sign_extension(ExceptionRecord& record) {
  if (!record.esr || (*record.esr & kHighHalf) != kHighHalf) return;
  record.corrections.push_back(fmt::format(
      "ESR is printed as {:#018x}, sign-extended as by KVM of Linux 6.1: its low 32 bits are believed.", *record.esr));
  *record.esr &= ~kHighHalf;
}

void drop(ExceptionRecord& record, std::optional<std::uint64_t>& value, const char* name, const std::string& why) {
  if (!value) return;
  record.corrections.push_back(fmt::format("{} is printed as {:#018x} but {}: not believed.", name, *value, why));
  value.reset();
}

}  // namespace

void keep_what_holds(ExceptionRecord& record) {
  drop_sign_extension(record);
  if (!record.esr) {
    drop(record, record.far, "FAR", "no ESR says that it holds an address");
    drop(record, record.hpfar, "HPFAR", "no ESR says that it holds an address");
    return;
  }
  const aarch64::Syndrome syndrome = aarch64::decode_esr(*record.esr);
  const std::string why = fmt::format("holds nothing for this exception (EC {:#04x})", syndrome.ec);
  if (!syndrome.far_valid) drop(record, record.far, "FAR", why);
  if (!syndrome.hpfar_valid) drop(record, record.hpfar, "HPFAR", why);
}

void drop_syndrome_of_interrupt(ExceptionRecord& record, const std::string& type) {
  if (type != "IRQ" && type != "FIQ") return;
  const std::string why = fmt::format("an {} does not write it", type);
  drop(record, record.esr, "ESR", why);
  drop(record, record.far, "FAR", why);
  drop(record, record.hpfar, "HPFAR", why);
}

void compare_parts(ExceptionRecord& record, const SyndromeParts& parts, unsigned iss_bits) {
  if (!record.esr) return;
  const std::uint64_t esr = *record.esr;
  const std::uint64_t iss = esr & ((std::uint64_t{1} << iss_bits) - 1);
  const bool same = parts.ec.value_or(esr >> kEcShift & 0x3f) == (esr >> kEcShift & 0x3f) &&
                    parts.il.value_or(esr >> kIlShift & 1) == (esr >> kIlShift & 1) && parts.iss.value_or(iss) == iss;
  if (!same)
    record.corrections.push_back("The printed ec, il and iss are not those of the printed ESR: ESR is believed.");
}

}  // namespace bootrig::dump
