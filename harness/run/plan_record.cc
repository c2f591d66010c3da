#include "run/plan_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "json/members.h"
#include "run/result_json.h"
#include "run/transcript_file.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormat = "bootrig-plan-1";
constexpr std::uint64_t kMaxShards = 10'000;  // as --shard
constexpr const char* kFile = "plan.jsonl";
constexpr std::string_view kMachineKeys[] = {"accelerator", "cpu", "cpus", "gic", "level", "memory"};

std::vector<std::string> tags_of(const Testcase& testcase) {
  std::vector<std::string> tags = testcase.scenario->tags;
  for (const std::string& tag : testcase.target.tags) {
    if (std::ranges::find(tags, tag) == tags.end()) tags.push_back(tag);
  }
  return tags;
}

// A reference to another plan's testcases must name that plan itself, not a further reference.
enum class Depth { kRecord, kReferred };

Result<PlanRecord> read_file_of(const fs::path& file, Depth depth);

Result<void> read_head(const JsonValue& value, const fs::path& file, Depth depth, PlanRecord& plan) {
  Result<void> state;
  JsonMembers head(value, "plan", state);
  if (head.text("plan") != kFormat || !state) return fail("is no plan of a bootrig run");
  if (const JsonValue* run = head.find("run")) {
    BOOTRIG_TRY(plan.info, run_info_from_json(*run));
  } else {
    head.wrong("run");
  }
  const std::uint64_t shard = head.count("shard"), shards = head.count("shards");
  if (state && shards > kMaxShards) head.wrong("shards");
  if (state && (shard < 1 || shard > shards)) head.wrong("shard");
  plan.shard = static_cast<unsigned>(shard);
  plan.shards = static_cast<unsigned>(shards);
  if (state && head.find("testcases-in") != nullptr) {
    if (depth == Depth::kReferred) return fail("refers to yet another plan");
    BOOTRIG_TRY(PlanRecord other, read_file_of(file.parent_path() / head.text("testcases-in"), Depth::kReferred));
    if (other.shards != plan.shards) return fail(fmt::format("refers to a plan of {} shards", other.shards));
    plan.testcases = std::move(other.testcases);
    plan.shard_of = std::move(other.shard_of);
  }
  return state;
}

// Names come from a file that may be anyone's: they must not lead out of the run's folder.
bool stays_inside(const fs::path& relative) {
  return !relative.is_absolute() && std::ranges::none_of(relative, [](const fs::path& part) { return part == ".."; });
}

Result<void> read_testcase(const JsonValue& value, std::set<std::string>& known, PlanRecord& plan) {
  Result<void> state;
  JsonMembers line(value, "plan", state);
  const std::uint64_t shard = line.count("shard");
  if (state && (shard < 1 || shard > plan.shards)) line.wrong("shard");
  const JsonValue* testcase = line.find("testcase");
  if (testcase == nullptr) line.wrong("testcase");
  if (!state) return state;
  BOOTRIG_TRY(RunResult result, result_from_json(*testcase));
  if (!stays_inside(cell_folder(result.scenario, result.id))) {
    return fail(fmt::format("'{}' is no testcase's name", printable(result.id)));
  }
  if (!known.insert(result.id).second) return fail(fmt::format("'{}' is there twice", printable(result.id)));
  plan.testcases.push_back(std::move(result));
  plan.shard_of.push_back(static_cast<unsigned>(shard));
  return {};
}

Result<PlanRecord> read_file_of(const fs::path& file, Depth depth) {
  BOOTRIG_TRY(const std::string text, read_file(file));
  PlanRecord plan;
  std::set<std::string> known;
  std::size_t number = 0;
  for (const std::string_view line : split_lines(text)) {
    const std::string place = fmt::format("{}:{}", file.string(), ++number);
    BOOTRIG_TRY(const JsonValue value, parse_json(place, line));
    const auto read = number == 1 ? read_head(value, file, depth, plan) : read_testcase(value, known, plan);
    if (!read) return fail(read.error().place.empty() ? place : read.error().place, read.error().message);
  }
  if (plan.testcases.empty()) return fail(file.string(), "is no plan of a bootrig run");
  return plan;
}

}  // namespace

