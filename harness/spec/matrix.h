// Matrix: the cross product of scenarios and targets, and its exceptions, as scenarios/*.matrix.json says. Plain data;
// run/plan.h expands it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "spec/scenario.h"
#include "spec/target.h"

namespace bootrig {

struct MatrixEntry {
  std::vector<std::string> scenarios;  // names or globs, "boot/*"
  std::vector<std::string> targets;    // names or globs, "virt", "virt-el?-*"
  // Varied machine keys, in the file's order; each value as text: {"memory", {"1G", "2G"}}.
  std::vector<std::pair<std::string, std::vector<std::string>>> vary;
  std::vector<std::string> tags;  // if not empty: only scenarios that have one of these
  std::string place;              // "scenarios/nightly.matrix.json:/entries/0"
};

// A condition on a testcase. Every part given must hold.
struct CellCondition {
  std::vector<std::string> scenarios;                     // globs; empty: all
  std::vector<std::string> targets;                       // globs over the profile's name; empty: all
  std::map<std::string, std::vector<std::string>> where;  // machine key -> allowed values
};

struct ExcludeRule {
  CellCondition condition;
  std::string reason;
  std::string place;
};

struct ExpectFailRule {
  CellCondition condition;
  ExpectedFailure expected;
  std::string place;
};

// The cell runs and is reported, but does not gate until the date; from that date on it does again.
struct QuarantineRule {
  CellCondition condition;
  std::string reason;
  std::string owner;
  std::string until;  // "2026-12-31"
  std::string place;
};

struct Matrix {
  std::string name;  // "nightly"
  std::string summary;
  std::vector<MatrixEntry> entries;
  std::vector<ExcludeRule> exclude;
  std::vector<ExpectFailRule> expect_fail;
  std::vector<QuarantineRule> quarantine;
};

Result<Matrix> parse_matrix(std::string_view name, std::string_view display_name, std::string_view text);

}  // namespace bootrig
