#include "qualify/statement.h"

#include <fmt/format.h>

#include <map>
#include <vector>

#include "base/file.h"
#include "history/stored_run.h"
#include "json/members.h"
#include "json/value.h"
#include "qualify/sums.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSchema = "bootrig-qualify-1";
constexpr std::size_t kShaShown = 12;

struct Required {
  unsigned sessions = 0;
  bool is_signed = false;
  std::vector<std::string> testcases;
};

Result<Required> read_required(const fs::path& folder) {
  BOOTRIG_TRY(const std::string text, read_file(folder / kQualifyFile));
  BOOTRIG_TRY(const JsonValue value, parse_json(kQualifyFile, text));
  Result<void> state;
  JsonMembers members(value, "qualification", state);
  const bool known = members.text("schema") == kSchema;
  Required required{static_cast<unsigned>(members.count("require")), members.boolean("signed"),
                    members.texts("testcases")};
  if (!state) return fail(kQualifyFile, state.error().message);
  if (!known || required.sessions == 0 || required.testcases.empty()) {
    return fail(kQualifyFile, fmt::format("is no qualification of the schema '{}'", kSchema));
  }
  return required;
}

bool is_green(Standing standing) {
  return standing == Standing::kPassed || standing == Standing::kExpectedFailure;
}

// Each required testcase has so many results, and all of them are green. Nothing else was run.
Result<void> check_green(const Required& required, const RunRecord& run) {
  std::map<std::string, unsigned> green;
  for (const std::string& cell : required.testcases) green[cell] = 0;
  for (const ResultRecord& result : run.results) {
    const auto found = green.find(result.cell);
    if (found == green.end()) return fail(result.cell, "was run, and is not required");
    if (!is_green(result.standing)) {
      return fail(result.cell, fmt::format("session {} is not green: {}{}{}", result.repetition,
                                           to_text(result.standing), result.detail.empty() ? "" : ": ", result.detail));
    }
    if (result.image_sha256.empty()) return fail(result.cell, "its image is not known");
    ++found->second;
  }
  for (const auto& [cell, sessions] : green) {
    if (sessions != required.sessions) {
      return fail(cell, fmt::format("was green {} times in a row; {} are required", sessions, required.sessions));
    }
  }
  return {};
}

JsonValue descriptor(const std::string& name, const std::string& sha256) {
  return JsonValue::Object{{"name", name}, {"digest", JsonValue::Object{{"sha256", sha256}}}};
}

// The images that were booted, each once, by their paths in the bundle.
Result<Sums> images_of(const RunRecord& run, const Sums& sums) {
  Sums images;
  for (const ResultRecord& result : run.results) {
    const std::string path = image_path(result.image, result.image_sha256);
    const auto found = sums.find(path);
    if (found == sums.end() || found->second != result.image_sha256) {
      return fail(path, fmt::format("is not the image that {} booted", result.cell));
    }
    images[path] = result.image_sha256;
  }
  return images;
}

}  // namespace

std::string image_path(const std::string& image, const std::string& sha256) {
  return fmt::format("images/{}-{}", image, sha256.substr(0, kShaShown));
}

Result<Statement> make_statement(const fs::path& folder) {
  BOOTRIG_TRY(const Required required, read_required(folder));
  BOOTRIG_TRY(const RunRecord run, read_stored_run(folder));
  BOOTRIG_TRY_VOID(check_green(required, run));
  BOOTRIG_TRY(const std::string sums_file, read_file(folder / kSumsFile));
  const Sums sums = parse_sums(sums_file);
  BOOTRIG_TRY(const Sums images, images_of(run, sums));
  JsonValue::Array subject;
  for (const auto& [path, digest] : images) subject.push_back(descriptor(path, digest));
  JsonValue::Array configuration{descriptor(kSumsFile, sha256_hex(sums_file))};
  for (const char* name : {kPlanFile, kQualifyFile}) {
    const auto found = sums.find(name);
    if (found == sums.end()) return fail(name, "is missing");
    configuration.push_back(descriptor(name, found->second));
  }
  const JsonValue statement =
      JsonValue::Object{{"_type", "https://in-toto.io/Statement/v1"},
                        {"subject", std::move(subject)},
                        {"predicateType", "https://in-toto.io/attestation/test-result/v0.1"},
                        {"predicate", JsonValue::Object{{"result", "PASSED"},
                                                        {"configuration", std::move(configuration)},
                                                        {"passedTests", texts_to_json(required.testcases)},
                                                        {"warnedTests", JsonValue::Array{}},
                                                        {"failedTests", JsonValue::Array{}}}}};
  return Statement{write_json(statement, true) + "\n", required.is_signed, required.testcases.size(), images.size(),
                   required.sessions};
}

}  // namespace bootrig
