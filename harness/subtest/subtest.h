// Subtests: results that a test framework in the guest prints on the console, each a row below its testcase.
//
// KTAP: the kernel's Documentation/dev-tools/ktap.rst (version 1), nested by indentation, with or without the kernel
// log's timestamps; TAP 13 and 14 as far as they are the same. JUnit: <testsuite> and <testcase> elements between other
// lines, as sel4test's reporter prints them, and its plain form "Running test NAME", "Test NAME passed".
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bootrig {

enum class SubtestDialect { kKtap, kJUnit };
std::string_view to_text(SubtestDialect dialect);  // "ktap", "junit"

struct Subtest {
  enum class Status { kPass, kFail, kSkip };
  std::string name;  // "suite.test"; raw bytes, at most 512
  Status status = Status::kPass;
  std::string detail;      // why it failed, or was skipped; may be empty
  std::uint64_t line = 0;  // of the console, from 1
};
std::string_view to_text(Subtest::Status status);  // "pass", "fail", "skip"

struct SubtestFacts {
  std::vector<Subtest> subtests;      // in the order in which they ended; at most 100000
  std::vector<std::string> problems;  // "'suite' planned 3 results, 2 came": what makes the list one not to trust
};

// Reads a console's bytes, in any split, in bounded memory: a line counts up to 4 KiB. Never fails: what is no result is
// passed over, what is missing is a problem.
class SubtestReader {
 public:
  explicit SubtestReader(SubtestDialect dialect);
  ~SubtestReader();
  SubtestReader(SubtestReader&&) noexcept;

  void feed(std::string_view bytes);
  // What came so far, as if the console ended here. More may be fed.
  SubtestFacts facts() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bootrig
