// Scenario: one test description, as scenarios/**/scenario.json and the transcript beside it say. Plain data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "match/expectations.h"
#include "spec/target.h"
#include "subtest/subtest.h"

namespace bootrig {

// How the machine must be found at the end. kAny: whatever the ending, the transcript alone decides.
enum class Ending { kRunning, kPowerOff, kReset, kAny };
std::string_view to_text(Ending ending);  // "running", "power-off", "reset", "any"

// The verdict that a scenario or a matrix rule expects instead of a pass. Names as in run/verdict.h.
struct ExpectedFailure {
  std::string verdict;                    // "fail" or "error"
  std::string cause;                      // "exception", "test-timeout", "image-build", ...
  std::optional<std::string> root_cause;  // a root cause of triage's (spec/root_causes.h), or "none"
  std::optional<std::string> detail;  // text that the cause's detail must hold: a signature's name, a compiler's words
  std::string reason;                 // why this failure is right; shown in reports
};

struct Timeouts {
  Duration overall = std::chrono::seconds(30);  // "timeout": power-on to the end
  std::optional<Duration> boot;                 // "boot": {"timeout"}: power-on to the end of the boot stage
  std::optional<Duration> inactivity;           // "inactivity": the longest silence allowed
};

// Restricts a scenario to targets: {"level": ["1","2"]} means machine_value must be one of them. With the reason.
struct Requirement {
  std::string key;
  std::vector<std::string> allowed;
  std::string reason;
};

struct Scenario {
  std::string name;  // the folder below scenarios/: "boot/hello"
  std::string summary;
  std::filesystem::path file;
  std::vector<std::string> tags;
  std::string image;                              // an image's name, "reference-hello"
  std::map<std::string, std::string> parameters;  // "set": recipe parameters
  Timeouts timeouts;
  Ending ending = Ending::kRunning;
  Duration settle{0};  // ending "running": how long to go on listening after the last expected line
  std::optional<std::uint64_t> output_limit;  // bytes of UART output allowed; more is unexpected-output
  std::optional<SubtestDialect> subtests;     // the guest prints results of its own
  std::vector<Requirement> requires_;
  std::optional<ExpectedFailure> expect_fail;
  std::shared_ptr<const Expectations> expectations;  // transcript, steps, forbid, armed signatures: compiled
};

// Reads a scenario. `display_name` goes into errors; `name` is the folder's name below scenarios/.
// `read_beside` gives the bytes of a file in the scenario's folder (its transcript).
using FileSource = std::function<Result<NamedText>(std::string_view file)>;
Result<Scenario> parse_scenario(std::string_view name, std::string_view display_name, std::string_view text,
                                const FileSource& read_beside);

}  // namespace bootrig
