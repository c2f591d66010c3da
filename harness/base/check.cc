#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace bootrig {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "bootrig: internal error: CHECK(%s) failed at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace bootrig
