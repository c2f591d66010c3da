// History: every run of a project and what became of each testcase, in one SQLite file. Two bootrigs may use it at
// once: each waits for the other's writes (5 s at most), readers wait for nobody (write-ahead log). What a run's folder
// holds (transcripts, diagnoses) is not in it.
//
// Every error names the file and what to do. A history that cannot be used is no reason for a run to fail: the caller
// warns.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "history/record.h"

namespace bootrig {

// One row of the list of runs.
struct RunRow {
  RunRecord run;  // without its results
  RunTotals totals;
};

// When something was first seen.
struct Since {
  std::int64_t run = 0;  // its id
  std::string revision;  // empty: the project has none
  std::int64_t at_ms = 0;
};

// An earlier life of a failure that has come back.
struct EarlierLife {
  Since first, last;            // the runs that failed so
  std::optional<Since> mended;  // the run after them that passed; none: nothing was tried, or it failed otherwise
};

class History {
 public:
  // Makes the file and its folder when they are missing.
  static Result<History> create(const std::filesystem::path& path);
  // An error when there is no file.
  static Result<History> open(const std::filesystem::path& path);
  History(History&&) noexcept;
  History& operator=(History&&) noexcept;
  ~History();

  // A run in three steps, so that its results need not be held: begin, add as they come, end. Until it has ended all
  // that is planned counts as missing. None: this run is there already (same time, host and command).
  Result<std::optional<std::int64_t>> begin_run(const RunRecord& run);
  Result<void> add_results(std::int64_t run, std::int64_t run_started_at_ms, std::span<const ResultRecord> results);
  Result<void> end_run(std::int64_t run, const RunInfo& info, std::size_t missing);
  // All three. False: it is there already.
  Result<bool> add(const RunRecord& run);
  // Forgets the unfinished runs that left their files in `folder`: a resumed one takes their place.
  Result<void> forget_unfinished(const std::string& folder);

  // The latest first.
  Result<std::vector<RunRow>> runs(std::size_t limit) const;
  // "last", "last~2", an id, or the first letters of a revision (4 at least): of several runs the latest.
  Result<std::int64_t> find(std::string_view name) const;
  Result<RunRecord> run(std::int64_t id) const;

  // The results of the cell in the latest run before that time that has any which were tried, with that run's
  // information; none: there is no such run.
  Result<std::optional<RunRecord>> latest_of(std::string_view cell, std::int64_t before_ms) const;
  // Where the cell's present row of failures with this signature began: the first run with it after the last, before
  // that time, in which the cell was tried and did not fail so. None: it never failed so before.
  Result<std::optional<Since>> first_failure(std::string_view cell, std::string_view signature,
                                             std::int64_t before_ms) const;
  // All that is known of the cell's failures with this signature before that time. None: it never failed so.
  Result<std::optional<EarlierLife>> earlier_life(std::string_view cell, std::string_view signature,
                                                  std::int64_t before_ms) const;
  // The last run in which the cell passed with this very image at this revision under this emulator.
  Result<std::optional<Since>> passed_with(std::string_view cell, std::string_view image_sha256,
                                           std::string_view revision, std::string_view emulator) const;

 private:
  struct State;
  explicit History(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace bootrig
