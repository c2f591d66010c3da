// The options that choose testcases: shared by run and plan.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "run/plan.h"

namespace CLI {
class App;
}

namespace bootrig {

struct SelectionOptions {
  Selection selection;
  std::string shard;
  std::string durations;
  std::string shuffle;
  std::string project;
};

void add_selection_options(CLI::App& app, SelectionOptions& options);
// What the options say. Errors name the option.
Result<Selection> to_selection(const SelectionOptions& options);

}  // namespace bootrig
