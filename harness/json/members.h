// JsonMembers: the members of an object in a document that bootrig wrote itself (a journal, a report) and now reads
// back. The first thing that is wrong is kept, in the order of reading; what is read after it is a default. For files
// that users write, with places and spellings, there is JsonReader (reader.h).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "json/value.h"

namespace bootrig {

class JsonMembers {
 public:
  // Refers to `value`; `name` is what errors call it. Null stands for what is missing, and is found wrong here.
  JsonMembers(const JsonValue* value, std::string name, Result<void>& state);
  JsonMembers(const JsonValue& value, std::string name, Result<void>& state)
      : JsonMembers(&value, std::move(name), state) {}

  const JsonValue* find(std::string_view key) const;  // null: there is none
  std::string text(std::string_view key);
  bool boolean(std::string_view key);
  std::uint64_t count(std::string_view key);    // a whole number
  std::int64_t integer(std::string_view key);   // the same, or one below zero
  Duration milliseconds(std::string_view key);  // any number
  double number(std::string_view key);
  const JsonValue::Array& array(std::string_view key);
  std::vector<std::string> texts(std::string_view key);
  std::map<std::string, std::string> map(std::string_view key);  // members that are no text are left out

  // "<name>: <what> is missing or of another type".
  void wrong(std::string_view what);

 private:
  template <typename T>
  const T* find_typed(std::string_view key) const;

  const JsonValue::Object* object_ = nullptr;
  std::string name_;
  Result<void>& state_;
};

JsonValue texts_to_json(const std::vector<std::string>& texts);

}  // namespace bootrig
