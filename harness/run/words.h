// The words of verdict.h's enumerations, and the way back from them: what reports, the journal and spec files say.
#pragma once

#include <optional>
#include <string_view>

#include "run/verdict.h"

namespace bootrig {

std::optional<VerdictKind> verdict_kind_from(std::string_view text);
std::optional<Cause> cause_from(std::string_view text);
std::optional<Termination> termination_from(std::string_view text);
std::optional<Standing> standing_from(std::string_view text);

}  // namespace bootrig
