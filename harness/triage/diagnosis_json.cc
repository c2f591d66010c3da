#include "triage/diagnosis_json.h"

#include <fmt/format.h>

#include <limits>

#include "base/text.h"
#include "json/members.h"

namespace bootrig {
namespace {

using Object = JsonValue::Object;
using Array = JsonValue::Array;

std::string hex(std::uint64_t value) {
  return fmt::format("{:#x}", value);
}

JsonValue cause_to_json(const RootCause& cause) {
  return Object{{"name", cause.name}, {"what", cause.what}, {"change", cause.change}};
}

JsonValue exception_to_json(const ExceptionLine& exception) {
  Object object{{"taken-to", exception.taken_to}, {"text", exception.text}};
  const auto add = [&object](const char* key, std::optional<std::uint64_t> value) {
    if (value) object.emplace_back(key, hex(*value));
  };
  add("esr", exception.esr);
  add("far", exception.far);
  add("elr", exception.elr);
  add("predicted-esr", exception.predicted_esr);
  return object;
}

JsonValue walk_to_json(const WalkLine& line) {
  return Object{{"stage", line.stage},          {"level", line.level},   {"index", line.index},
                {"address", hex(line.address)}, {"symbol", line.symbol}, {"descriptor", hex(line.descriptor)},
                {"meaning", line.meaning}};
}

JsonValue rerun_to_json(const RerunLine& rerun) {
  Object object{{"outcome", rerun.outcome}, {"text", rerun.text}, {"stops", rerun.stops}};
  if (rerun.at_rest) object.emplace_back("at-rest", cause_to_json(*rerun.at_rest));
  return object;
}

JsonValue cpu_to_json(const CpuLine& cpu) {
  return Object{
      {"index", cpu.index}, {"level", cpu.level}, {"pc", hex(cpu.pc)}, {"symbol", cpu.symbol}, {"state", cpu.state}};
}

template <typename T>
JsonValue array_of(const std::vector<T>& lines, JsonValue (*to_json)(const T&)) {
  Array array;
  for (const T& line : lines) array.push_back(to_json(line));
  return array;
}

std::uint64_t word_of(JsonMembers& members, std::string_view key) {
  const auto value = parse_address(members.text(key));
  if (!value) members.wrong(fmt::format("a hexadecimal number '{}'", key));
  return value.value_or(0);
}

std::optional<std::uint64_t> optional_word(JsonMembers& members, std::string_view key) {
  if (members.find(key) == nullptr) return std::nullopt;
  return word_of(members, key);
}

template <typename T>
T small_number(JsonMembers& members, std::string_view key, std::int64_t least, std::int64_t most) {
  const std::int64_t number = members.integer(key);
  if (number < least || number > most) members.wrong(fmt::format("a number from {} to {} '{}'", least, most, key));
  return static_cast<T>(number);
}

constexpr std::int64_t kMostCpus = 4096;  // of an index; QEMU's virt machine has at most 512
// Levels of tables: -1 with 52-bit addresses (DDI 0487, D8.2) to 3; of an index 16 bits, as concatenated tables have.
constexpr std::int64_t kLeastTableLevel = -1, kMostTableLevel = 3, kMostIndex = 0xffff;

RootCause cause_from_json(const JsonValue& value, Result<void>& state) {
  JsonMembers members(value, "root-cause", state);
  return {members.text("name"), members.text("what"), members.text("change")};
}

ExceptionLine exception_from_json(const JsonValue& value, Result<void>& state) {
  JsonMembers members(value, "exception", state);
  ExceptionLine exception;
  exception.taken_to = small_number<unsigned>(members, "taken-to", 0, 3);
  exception.text = members.text("text");
  exception.esr = optional_word(members, "esr");
  exception.far = optional_word(members, "far");
  exception.elr = optional_word(members, "elr");
  exception.predicted_esr = optional_word(members, "predicted-esr");
  return exception;
}

WalkLine walk_from_json(const JsonValue& value, Result<void>& state) {
  JsonMembers members(value, "walk", state);
  WalkLine line;
  line.stage = small_number<int>(members, "stage", 1, 2);
  line.level = small_number<int>(members, "level", kLeastTableLevel, kMostTableLevel);
  line.index = small_number<unsigned>(members, "index", 0, kMostIndex);
  line.address = word_of(members, "address");
  line.symbol = members.text("symbol");
  line.descriptor = word_of(members, "descriptor");
  line.meaning = members.text("meaning");
  return line;
}

RerunLine rerun_from_json(const JsonValue& value, Result<void>& state) {
  JsonMembers members(value, "rerun", state);
  RerunLine rerun;
  rerun.outcome = members.text("outcome");
  rerun.text = members.text("text");
  rerun.stops = small_number<std::uint64_t>(members, "stops", 0, std::numeric_limits<std::int64_t>::max());
  if (const JsonValue* cause = members.find("at-rest")) rerun.at_rest = cause_from_json(*cause, state);
  return rerun;
}

CpuLine cpu_from_json(const JsonValue& value, Result<void>& state) {
  JsonMembers members(value, "cpus", state);
  CpuLine cpu;
  cpu.index = small_number<unsigned>(members, "index", 0, kMostCpus);
  cpu.level = small_number<unsigned>(members, "level", 0, 3);
  cpu.pc = word_of(members, "pc");
  cpu.symbol = members.text("symbol");
  cpu.state = members.text("state");
  return cpu;
}

}  // namespace

JsonValue to_json(const Diagnosis& diagnosis) {
  Object object{{"headline", diagnosis.headline}, {"findings", texts_to_json(diagnosis.findings)}};
  if (diagnosis.cause) object.emplace_back("root-cause", cause_to_json(*diagnosis.cause));
  object.emplace_back("missing", texts_to_json(diagnosis.missing));
  object.emplace_back("signature", diagnosis.signature);
  if (diagnosis.exception) object.emplace_back("exception", exception_to_json(*diagnosis.exception));
  object.emplace_back("walk", array_of(diagnosis.walk, walk_to_json));
  object.emplace_back("cpus", array_of(diagnosis.cpus, cpu_to_json));
  object.emplace_back("code", texts_to_json(diagnosis.code));
  object.emplace_back("backtrace", texts_to_json(diagnosis.backtrace));
  if (diagnosis.rerun) object.emplace_back("rerun", rerun_to_json(*diagnosis.rerun));
  return object;
}

Result<Diagnosis> diagnosis_from_json(const JsonValue& value) {
  Result<void> state;
  JsonMembers members(value, "diagnosis", state);
  Diagnosis diagnosis;
  diagnosis.headline = members.text("headline");
  diagnosis.findings = members.texts("findings");
  if (const JsonValue* cause = members.find("root-cause")) diagnosis.cause = cause_from_json(*cause, state);
  diagnosis.missing = members.texts("missing");
  diagnosis.signature = members.text("signature");
  if (const JsonValue* exception = members.find("exception")) {
    diagnosis.exception = exception_from_json(*exception, state);
  }
  for (const JsonValue& line : members.array("walk")) diagnosis.walk.push_back(walk_from_json(line, state));
  for (const JsonValue& cpu : members.array("cpus")) diagnosis.cpus.push_back(cpu_from_json(cpu, state));
  diagnosis.code = members.texts("code");
  diagnosis.backtrace = members.texts("backtrace");
  if (const JsonValue* rerun = members.find("rerun")) diagnosis.rerun = rerun_from_json(*rerun, state);
  if (!state) return std::unexpected(state.error());
  return diagnosis;
}

}  // namespace bootrig
