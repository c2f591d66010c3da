#include "history/history.h"

#include <fmt/format.h>

#include <chrono>
#include <map>

#include "base/file.h"
#include "base/text.h"
#include "history/schema.h"
#include "history/sql.h"
#include "run/words.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kRevisionLetters = 4;
// Columns of a result with its texts in place of their ids, from `results AS r`; read by result_of().
#define BOOTRIG_TEXT(column) "(SELECT text FROM texts WHERE id = r." column ")"
constexpr std::string_view kResultColumns = BOOTRIG_TEXT("cell") ", r.repetition, r.verdict, r.cause, r.standing, "  //
    BOOTRIG_TEXT("root_cause") ", " BOOTRIG_TEXT("signature") ", " BOOTRIG_TEXT("detail") ", "                       //
    BOOTRIG_TEXT("image") ", " BOOTRIG_TEXT("image_sha256")                                                          //
    ", r.attempts, r.duration_us, r.wall_us, r.first_output_us, r.started_ms";
#undef BOOTRIG_TEXT
constexpr std::string_view kRunColumns =
    "u.id, u.started_ms, u.name, u.command, u.host, u.emulator, u.revision, u.tool_version, u.planned, u.missing, "
    "u.folder";

std::int64_t microseconds(Duration duration) {
  return duration / std::chrono::microseconds(1);
}

ResultRecord result_of(const SqlStatement& row) {
  ResultRecord result;
  result.cell = row.text(0);
  result.repetition = static_cast<unsigned>(row.integer(1));
  result.verdict = verdict_kind_from(row.text(2)).value_or(VerdictKind::kError);
  result.cause = cause_from(row.text(3)).value_or(Cause::kInternal);
  result.standing = standing_from(row.text(4)).value_or(Standing::kErrored);
  result.root_cause = row.text(5);
  result.signature = row.text(6);
  result.detail = row.text(7);
  result.image = row.text(8);
  result.image_sha256 = row.text(9);
  result.attempts = static_cast<std::uint64_t>(row.integer(10));
  result.duration = std::chrono::microseconds(row.integer(11));
  result.wall = std::chrono::microseconds(row.integer(12));
  result.first_output = std::chrono::microseconds(row.integer(13));
  result.started_at_ms = row.integer(14);
  return result;
}

RunRecord run_of(const SqlStatement& row) {
  RunRecord run;
  run.id = row.integer(0);
  run.info.started_at_ms = row.integer(1);
  run.info.name = row.text(2);
  run.info.command = row.text(3);
  run.info.host = row.text(4);
  run.info.emulator = row.text(5);
  run.info.revision = row.text(6);
  run.info.tool_version = row.text(7);
  run.info.planned = static_cast<std::size_t>(row.integer(8));
  run.missing = static_cast<std::size_t>(row.integer(9));
  run.folder = row.text(10);
  return run;
}

}  // namespace

struct History::State {
  explicit State(Sql opened) : sql(std::move(opened)) {}

  // Prepared once: a run asks the same for each of its cells.
  Result<SqlStatement*> statement(const std::string& text) {
    auto found = statements.find(text);
    if (found == statements.end()) {
      BOOTRIG_TRY(SqlStatement prepared, sql.prepare(text));
      found = statements.emplace(text, std::move(prepared)).first;
    }
    found->second.reset();
    return &found->second;
  }
  Result<std::int64_t> text_id(std::string_view text);
  Result<void> add_result(SqlStatement& insert, std::int64_t run, std::int64_t run_started_at_ms,
                          const ResultRecord& result);
  Result<std::optional<Since>> first_of(SqlStatement& query);

  Sql sql;
  std::map<std::string, SqlStatement> statements;  // destroyed before the database
};

History::History(std::unique_ptr<State> state) : state_(std::move(state)) {}
History::History(History&&) noexcept = default;
History& History::operator=(History&&) noexcept = default;
History::~History() = default;

Result<History> History::create(const fs::path& path) {
  if (path.has_parent_path()) BOOTRIG_TRY_VOID(make_folders(path.parent_path()));
  BOOTRIG_TRY(Sql sql, Sql::open(path, /*create=*/true));
  BOOTRIG_TRY_VOID(prepare_tables(sql, /*create=*/true));
  return History(std::make_unique<State>(std::move(sql)));
}

Result<History> History::open(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    return fail(display_path(path), "there is no history yet: 'bootrig run' begins one, 'bootrig history import' too");
  }
  BOOTRIG_TRY(Sql sql, Sql::open(path, /*create=*/false));
  BOOTRIG_TRY_VOID(prepare_tables(sql, /*create=*/false));
  return History(std::make_unique<State>(std::move(sql)));
}

