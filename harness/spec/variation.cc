// Target references and variations: "virt[gic=3,memory=1G]".
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "spec/machine_keys.h"
#include "spec/names.h"
#include "spec/target.h"

namespace bootrig {

std::string target_id(std::string_view name, const Variation& variation) {
  std::string id(name);
  for (const auto& [key, value] : variation) {
    id += fmt::format("{}{}={}", id.size() == name.size() ? "[" : ",", key, value);
  }
  return variation.empty() ? id : id + ']';
}

Result<TargetReference> parse_target_reference(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return fail(
        fmt::format("'{}' is not a target: {}; write a name, as in 'virt', or a name and what varies, "
                    "as in 'virt[gic=3,memory=1G]'",
                    printable(text), why));
  };
  const std::size_t bracket = std::min(text.find('['), text.size());
  TargetReference reference{std::string(text.substr(0, bracket)), {}};
  if (reference.name.empty()) return bad("it has no name");
  if (!is_path_of_names(reference.name)) return bad("its name has characters that no target has");
  if (bracket == text.size()) return reference;
  if (!text.ends_with(']')) return bad("it does not end with ']'");
  const std::string_view inside = text.substr(bracket + 1, text.size() - bracket - 2);
  for (const std::string_view part : split(inside, ',')) {
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos || equals == 0 || equals + 1 == part.size()) {
      return bad(fmt::format("'{}' is not a key, '=' and a value", printable(part)));
    }
    const std::string key(part.substr(0, equals));
    if (!reference.variation.emplace(key, part.substr(equals + 1)).second) {
      return bad(fmt::format("'{}' stands twice", printable(key)));
    }
  }
  return reference;
}

Result<TargetProfile> apply_variation(TargetProfile profile, const Variation& variation) {
  const std::string place = printable(target_id(profile.name, variation));
  for (const auto& [key, value] : variation) {
    if (std::ranges::find(profile.variable, key) == profile.variable.end()) {
      const std::string allowed = profile.variable.empty() ? std::string("nothing of it may")
                                                           : fmt::format("{} may{}", one_of(profile.variable),
                                                                         did_you_mean(key, profile.variable));
      return fail(place, fmt::format("'{}' may not vary in '{}'; {}", printable(key), profile.name, allowed));
    }
    if (const auto set = set_machine_value(profile.machine, key, value); !set) {
      return fail(place, fmt::format("{}: {}", key, set.error().message));
    }
  }
  if (const auto conflict = machine_conflict(profile.machine)) {
    return fail(place, fmt::format("{}: {}", conflict->key, conflict->message));
  }
  return profile;
}

}  // namespace bootrig
