// The cases, by what they are about. Each function takes a configuration and attempts all of its kind.
#pragma once

#include "regime.h"

// What an ID register says, as far as cases depend on it (DDI 0487, ID_AA64MMFR0_EL1 to MMFR2).
struct features {
  unsigned pa_range;  // 0 to 6, as in TCR.PS
  bool granule_16k, lpa2, wide_va, small_tables, hierarchy_off, pan, access_flag, dirty, e0pd, vhe, xnx, pauth;
};
extern struct features features;

// stage1.c: every level of one configuration.
void stage1_cases(const struct config* config);
// special.c: what does not depend on the level.
void special_cases(const struct config* config);
// stage2.c: `config` has a stage 2. Every level of that, and the walks of stage 1 through it.
void stage2_cases(const struct config* config);
void stage1_under_stage2_cases(const struct config* config);
