#include "history/sql.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "base/file.h"

namespace bootrig {
namespace {

constexpr int kWaitForOthersMs = 5000;

std::unexpected<Error> sql_error(const std::string& place, sqlite3* database, int code) {
  if (code == SQLITE_NOTADB) return fail(place, "is no history: it is not an SQLite database");
  if (code == SQLITE_CORRUPT) return fail(place, "the history is damaged: move the file away to begin a new one");
  if (code == SQLITE_BUSY) return fail(place, "the history has been locked by another program for 5 s");
  const char* text = database == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(database);
  return fail(place, fmt::format("the history cannot be used: {}", text));
}

}  // namespace

void SqlStatement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

SqlStatement& SqlStatement::bind(std::int64_t value) {
  const int code = sqlite3_bind_int64(statement_.get(), next_++, value);
  if (error_ == SQLITE_OK) error_ = code;
  return *this;
}

SqlStatement& SqlStatement::bind(double value) {
  const int code = sqlite3_bind_double(statement_.get(), next_++, value);
  if (error_ == SQLITE_OK) error_ = code;
  return *this;
}

SqlStatement& SqlStatement::bind(std::string_view value) {
  // An empty view may have no address, which SQLite would take for NULL.
  const char* bytes = value.empty() ? "" : value.data();
  const int code = sqlite3_bind_text64(statement_.get(), next_++, bytes, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  if (error_ == SQLITE_OK) error_ = code;
  return *this;
}

Result<bool> SqlStatement::step() {
  sqlite3* database = sqlite3_db_handle(statement_.get());
  if (error_ != SQLITE_OK) return sql_error(place_, database, error_);
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW || code == SQLITE_DONE) return code == SQLITE_ROW;
  return sql_error(place_, database, code);
}

Result<void> SqlStatement::run() {
  const auto stepped = step();
  reset();
  if (!stepped) return std::unexpected(stepped.error());
  return {};
}

void SqlStatement::reset() {
  sqlite3_reset(statement_.get());
  next_ = 1;
  error_ = SQLITE_OK;
}

std::int64_t SqlStatement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}
double SqlStatement::real(int column) const {
  return sqlite3_column_double(statement_.get(), column);
}
std::string SqlStatement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return bytes == nullptr ? std::string() : std::string(bytes, size);
}
bool SqlStatement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

void Sql::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

Result<Sql> Sql::open(const std::filesystem::path& path, bool create) {
  Sql sql;
  sql.place_ = display_path(path);
  sqlite3* database = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0) | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
  sql.database_.reset(database);
  if (code != SQLITE_OK) return sql_error(sql.place_, database, code);
  sqlite3_extended_result_codes(database, 0);
  sqlite3_busy_timeout(database, kWaitForOthersMs);
  return sql;
}

Result<void> Sql::run(const char* statements) {
  const int code = sqlite3_exec(database_.get(), statements, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return sql_error(place_, database_.get(), code);
  return {};
}

Result<SqlStatement> Sql::prepare(std::string_view statement) {
  sqlite3_stmt* prepared = nullptr;
  const int code =
      sqlite3_prepare_v2(database_.get(), statement.data(), static_cast<int>(statement.size()), &prepared, nullptr);
  if (code != SQLITE_OK) return sql_error(place_, database_.get(), code);
  return SqlStatement(prepared, place_);
}

std::int64_t Sql::last_row() const {
  return sqlite3_last_insert_rowid(database_.get());
}
bool Sql::in_transaction() const {
  return sqlite3_get_autocommit(database_.get()) == 0;
}

Result<SqlTransaction> SqlTransaction::begin(Sql& sql) {
  // Immediate: a lock that is taken at the first write could not be waited for.
  BOOTRIG_TRY_VOID(sql.run("BEGIN IMMEDIATE"));
  return SqlTransaction(sql);
}

Result<void> SqlTransaction::commit() {
  BOOTRIG_TRY_VOID(sql_->run("COMMIT"));
  sql_ = nullptr;
  return {};
}

SqlTransaction::~SqlTransaction() {
  if (sql_ != nullptr && sql_->in_transaction()) (void)sql_->run("ROLLBACK");
}

}  // namespace bootrig
