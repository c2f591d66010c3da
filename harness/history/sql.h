// Sql: a database file and its prepared statements, as Result<T>. Private to this room: it knows nothing of runs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace bootrig {

// A prepared statement: bind its parameters in order, then step through its rows; reset() makes it ready for the next
// values. Errors of binding come out of step().
class SqlStatement {
 public:
  SqlStatement& bind(std::int64_t value);
  SqlStatement& bind(double value);
  SqlStatement& bind(std::string_view value);
  // True: there is a row to read. False: it is done.
  Result<bool> step();
  // For statements without rows: one step, and ready for the next values.
  Result<void> run();
  void reset();

  // Of the row; columns from 0. Another type than asked for is converted as SQLite does.
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  bool is_null(int column) const;

 private:
  friend class Sql;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  SqlStatement(sqlite3_stmt* statement, std::string place) : statement_(statement), place_(std::move(place)) {}
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  std::string place_;
  int next_ = 1;   // the parameter that is bound next
  int error_ = 0;  // SQLite's code of the first bind that failed
};

class Sql {
 public:
  // `create`: a file that is missing is made. Others' locks are waited for, at most 5 s.
  static Result<Sql> open(const std::filesystem::path& path, bool create);

  // Any number of statements whose rows nobody wants.
  Result<void> run(const char* statements);
  Result<SqlStatement> prepare(std::string_view statement);
  std::int64_t last_row() const;  // the id of the row inserted last
  bool in_transaction() const;
  const std::string& place() const { return place_; }

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::unique_ptr<sqlite3, Close> database_;
  std::string place_;
};

// From its making to commit() all or nothing is written. The destructor takes back what was not committed.
class SqlTransaction {
 public:
  static Result<SqlTransaction> begin(Sql& sql);
  Result<void> commit();
  SqlTransaction(SqlTransaction&& other) noexcept : sql_(std::exchange(other.sql_, nullptr)) {}
  SqlTransaction& operator=(SqlTransaction&&) = delete;
  ~SqlTransaction();

 private:
  explicit SqlTransaction(Sql& sql) : sql_(&sql) {}
  Sql* sql_;
};

}  // namespace bootrig