Result<std::int64_t> History::State::text_id(std::string_view text) {
  BOOTRIG_TRY(SqlStatement * find, statement("SELECT id FROM texts WHERE text = ?"));
  BOOTRIG_TRY(const bool found, find->bind(text).step());
  const std::int64_t id = found ? find->integer(0) : 0;
  find->reset();
  if (found) return id;
  BOOTRIG_TRY(SqlStatement * insert, statement("INSERT INTO texts (text) VALUES (?)"));
  BOOTRIG_TRY_VOID(insert->bind(text).run());
  return sql.last_row();
}

Result<void> History::State::add_result(SqlStatement& insert, std::int64_t run, std::int64_t run_started_at_ms,
                                        const ResultRecord& result) {
  BOOTRIG_TRY(const std::int64_t cell, text_id(result.cell));
  BOOTRIG_TRY(const std::int64_t root_cause, text_id(result.root_cause));
  BOOTRIG_TRY(const std::int64_t signature, text_id(result.signature));
  BOOTRIG_TRY(const std::int64_t detail, text_id(result.detail));
  BOOTRIG_TRY(const std::int64_t image, text_id(result.image));
  BOOTRIG_TRY(const std::int64_t image_sha256, text_id(result.image_sha256));
  insert.bind(run).bind(cell).bind(std::int64_t{result.repetition}).bind(run_started_at_ms);
  insert.bind(to_text(result.verdict)).bind(to_text(result.cause)).bind(to_text(result.standing));
  insert.bind(root_cause).bind(signature).bind(detail).bind(image).bind(image_sha256);
  insert.bind(static_cast<std::int64_t>(result.attempts)).bind(microseconds(result.duration));
  insert.bind(microseconds(result.wall)).bind(microseconds(result.first_output)).bind(result.started_at_ms);
  return insert.run();
}

