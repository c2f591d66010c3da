// Error and Result<T>: how bootrig says that an input or an operation failed.
//
// An Error is a value for expected trouble (bad files, refused system calls). Bugs of ours are CHECKs (check.h).
// It carries the place and one sentence; who prints it, and with what colour, is not its business.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace bootrig {

struct Error {
  // Where: "targets/x.json:/machine/memory", "scenarios/a/expected.transcript:12", or empty.
  std::string place;
  // One sentence: what was found, what is allowed.
  std::string message;
};

template <typename T>
using Result = std::expected<T, Error>;

// return fail("it is broken");   return fail(place, "it is broken");
inline std::unexpected<Error> fail(std::string message) {
  return std::unexpected(Error{"", std::move(message)});
}
inline std::unexpected<Error> fail(std::string place, std::string message) {
  return std::unexpected(Error{std::move(place), std::move(message)});
}

// "place: message", or the message alone.
inline std::string to_text(const Error& error) {
  return error.place.empty() ? error.message : error.place + ": " + error.message;
}

}  // namespace bootrig

// Evaluates an expression of type Result<T>; on failure returns its error from the enclosing function, otherwise
// declares or assigns `target`. A statement, for functions that return Result<U>.
#define BOOTRIG_TRY(target, expression) BOOTRIG_TRY_(BOOTRIG_TRY_NAME_(bootrig_try_, __LINE__), target, expression)
#define BOOTRIG_TRY_NAME_2_(a, b) a##b
#define BOOTRIG_TRY_NAME_(a, b) BOOTRIG_TRY_NAME_2_(a, b)
#define BOOTRIG_TRY_(name, target, expression)                \
  auto name = (expression);                                   \
  if (!name) return std::unexpected(std::move(name).error()); \
  target = std::move(name).value()

// The same for Result<void>.
#define BOOTRIG_TRY_VOID(expression)                                                    \
  do {                                                                                  \
    auto bootrig_try_void = (expression);                                               \
    if (!bootrig_try_void) return std::unexpected(std::move(bootrig_try_void).error()); \
  } while (false)
