// Every dump of a transcript explained by itself: diagnose() explains the first that it sees.
#pragma once

#include <vector>

#include "triage/diagnosis.h"

namespace bootrig {

struct DumpDiagnoses {
  std::vector<Diagnosis> diagnoses;  // in the order of the dumps
  std::size_t untold = 0;            // dumps past `most`
};

// The first `most` dumps of the evidence's transcript; without a dump, what diagnose() says of the whole. Each is
// explained as if it were the only one: earlier ones are blanked out, and what follows it is not read.
DumpDiagnoses diagnose_dumps(const Evidence& evidence, std::size_t most);

}  // namespace bootrig