Result<std::optional<std::int64_t>> History::begin_run(const RunRecord& run) {
  BOOTRIG_TRY(SqlStatement * insert,
              state_->statement("INSERT INTO runs (started_ms, name, command, host, emulator, revision, tool_version, "
                                "planned, missing, folder) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                                "ON CONFLICT DO NOTHING RETURNING id"));
  const RunInfo& info = run.info;
  const auto planned = static_cast<std::int64_t>(info.planned);
  insert->bind(info.started_at_ms).bind(info.name).bind(info.command).bind(info.host).bind(info.emulator);
  insert->bind(info.revision).bind(info.tool_version).bind(planned).bind(planned).bind(run.folder);
  BOOTRIG_TRY(const bool inserted, insert->step());
  const std::optional<std::int64_t> id = inserted ? std::optional(insert->integer(0)) : std::nullopt;
  insert->reset();
  return id;
}

Result<void> History::add_results(std::int64_t run, std::int64_t run_started_at_ms,
                                  std::span<const ResultRecord> results) {
  const bool alone = !state_->sql.in_transaction();
  std::optional<SqlTransaction> transaction;
  if (alone) {
    BOOTRIG_TRY(SqlTransaction begun, SqlTransaction::begin(state_->sql));
    transaction.emplace(std::move(begun));
  }
  for (const ResultRecord& result : results) {
    BOOTRIG_TRY(SqlStatement * insert, state_->statement("INSERT OR REPLACE INTO results "
                                                         "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    BOOTRIG_TRY_VOID(state_->add_result(*insert, run, run_started_at_ms, result));
  }
  return transaction ? transaction->commit() : Result<void>();
}

Result<void> History::end_run(std::int64_t run, const RunInfo& info, std::size_t missing) {
  BOOTRIG_TRY(SqlStatement * update,
              state_->statement("UPDATE runs SET emulator = ?, planned = ?, missing = ? WHERE id = ?"));
  update->bind(info.emulator).bind(static_cast<std::int64_t>(info.planned)).bind(static_cast<std::int64_t>(missing));
  return update->bind(run).run();
}

Result<bool> History::add(const RunRecord& run) {
  BOOTRIG_TRY(SqlTransaction transaction, SqlTransaction::begin(state_->sql));
  BOOTRIG_TRY(const auto id, begin_run(run));
  if (!id) return false;
  BOOTRIG_TRY_VOID(add_results(*id, run.info.started_at_ms, run.results));
  BOOTRIG_TRY_VOID(end_run(*id, run.info, run.missing));
  BOOTRIG_TRY_VOID(transaction.commit());
  return true;
}

Result<void> History::forget_unfinished(const std::string& folder) {
  BOOTRIG_TRY(SqlTransaction transaction, SqlTransaction::begin(state_->sql));
  BOOTRIG_TRY(SqlStatement * results,
              state_->statement("DELETE FROM results WHERE run IN (SELECT id FROM runs WHERE folder = ? AND missing > "
                                "0)"));
  BOOTRIG_TRY_VOID(results->bind(folder).run());
  BOOTRIG_TRY(SqlStatement * runs, state_->statement("DELETE FROM runs WHERE folder = ? AND missing > 0"));
  BOOTRIG_TRY_VOID(runs->bind(folder).run());
  return transaction.commit();
}

Result<std::vector<RunRow>> History::runs(std::size_t limit) const {
  BOOTRIG_TRY(SqlStatement query,
              state_->sql.prepare(
                  fmt::format("SELECT {} FROM runs AS u ORDER BY u.started_ms DESC, u.id DESC LIMIT ?", kRunColumns)));
  BOOTRIG_TRY(SqlStatement counts,
              state_->sql.prepare("SELECT standing, count(*) FROM results WHERE run = ? GROUP BY standing"));
  query.bind(static_cast<std::int64_t>(limit));
  std::vector<RunRow> rows;
  for (;;) {
    BOOTRIG_TRY(const bool found, query.step());
    if (!found) return rows;
    RunRow row{run_of(query), {}};
    counts.reset();
    counts.bind(row.run.id);
    for (;;) {
      BOOTRIG_TRY(const bool counted, counts.step());
      if (!counted) break;
      const Standing standing = standing_from(counts.text(0)).value_or(Standing::kErrored);
      row.totals.add(standing, static_cast<std::size_t>(counts.integer(1)));
    }
    rows.push_back(std::move(row));
  }
}

Result<std::int64_t> History::find(std::string_view name) const {
  const auto one = [&](std::string_view statement, auto value) -> Result<std::optional<std::int64_t>> {
    BOOTRIG_TRY(SqlStatement query, state_->sql.prepare(statement));
    BOOTRIG_TRY(const bool found, query.bind(value).step());
    return found ? std::optional(query.integer(0)) : std::nullopt;
  };
  std::optional<std::int64_t> id;
  if (name == "last" || name.starts_with("last~")) {
    std::uint64_t back = 0;
    if (name != "last") {
      BOOTRIG_TRY(back, parse_count(name.substr(5)));
    }
    BOOTRIG_TRY(id, one("SELECT id FROM runs ORDER BY started_ms DESC, id DESC LIMIT 1 OFFSET ?",
                        static_cast<std::int64_t>(std::min<std::uint64_t>(back, 1u << 30))));
    if (!id) return fail(state_->sql.place(), fmt::format("the history has no run '{}'", name));
    return *id;
  }
  if (const auto number = parse_count(name); number && *number < 1u << 30) {
    BOOTRIG_TRY(id, one("SELECT id FROM runs WHERE id = ?", static_cast<std::int64_t>(*number)));
  }
  if (!id && name.size() >= kRevisionLetters) {
    BOOTRIG_TRY(id, one("SELECT id FROM runs WHERE substr(revision, 1, length(?1)) = ?1 "
                        "ORDER BY started_ms DESC, id DESC LIMIT 1",
                        name));
  }
  if (id) return *id;
  return fail(state_->sql.place(),
              fmt::format("the history has no run '{}'; a run is its number, 'last', 'last~1' or the first {} letters "
                          "or more of a revision; 'bootrig history' lists them",
                          printable(name), kRevisionLetters));
}

Result<RunRecord> History::run(std::int64_t id) const {
  BOOTRIG_TRY(SqlStatement head,
              state_->sql.prepare(fmt::format("SELECT {} FROM runs AS u WHERE u.id = ?", kRunColumns)));
  BOOTRIG_TRY(const bool found, head.bind(id).step());
  if (!found) return fail(state_->sql.place(), fmt::format("the history has no run {}", id));
  RunRecord run = run_of(head);
  BOOTRIG_TRY(SqlStatement query,
              state_->sql.prepare(
                  fmt::format("SELECT {} FROM results AS r WHERE r.run = ? ORDER BY r.started_ms", kResultColumns)));
  query.bind(id);
  for (;;) {
    BOOTRIG_TRY(const bool more, query.step());
    if (!more) return run;
    run.results.push_back(result_of(query));
  }
}

Result<std::optional<RunRecord>> History::latest_of(std::string_view cell, std::int64_t before_ms) const {
  BOOTRIG_TRY(SqlStatement * latest,
              state_->statement("SELECT run FROM results WHERE cell = (SELECT id FROM texts WHERE text = ?) AND "
                                "run_started_ms < ? AND standing <> 'skip' ORDER BY run_started_ms DESC LIMIT 1"));
  BOOTRIG_TRY(const bool found, latest->bind(cell).bind(before_ms).step());
  if (!found) return std::optional<RunRecord>();
  const std::int64_t id = latest->integer(0);
  latest->reset();
  BOOTRIG_TRY(SqlStatement * head,
              state_->statement(fmt::format("SELECT {} FROM runs AS u WHERE u.id = ?", kRunColumns)));
  BOOTRIG_TRY(const bool known, head->bind(id).step());
  if (!known) return fail(state_->sql.place(), "the history is damaged: a result has no run");
  RunRecord run = run_of(*head);
  head->reset();
  BOOTRIG_TRY(SqlStatement * query,
              state_->statement(fmt::format("SELECT {} FROM results AS r WHERE r.run = ? AND "
                                            "r.cell = (SELECT id FROM texts WHERE text = ?) ORDER BY r.repetition",
                                            kResultColumns)));
  query->bind(id).bind(cell);
  for (;;) {
    BOOTRIG_TRY(const bool more, query->step());
    if (!more) break;
    run.results.push_back(result_of(*query));
  }
  query->reset();
  return run;
}

// The first row of (run, revision, time), if any.
Result<std::optional<Since>> History::State::first_of(SqlStatement& query) {
  BOOTRIG_TRY(const bool found, query.step());
  std::optional<Since> since;
  if (found) since = Since{query.integer(0), query.text(1), query.integer(2)};
  query.reset();
  return since;
}

Result<std::optional<Since>> History::first_failure(std::string_view cell, std::string_view signature,
                                                    std::int64_t before_ms) const {
  BOOTRIG_TRY(SqlStatement * query,
              state_->statement(
                  "WITH past AS (SELECT run, run_started_ms AS at, "
                  "max(signature = (SELECT id FROM texts WHERE text = ?2)) AS failed_so FROM results "
                  "WHERE cell = (SELECT id FROM texts WHERE text = ?1) AND run_started_ms < ?3 AND standing <> 'skip' "
                  "GROUP BY run, run_started_ms) "
                  "SELECT u.id, u.revision, u.started_ms FROM past JOIN runs AS u ON u.id = past.run "
                  "WHERE failed_so AND at > coalesce((SELECT max(at) FROM past WHERE NOT coalesce(failed_so, 0)), -1) "
                  "ORDER BY at LIMIT 1"));
  query->bind(cell).bind(signature).bind(before_ms);
  return state_->first_of(*query);
}

Result<std::optional<EarlierLife>> History::earlier_life(std::string_view cell, std::string_view signature,
                                                         std::int64_t before_ms) const {
  // Of the cell's runs before that time: those that failed so.
  const std::string failed =
      "SELECT u.id, u.revision, u.started_ms FROM results AS r JOIN runs AS u ON u.id = r.run "
      "WHERE r.cell = (SELECT id FROM texts WHERE text = ?1) AND r.signature = (SELECT id FROM texts WHERE text = ?2) "
      "AND r.run_started_ms < ?3 AND r.standing <> 'skip' ORDER BY r.run_started_ms ";
  const auto ask = [&](const std::string& text, std::int64_t time) -> Result<std::optional<Since>> {
    BOOTRIG_TRY(SqlStatement * query, state_->statement(text));
    query->bind(cell).bind(signature).bind(time);
    return state_->first_of(*query);
  };
  BOOTRIG_TRY(const auto first, ask(failed + "LIMIT 1", before_ms));
  if (!first) return std::optional<EarlierLife>();
  BOOTRIG_TRY(const auto last, ask(failed + "DESC LIMIT 1", before_ms));
  EarlierLife life{*first, last.value_or(*first), std::nullopt};
  // What passed has no signature: the second text is not asked for.
  BOOTRIG_TRY(life.mended,
              ask("SELECT u.id, u.revision, u.started_ms FROM results AS r JOIN runs AS u ON u.id = r.run "
                  "WHERE r.cell = (SELECT id FROM texts WHERE text = ?1) AND ?2 <> '' AND r.run_started_ms > ?3 "
                  "AND r.standing IN ('pass', 'xfail') ORDER BY r.run_started_ms LIMIT 1",
                  life.last.at_ms));
  return life;
}

Result<std::optional<Since>> History::passed_with(std::string_view cell, std::string_view image_sha256,
                                                  std::string_view revision, std::string_view emulator) const {
  BOOTRIG_TRY(
      SqlStatement * query,
      state_->statement("SELECT u.id, u.revision, u.started_ms FROM results AS r JOIN runs AS u ON u.id = r.run "
                        "WHERE r.cell = (SELECT id FROM texts WHERE text = ?) AND r.image_sha256 = "
                        "(SELECT id FROM texts WHERE text = ?) AND u.revision = ? AND u.emulator = ? "
                        "AND r.standing IN ('pass', 'xfail') ORDER BY r.run_started_ms DESC LIMIT 1"));
  query->bind(cell).bind(image_sha256).bind(revision).bind(emulator);
  return state_->first_of(*query);
}

}  // namespace bootrig
