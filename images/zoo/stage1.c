// Each level of a regime: leaves with every right, access flags, descriptors that lead nowhere.
#include "cases.h"

static void leaf_rights(const struct config* config, int level) {
  another("kernel", level);
  map(level, good_attributes());
  attempt_all();
  another("read-only", level);
  map(level, good_attributes() | READ_ONLY);
  attempt_all();
  another("xn", level);
  map(level, good_attributes() | EXECUTE_NEVER);
  attempt(kRead);
  attempt(kExecute);
  if (config->kind == kEl2) return;
  another("user", level);
  map(level, good_attributes() | USER);
  attempt_all();
  another("user-read-only", level);
  map(level, good_attributes() | USER | READ_ONLY);
  attempt_all();
  another("pxn", level);
  map(level, good_attributes() | USER | READ_ONLY | PRIVILEGED_EXECUTE_NEVER);
  attempt(kExecute);
  attempt(kUserExecute);
  another("uxn", level);
  map(level, good_attributes() | USER | READ_ONLY | EXECUTE_NEVER);
  attempt(kExecute);
  attempt(kUserExecute);
}

static void no_access_flag(int level) {
  another("no-af", level);
  map(level, good_attributes() & ~ACCESSED);
  attempt(kRead);
  attempt(kWrite);
  attempt(kExecute);
}

static void broken_descriptor(const struct config* config, int level) {
  another("invalid", level);
  map(3, good_attributes());
  *descriptor(level) &= ~1ul;
  attempt(kRead);
  attempt(kWrite);
  attempt(kExecute);
  if (config->kind != kEl2) attempt(kUserRead);

  // With FEAT_LPA and FEAT_LPA2 a block may stand one level higher.
  if (level == 3 || (level < 1 && !config->wide)) {
    another("reserved", level);
    map(3, good_attributes());
    *descriptor(level) &= ~2ul;
    attempt(kRead);
  }
  if (!config->wide) {
    another("too-large", level);
    map(3, good_attributes());
    *descriptor(level) |= TOO_LARGE;
    attempt(kRead);
    attempt(kExecute);
  }
  if (level < 3) {
    another("no-table", level);
    map(3, good_attributes());
    *descriptor(level) = NOTHING_THERE | TABLE;
    attempt(kRead);
    attempt(kExecute);
  }
}

void stage1_cases(const struct config* config) {
  begin(config, "", kNoLevel);
  const int start = now.tables.start;
  for (int level = start; level <= 3; ++level) {
    broken_descriptor(config, level);
    if (!is_leaf_level(config->page_bits, level)) continue;
    leaf_rights(config, level);
    no_access_flag(level);
  }
}
