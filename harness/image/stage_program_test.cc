// The main of this room's tests. It is also the program that their builds run for the native
// stages, so that the tests need no bootrig beside them.
#include <gtest/gtest.h>

#include <cstdio>

#include "image/stage.h"

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "stage") {
    const auto done = bootrig::run_stage({argv + 2, argv + argc});
    if (done) return 0;
    std::fprintf(stderr, "error: %s\n", to_text(done.error()).c_str());
    return 1;
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
