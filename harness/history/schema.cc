#include "history/schema.h"

#include <fmt/format.h>

namespace bootrig {
namespace {

// Changes when a reader of the old tables would misread the new ones (PRAGMA user_version).
constexpr std::int64_t kVersion = 1;

// Texts that come again every night (testcases, signatures, images) are stored once. `run_started_ms` stands in each
// result so that a testcase's past is read along one index; times of runs are Unix time in milliseconds, durations are
// microseconds.
constexpr const char* kTables = R"(
CREATE TABLE texts (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  started_ms INTEGER NOT NULL, name TEXT NOT NULL, command TEXT NOT NULL, host TEXT NOT NULL, emulator TEXT NOT NULL,
  revision TEXT NOT NULL, tool_version TEXT NOT NULL, planned INTEGER NOT NULL, missing INTEGER NOT NULL,
  folder TEXT NOT NULL,
  UNIQUE (started_ms, host, command));
CREATE TABLE results (
  run INTEGER NOT NULL REFERENCES runs, cell INTEGER NOT NULL REFERENCES texts, repetition INTEGER NOT NULL,
  run_started_ms INTEGER NOT NULL, verdict TEXT NOT NULL, cause TEXT NOT NULL, standing TEXT NOT NULL,
  root_cause INTEGER NOT NULL REFERENCES texts, signature INTEGER NOT NULL REFERENCES texts,
  detail INTEGER NOT NULL REFERENCES texts, image INTEGER NOT NULL REFERENCES texts,
  image_sha256 INTEGER NOT NULL REFERENCES texts, attempts INTEGER NOT NULL, duration_us INTEGER NOT NULL,
  wall_us INTEGER NOT NULL, first_output_us INTEGER NOT NULL, started_ms INTEGER NOT NULL,
  PRIMARY KEY (run, cell, repetition)) WITHOUT ROWID;
CREATE INDEX results_by_cell ON results (cell, run_started_ms);
PRAGMA user_version = 1;
)";

Result<std::int64_t> number_of(Sql& sql, const char* query) {
  BOOTRIG_TRY(SqlStatement statement, sql.prepare(query));
  BOOTRIG_TRY(const bool found, statement.step());
  return found ? statement.integer(0) : 0;
}

}  // namespace

Result<void> prepare_tables(Sql& sql, bool create) {
  BOOTRIG_TRY(std::int64_t version, number_of(sql, "PRAGMA user_version"));
  if (version == 0 && create) {
    BOOTRIG_TRY(SqlTransaction transaction, SqlTransaction::begin(sql));
    // Another bootrig may have made them while we waited for the lock.
    BOOTRIG_TRY(version, number_of(sql, "PRAGMA user_version"));
    BOOTRIG_TRY(const std::int64_t tables, number_of(sql, "SELECT count(*) FROM sqlite_master"));
    if (version == 0 && tables == 0) {
      BOOTRIG_TRY_VOID(sql.run(kTables));
      version = kVersion;
    }
    BOOTRIG_TRY_VOID(transaction.commit());
    // Stays in the file. Where the file system cannot do it, or another is at work, the file is as good without.
    (void)sql.run("PRAGMA journal_mode = WAL");
  }
  if (version > kVersion) {
    return fail(sql.place(), fmt::format("the history is of a newer bootrig (its tables have version {}, this bootrig "
                                         "knows {}); use that one, or name another file with --history",
                                         version, kVersion));
  }
  if (version == 0) return fail(sql.place(), "is no history: the database has other tables");
  // A power cut may cost the last runs, never the file (SQLite, PRAGMA synchronous, NORMAL in WAL mode).
  return sql.run("PRAGMA synchronous = NORMAL");
}

}  // namespace bootrig