RunResult describe_testcase(const Testcase& testcase, const RepeatWords& repeat) {
  RunResult result;
  result.id = testcase.id;
  result.scenario = testcase.scenario->name;
  result.scenario_summary = testcase.scenario->summary;
  result.tags = tags_of(testcase);
  result.target = testcase.target_id;
  result.target_name = testcase.target.name;
  for (const std::string_view key : kMachineKeys) {
    result.target_values.emplace(key, machine_value(testcase.target.machine, key));
  }
  result.image = testcase.scenario->image;
  result.expected_failure = testcase.expected_failure;
  result.quarantine = testcase.quarantine;
  std::vector<std::string> again{"bootrig", "run"};
  if (!testcase.matrix.empty()) again.insert(again.end(), {"--matrix", testcase.matrix});
  again.push_back(testcase.cell);
  again.insert(again.end(), repeat.options.begin(), repeat.options.end());
  if (const auto settings = repeat.settings.find(result.image); settings != repeat.settings.end()) {
    again.insert(again.end(), settings->second.begin(), settings->second.end());
  }
  result.repeat_command = shell_quote(again);
  return result;
}

PlanRecord plan_record(const Plan& plan, const RunInfo& info, const RepeatWords& repeat) {
  PlanRecord record{info, plan.shard, plan.shards, {}, plan.shard_of};
  const std::vector<Testcase>& whole = plan.whole.empty() ? plan.testcases : plan.whole;
  for (const Testcase& testcase : whole) record.testcases.push_back(describe_testcase(testcase, repeat));
  record.shard_of.resize(record.testcases.size(), 1);
  return record;
}

std::string plan_fingerprint(std::vector<std::string> ids) {
  std::ranges::sort(ids);
  return sha256_hex(fmt::format("{}", fmt::join(ids, "\n")));
}

std::string plan_fingerprint(const PlanRecord& plan, unsigned shard) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < plan.testcases.size(); ++i) {
    if (shard == 0 || plan.shard_of[i] == shard) ids.push_back(plan.testcases[i].id);
  }
  return plan_fingerprint(std::move(ids));
}

Result<void> write_plan_record(const fs::path& folder, const PlanRecord& plan, const fs::path& testcases_in) {
  JsonValue::Object head{
      {"plan", kFormat}, {"run", to_json(plan.info)}, {"shard", plan.shard}, {"shards", plan.shards}};
  if (!testcases_in.empty()) {
    std::error_code error;
    head.emplace_back("testcases-in", fs::proximate(testcases_in, folder, error).string());
  }
  std::string text = write_json(head) + '\n';
  for (std::size_t i = 0; testcases_in.empty() && i < plan.testcases.size(); ++i) {
    const JsonValue::Object line{{"shard", plan.shard_of[i]}, {"testcase", to_json(plan.testcases[i])}};
    text += write_json(line) + '\n';
  }
  return write_file(folder / kFile, text);
}

Result<PlanRecord> read_plan_record(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder / kFile, error)) {
    return fail(folder.string(),
                "is no folder of a run: it has no plan.jsonl; 'bootrig run' writes one to its --output");
  }
  return read_file_of(folder / kFile, Depth::kRecord);
}

fs::path cell_folder(const std::string& scenario, const std::string& id) {
  // Brackets and '#' are awkward in a shell and in an URL: "virt[gic=3]#2" becomes "virt,gic=3.2".
  std::string target;
  for (const char c : id.substr(id.rfind('@') + 1)) {
    if (c == ']') continue;
    target += c == '[' ? ',' : c == '#' ? '.' : c;
  }
  return fs::path("cells") / scenario / target;
}

void restore_transcript(const fs::path& run, RunResult& result) {
  if (result.attempts.empty() || result.attempts.back().folder.empty()) return;
  const Attempt& last = result.attempts.back();
  auto excerpt = read_excerpt(run / last.folder, last.outcome.bytes_dropped);
  if (excerpt) result.transcript = std::move(*excerpt);
}

}  // namespace bootrig
