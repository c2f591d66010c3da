// Rates of testcases that were run more than once: so many sessions passed of so many, and how sure that is. A session
// is an attempt; one that ended as expected passed, one that was skipped or was an error of ours does not count.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/statistics.h"
#include "reports/style.h"
#include "run/result.h"

namespace bootrig {

struct Rate {
  std::string cell;
  std::size_t passed = 0, sessions = 0;

  double value() const { return sessions == 0 ? 0 : static_cast<double>(passed) / static_cast<double>(sessions); }
};
// "197 of 200 passed (98.5 %; 95 % confidence, Wilson: 95.7 % to 99.5 %)"
std::string rate_words(const Rate& rate);

// Memory: some 40 bytes a cell, and the names of those that were repeated.
class RateTable {
 public:
  void add(const RunResult& result);
  // Of the cells that were repeated; the lowest first, equal ones by name.
  std::vector<Rate> rates() const;

 private:
  struct Counts {
    std::size_t passed = 0, sessions = 0;
    std::string cell;  // empty: not repeated so far
  };
  std::unordered_map<std::size_t, Counts> counts_;  // by the hash of the cell
};

// A line each, the lowest rates first; empty: nothing was repeated.
std::string rates_text(const RateTable& table, const Style& style);

}  // namespace bootrig
