// Proofs of many testcases as text for people and as JSON (reports/prove.schema.json).
#pragma once

#include <string>
#include <vector>

#include "json/value.h"
#include "prove/proof.h"

namespace bootrig {

struct ProvenTestcase {
  std::string id;  // "boot/hello@virt[gic=3]"
  std::string scenario;
  Proof proof;
};

// A testcase that there is nothing to prove of.
struct LeftOut {
  enum class Why { kExpectedFailure, kSkipped, kNotPassed };
  std::string id;
  Why why = Why::kNotPassed;
  std::string reason;
};

struct Proofs {
  std::vector<ProvenTestcase> testcases;
  std::vector<LeftOut> left_out;

  std::size_t mutants() const;
  std::size_t survivors() const;
  // No survivor, and all that could be looked at passed.
  bool hold() const;
};

// One paragraph for each expectation that cannot fail, however many testcases it was found in; then the counts.
std::string to_text(const Proofs& proofs);
JsonValue to_json(const Proofs& proofs);

}  // namespace bootrig
