// The tables of a history. Private to this room.
#pragma once

#include "base/error.h"
#include "history/sql.h"

namespace bootrig {

// Makes the tables in a new file, and checks that those of another are this version's. `create`: the file may be new.
Result<void> prepare_tables(Sql& sql, bool create);

}  // namespace bootrig
