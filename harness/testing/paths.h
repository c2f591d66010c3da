#pragma once

#include <string>
#include <string_view>

// Where the tests find the project. Functions rather than macros on every command line, so that one compiler cache
// serves all checkouts.
namespace bootrig {

// The checkout's folder, or the path of a file in it (no slash in front).
std::string source_path(std::string_view relative = {});

// The same in the folder of the build, for programs that tests start.
std::string build_path(std::string_view relative);

}  // namespace bootrig
