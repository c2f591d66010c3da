// The tests of commands neither see nor change the cache and the parameters of the user that runs them: bootrig's own
// are below the build's folder.
#include <gtest/gtest.h>
#include <stdlib.h>

#include "testing/paths.h"

namespace bootrig {
namespace {

class UserFolders : public testing::Environment {
 public:
  void SetUp() override {
    ::setenv("XDG_CACHE_HOME", build_path("tests/cache").c_str(), 1);
    ::setenv("XDG_CONFIG_HOME", build_path("tests/config").c_str(), 1);
  }
};

[[maybe_unused]] const auto* const registered = testing::AddGlobalTestEnvironment(new UserFolders);

}  // namespace
}  // namespace bootrig
