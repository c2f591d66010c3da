// Failures by what triage says of them: equal signature, one group. A hundred cells of a matrix that fail for one cause
// are one thing to read.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "reports/style.h"
#include "triage/diagnosis.h"

namespace bootrig {

struct SignatureGroup {
  Diagnosis diagnosis;           // of the first testcase
  std::vector<std::string> ids;  // in the order of finishing
};

class SignatureGroups {
 public:
  void add(const std::string& id, const Diagnosis& diagnosis);
  // The largest first; equal ones in the order of their first testcase.
  std::vector<const SignatureGroup*> by_size() const;
  std::size_t testcases() const { return testcases_; }

 private:
  std::vector<SignatureGroup> groups_;
  std::unordered_map<std::string, std::size_t> group_of_;  // by signature
  std::size_t testcases_ = 0;
};

// "a, b, c, d, e and 30 more": safe for a terminal.
std::string first_names(const std::vector<std::string>& ids);

// "37 testcases fail for 2 causes", and each cause once with its testcases. For groups that have a cause.
std::string causes_text(const SignatureGroups& groups, const Style& style);

}  // namespace bootrig
