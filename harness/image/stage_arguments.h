// The words behind `bootrig stage NAME`: options with a value each, and what else stands there. Private to image/.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace bootrig {

struct StageArguments {
  std::vector<std::pair<std::string, std::string>> options;  // {"--output", "kernel.elf"}, in order
  std::vector<std::string> others;

  bool has(const std::string& name) const;
  // The last value of an option that must be there.
  Result<std::string> one(const std::string& name) const;
  // Every value of an option, in order.
  std::vector<std::string> all(const std::string& name) const;
};

// An option that is none of `allowed`, or has no value, is an error.
Result<StageArguments> read_stage_arguments(const std::vector<std::string>& words,
                                            const std::vector<std::string>& allowed);

}  // namespace bootrig
