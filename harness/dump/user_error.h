// The seL4 kernel's own words for a system call that it refuses (debug builds): "<<seL4(CPU 0) [decodeInvocation/646
// T0xffffff807fb2e400 "rootserver" @401234]: Attempted to invoke a null cap #0.>>". It is no fault; the caller may well
// live with it. But it may be what a fault that follows comes from.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bootrig::dump {

// The last one in the 16 KiB that end `before` whose thread has the name; cleaned, without the brackets.
std::optional<std::string> last_user_error(std::string_view before, std::string_view thread);

}  // namespace bootrig::dump
