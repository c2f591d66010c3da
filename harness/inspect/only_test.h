// The one that is there, for tests: a failure of the test, and an empty one, where there are none or several.
#pragma once

#include <gtest/gtest.h>

#include <vector>

namespace bootrig {

template <typename T>
T only(const std::vector<T>& found) {
  EXPECT_EQ(found.size(), 1u);
  return found.size() == 1 ? found.front() : T{};
}

}  // namespace bootrig
