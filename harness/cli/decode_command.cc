// bootrig decode: what the words of a dump mean: ESR, FAR, other registers, descriptors.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
#include <optional>

#include "aarch64/field_text.h"
#include "aarch64/registers.h"
#include "aarch64/syndrome.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/environment.h"
#include "json/value.h"

namespace bootrig {
namespace {

using aarch64::Field;

struct DecodeOptions {
  std::string esr;
  std::map<std::string, std::string> words;  // what was given, by option
  std::string level, granule, stage;
  bool json = false;
};

// One register that an option gives, in the order of the output.
struct RegisterOption {
  const char* option;
  const char* help;
  Field (*decode)(std::uint64_t);
};
constexpr RegisterOption kRegisters[] = {
    {"--spsr", "SPSR_ELx, or PSTATE as a dump prints it", aarch64::decode_spsr},
    {"--tcr", "TCR_EL1", aarch64::decode_tcr_el1},
    {"--tcr-el2", "TCR_EL2", aarch64::decode_tcr_el2},
    {"--sctlr", "SCTLR_EL1", aarch64::decode_sctlr_el1},
    {"--sctlr-el2", "SCTLR_EL2", aarch64::decode_sctlr_el2},
    {"--hcr", "HCR_EL2; when its E2H is 1, the registers of EL2 have the layout of EL1's", aarch64::decode_hcr_el2},
    {"--mair", "MAIR_ELx", aarch64::decode_mair},
    {"--mpidr", "MPIDR_EL1", aarch64::decode_mpidr},
};

// All that is said, before it is printed as text or JSON.
struct Decoded {
  std::string summary;  // empty without an ESR and a descriptor
  std::vector<std::string> notes;
  std::optional<aarch64::Syndrome> syndrome;
  std::vector<Field> registers;
};

Result<std::uint64_t> parse_word(const std::string& name, const std::string& text) {
  const bool prefixed = text.starts_with("0x") || text.starts_with("0X");
  const auto value = parse_address("0x" + text.substr(prefixed ? 2 : 0));
  if (value) return *value;
  return fail(fmt::format("{} '{}' is not a hexadecimal number of at most 64 bits; write 0x96000010 or 96000010", name,
                          printable(text)));
}

Result<std::optional<std::uint64_t>> word_of(const DecodeOptions& options, const std::string& option) {
  const auto found = options.words.find(option);
  if (found == options.words.end() || found->second.empty()) return std::nullopt;
  BOOTRIG_TRY(const std::uint64_t value, parse_word(option, found->second));
  return value;
}

Result<void> decode_syndrome(const DecodeOptions& options, Decoded& decoded) {
  BOOTRIG_TRY(const auto far, word_of(options, "--far"));
  BOOTRIG_TRY(const auto elr, word_of(options, "--elr"));
  if (options.esr.empty()) {
    if (far || elr) return fail("--far and --elr tell more about an ESR; give that, too");
    return {};
  }
  BOOTRIG_TRY(std::uint64_t esr, parse_word("VALUE", options.esr));
  // Debuggers print the 32 bits that older CPUs have as a signed number.
  const bool extended = esr >> 31 == 0x1'ffff'ffff;
  if (extended) esr &= 0xffff'ffff;
  decoded.syndrome = aarch64::decode_esr(esr);
  const aarch64::FaultAddresses addresses{far, elr};
  decoded.summary = aarch64::summary(*decoded.syndrome, addresses);
  decoded.notes = aarch64::address_notes(*decoded.syndrome, addresses);
  if (extended) decoded.notes.push_back(fmt::format("Bits 63:32 are a copy of bit 31; decoded as {:#x}.", esr));
  decoded.registers.push_back(decoded.syndrome->root);
  return {};
}

Result<void> decode_registers(const DecodeOptions& options, Decoded& decoded) {
  BOOTRIG_TRY(const auto hcr, word_of(options, "--hcr"));
  const bool host = hcr && aarch64::bits(*hcr, 34, 34) != 0;
  for (const RegisterOption& row : kRegisters) {
    BOOTRIG_TRY(const auto value, word_of(options, row.option));
    if (!value) continue;
    const std::string_view option = row.option;
    Field root = row.decode(*value);
    if (host && option == "--tcr-el2") root = aarch64::decode_tcr_el1(*value);
    if (host && option == "--sctlr-el2") root = aarch64::decode_sctlr_el1(*value);
    if (host && option.ends_with("-el2")) {
      root.name = option == "--tcr-el2" ? "TCR_EL2 (E2H)" : "SCTLR_EL2 (E2H)";
    }
    decoded.registers.push_back(std::move(root));
  }
  return {};
}

Result<aarch64::DescriptorPlace> parse_place(const DecodeOptions& options) {
  static const std::map<std::string, unsigned> kGranules{{"4K", 12}, {"16K", 14}, {"64K", 16}};
  aarch64::DescriptorPlace place;
  const auto granule = kGranules.find(options.granule.empty() ? "4K" : options.granule);
  if (granule == kGranules.end()) {
    return fail(fmt::format("--granule '{}' is not a granule; write 4K, 16K or 64K", printable(options.granule)));
  }
  place.granule_bits = granule->second;
  if (!options.stage.empty() && options.stage != "1" && options.stage != "2") {
    return fail(fmt::format("--stage '{}' is not a stage; write 1 or 2", printable(options.stage)));
  }
  place.stage = options.stage == "2" ? 2 : 1;
  if (options.level.empty()) return fail("--descriptor needs --level: its bits mean other things at other levels");
  const int first = place.granule_bits == 16 ? 1 : 0;
  const auto level = parse_count(options.level);
  if (!level || *level > 3 || static_cast<int>(*level) < first) {
    return fail(fmt::format("--level '{}' is not a level of {} tables; write {} to 3", printable(options.level),
                            granule->first, first));
  }
  place.level = static_cast<int>(*level);
  return place;
}

Result<void> decode_table_entry(const DecodeOptions& options, Decoded& decoded) {
  BOOTRIG_TRY(const auto value, word_of(options, "--descriptor"));
  if (!value) {
    if (options.level.empty() && options.granule.empty() && options.stage.empty()) return {};
    return fail("--level, --granule and --stage tell where a --descriptor stands; give that, too");
  }
  BOOTRIG_TRY(const auto place, parse_place(options));
  aarch64::Descriptor descriptor = aarch64::decode_descriptor(*value, place);
  if (decoded.summary.empty()) {
    decoded.summary = std::move(descriptor.summary);
  } else {
    decoded.notes.push_back(std::move(descriptor.summary));
  }
  decoded.registers.push_back(std::move(descriptor.root));
  return {};
}

JsonValue to_json(const Field& field) {
  JsonValue::Object object{
      {"name", field.name}, {"high", field.high}, {"low", field.low}, {"value", fmt::format("{:#x}", field.value)}};
  if (field.address) object.emplace_back("address", fmt::format("{:#x}", field.value << field.low));
  if (!field.meaning.empty()) object.emplace_back("meaning", field.meaning);
  if (field.reserved_set) object.emplace_back("reserved", true);
  if (!field.fields.empty()) {
    JsonValue::Array parts;
    for (const Field& part : field.fields) parts.push_back(to_json(part));
    object.emplace_back("fields", std::move(parts));
  }
  return object;
}

JsonValue to_json(const aarch64::Syndrome& syndrome) {
  JsonValue::Object object{{"ec", syndrome.ec},
                           {"exception", syndrome.exception},
                           {"abort", syndrome.abort},
                           {"same-level", syndrome.same_level},
                           {"far-valid", syndrome.far_valid},
                           {"hpfar-valid", syndrome.hpfar_valid}};
  if (syndrome.status) object.emplace_back("fault", syndrome.status->text);
  if (syndrome.status && syndrome.status->level) object.emplace_back("level", *syndrome.status->level);
  if (syndrome.status) object.emplace_back("write", syndrome.write);
  return object;
}

JsonValue to_json(const Decoded& decoded) {
  JsonValue::Object object{{"summary", decoded.summary}};
  JsonValue::Array notes, registers;
  for (const std::string& note : decoded.notes) notes.push_back(note);
  for (const Field& field : decoded.registers) registers.push_back(to_json(field));
  object.emplace_back("notes", std::move(notes));
  if (decoded.syndrome) object.emplace_back("syndrome", to_json(*decoded.syndrome));
  object.emplace_back("registers", std::move(registers));
  return object;
}

void print_text(const Decoded& decoded) {
  if (!decoded.summary.empty()) fmt::print("{}\n", decoded.summary);
  for (const std::string& note : decoded.notes) fmt::print("{}\n", note);
  bool first = decoded.summary.empty();
  for (const Field& field : decoded.registers) {
    fmt::print("{}{}", first ? "" : "\n", aarch64::field_text(field));
    first = false;
  }
}

Result<int> decode(const DecodeOptions& options) {
  Decoded decoded;
  BOOTRIG_TRY_VOID(decode_syndrome(options, decoded));
  BOOTRIG_TRY_VOID(decode_registers(options, decoded));
  BOOTRIG_TRY_VOID(decode_table_entry(options, decoded));
  if (decoded.registers.empty()) {
    return fail("there is nothing to decode; give an ESR or a register, as in 'bootrig decode 0x96000010'");
  }
  if (options.json) {
    fmt::print("{}\n", write_json(to_json(decoded), true));
  } else {
    print_text(decoded);
  }
  return kExitExpected;
}

}  // namespace

void add_decode_command(CLI::App& app, int& status) {
  auto options = std::make_shared<DecodeOptions>();
  app.add_option("VALUE", options->esr, "ESR_ELx, hexadecimal; 0x and underscores as you like");
  app.add_option("--far", options->words["--far"], "FAR_ELx beside the ESR");
  app.add_option("--elr", options->words["--elr"], "ELR_ELx beside the ESR");
  for (const RegisterOption& row : kRegisters) app.add_option(row.option, options->words[row.option], row.help);
  app.add_option("--descriptor", options->words["--descriptor"], "A translation table descriptor; needs --level");
  app.add_option("--level", options->level, "Its level, 0 to 3");
  app.add_option("--granule", options->granule, "Its granule: 4K (default), 16K or 64K");
  app.add_option("--stage", options->stage, "Its stage: 1 (default) or 2");
  app.add_flag("--json", options->json, "The tree of fields as JSON");
  app.footer(
      "A summary first, then each register as a tree of fields. (!) marks what the manual reserves.\n\n"
      "  bootrig decode 0x86000004 --far 0xffffff8040000000 --elr 0xffffff8040000000\n"
      "  bootrig decode --descriptor 0x7000b003 --level 0");
  app.callback([options, &status] {
    const auto done = decode(*options);
    status = done ? *done : tell(done.error());
  });
}

}  // namespace bootrig
