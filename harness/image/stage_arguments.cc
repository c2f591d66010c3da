#include "image/stage_arguments.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace bootrig {

bool StageArguments::has(const std::string& name) const {
  return std::ranges::any_of(options, [&](const auto& option) { return option.first == name; });
}

Result<std::string> StageArguments::one(const std::string& name) const {
  const std::vector<std::string> values = all(name);
  if (values.empty()) return fail(fmt::format("option {} is missing", name));
  return values.back();
}

std::vector<std::string> StageArguments::all(const std::string& name) const {
  std::vector<std::string> values;
  for (const auto& [option, value] : options) {
    if (option == name) values.push_back(value);
  }
  return values;
}

Result<StageArguments> read_stage_arguments(const std::vector<std::string>& words,
                                            const std::vector<std::string>& allowed) {
  StageArguments arguments;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!words[i].starts_with("--")) {
      arguments.others.push_back(words[i]);
      continue;
    }
    if (std::ranges::find(allowed, words[i]) == allowed.end()) {
      return fail(fmt::format("'{}' is no option of this stage; there are {}{}", printable(words[i]), one_of(allowed),
                              did_you_mean(words[i], allowed)));
    }
    if (i + 1 == words.size()) return fail(fmt::format("option {} needs a value", words[i]));
    arguments.options.emplace_back(words[i], words[i + 1]);
    ++i;
  }
  return arguments;
}

}  // namespace bootrig
