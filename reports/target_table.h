// The table at the end of a run: one row per target, its standings counted.
#pragma once

#include <array>
#include <map>
#include <string>

#include "reports/style.h"
#include "run/result.h"

namespace bootrig {

struct TargetRow {
  std::array<std::size_t, 9> counts{};        // by Standing
  std::map<std::string, std::string> values;  // level, gic, memory, ...
  Duration time{0};

  void add(const TargetRow& other);
};

// Columns whose cells are all 0 or empty are left out, but for pass, fail and error. Of very many rows,
// those with failures.
std::string target_table(const std::map<std::string, TargetRow>& rows, const Style& style);

}  // namespace bootrig
