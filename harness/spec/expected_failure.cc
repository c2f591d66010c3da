#include "spec/expected_failure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "spec/root_causes.h"

namespace bootrig {
namespace {

const std::array<std::string, 2> kVerdicts{"fail", "error"};
constexpr std::size_t kFails = 9;
const std::array<std::string, 14> kCauses{// fail
                                          "missing-output", "unexpected-output", "failure-signature", "failed-subtest",
                                          "exception", "wrong-ending", "boot-timeout", "test-timeout", "inactivity",
                                          // error
                                          "bad-spec", "image-build", "machine-start", "host", "internal"};

std::vector<std::string> root_cause_words() {
  std::vector<std::string> words(root_cause_names().begin(), root_cause_names().end());
  words.emplace_back(kNoRootCause);
  return words;
}

}  // namespace

std::span<const std::string> fail_causes() {
  return std::span(kCauses).first(kFails);
}
std::span<const std::string> error_causes() {
  return std::span(kCauses).subspan(kFails);
}

void read_expected_failure(JsonReader& json, ExpectedFailure& expected) {
  json.word("verdict", expected.verdict, kVerdicts, kRequired);
  json.word("cause", expected.cause, kCauses, kRequired);
  std::string root_cause;
  json.word("root-cause", root_cause, root_cause_words());
  if (!root_cause.empty()) expected.root_cause = root_cause;
  json.text("detail", expected.detail);
  json.text("reason", expected.reason, kRequired);
  if (expected.verdict.empty() || expected.cause.empty()) return;
  const bool fails = std::ranges::find(fail_causes(), expected.cause) != fail_causes().end();
  const std::string owner = fails ? "fail" : "error";
  if (expected.verdict != owner) {
    json.refuse("cause", fmt::format("'{}' is a cause of the verdict '{}', not of '{}'", expected.cause, owner,
                                     expected.verdict));
  }
}

}  // namespace bootrig
