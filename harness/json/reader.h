// JsonDocument and JsonReader: typed, located access to a JSON file that a user wrote.
//
// A function that reads an object is a list of its keys: each call names a key and a variable,
// which keeps its value when the key is absent. Nothing is returned on the way; the reading as a
// whole gives the first error, unknown keys before all others, because a misspelt key is why
// another one is missing.
//
//   document.read([&](JsonReader& json) {
//     json.text("summary", profile.summary, kRequired);
//     json.object("machine", [&](JsonReader& machine) { machine.size("memory",
//     profile.machine.memory); });
//   });
//
// Every error has the place "file:/json/pointer" and says what was found and what is expected. What
// the values mean together is the caller's to judge: refuse() gives an error of his the same place.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace bootrig {

struct JsonNode;

enum class Presence { kOptional, kRequired };
inline constexpr Presence kOptional = Presence::kOptional;
inline constexpr Presence kRequired = Presence::kRequired;

// A word that a file may use and what it stands for.
template <typename T>
using JsonChoice = std::pair<std::string_view, T>;

class JsonReader;
using JsonObjectReading = std::function<void(JsonReader&)>;
using JsonMemberReading = std::function<void(const std::string& name, JsonReader&)>;

// A parsed file. Comments are allowed; duplicate keys and nesting deeper than 64 are not.
class JsonDocument {
 public:
  // A syntax error has the place "file:line:column", any other "file:/pointer".
  static Result<JsonDocument> parse(std::string_view display_name, std::string_view text);

  // A text at the root that must be known before the rest is read; none when the key is absent.
  Result<std::optional<std::string>> root_text(std::string_view key) const;

  // Takes from `base` what this document does not state: objects merge, scalars and arrays replace.
  // Each value keeps the file that it stands in as its place.
  void inherit(const JsonDocument& base);

  // Runs `reading` over the root object, then refuses the keys that it never asked for.
  Result<void> read(const JsonObjectReading& reading) const;

 private:
  explicit JsonDocument(std::shared_ptr<const JsonNode> root) : root_(std::move(root)) {}
  std::shared_ptr<const JsonNode> root_;
};

// One object, read key by key.
class JsonReader {
 public:
  using TextLists = std::vector<std::pair<std::string, std::vector<std::string>>>;

  // Text of at least one byte, without NUL.
  void text(std::string_view key, std::string& out, Presence presence = kOptional);
  void text(std::string_view key, std::optional<std::string>& out);
  // Text that may be empty.
  void any_text(std::string_view key, std::string& out, Presence presence = kOptional);
  void any_text(std::string_view key, std::optional<std::string>& out);
  // Bytes for a console: text that may be empty and hold NULs.
  void bytes(std::string_view key, std::optional<std::string>& out);
  // A whole number, at least `min` and at most `max`.
  void count(std::string_view key, unsigned& out, unsigned min, unsigned max, Presence presence = kOptional);
  // A whole number of at most 64 bits, or a hexadecimal one as text: 960, "0x3c0".
  void number(std::string_view key, std::optional<std::uint64_t>& out);
  // true or false.
  void flag(std::string_view key, bool& out);
  // A number greater than 0 and at most `max`.
  void factor(std::string_view key, double& out, double max);
  // "10s", greater than 0.
  void duration(std::string_view key, Duration& out);
  void duration(std::string_view key, std::optional<Duration>& out);
  // "512M", greater than 0.
  void size(std::string_view key, std::uint64_t& out);
  void size(std::string_view key, std::optional<std::uint64_t>& out);
  // "0x40400000".
  void address(std::string_view key, std::optional<std::uint64_t>& out);
  // One of the words given.
  void word(std::string_view key, std::string& out, std::span<const std::string> words, Presence presence = kOptional);
  template <typename T>
  void choice(std::string_view key, T& out, std::span<const JsonChoice<T>> choices, Presence presence = kOptional) {
    std::vector<std::string> words;
    for (const auto& choice : choices) words.emplace_back(choice.first);
    if (const auto index = word_index(key, words, presence)) out = choices[*index].second;
  }
  // A list of texts. A required list has at least one.
  void texts(std::string_view key, std::vector<std::string>& out, Presence presence = kOptional);
  // A list of texts, none twice.
  void distinct_texts(std::string_view key, std::vector<std::string>& out, Presence presence = kOptional);
  // {"name": "text that may be empty"}.
  void text_map(std::string_view key, std::map<std::string, std::string>& out, Presence presence = kOptional);
  // [2, "1G"]: whole numbers and texts, as text, at least one.
  void scalars(std::string_view key, std::vector<std::string>& out, Presence presence = kOptional);
  // {"gic": [2, 3]}: such lists by name, in the file's order.
  void scalar_lists(std::string_view key, TextLists& out);

  void object(std::string_view key, const JsonObjectReading& reading, Presence presence = kOptional);
  // A list of objects. A required list has at least one.
  void objects(std::string_view key, const JsonObjectReading& reading, Presence presence = kOptional);
  // An object whose members are objects: {"name": {...}}, in the file's order.
  void object_map(std::string_view key, const JsonMemberReading& reading);

  bool has(std::string_view key) const;
  // The keys that the object has, in the file's order; for objects whose kind a key tells.
  std::vector<std::string> keys() const;
  // Makes a key known without looking at its value.
  void ignore(std::string_view key) { known_.emplace_back(key); }
  void ignore_all();

  // "file:/pointer" of this object, or of "key" or "key/0/name" in it (RFC 6901 escapes). The file
  // is the one that the value stands in, if it is there.
  std::string place(std::string_view inside = {}) const;
  void refuse(std::string_view inside, std::string message);
  // Takes over an error that has its place already.
  void check(const Result<void>& result);
  // Whether an error has been found so far, anywhere in the document.
  bool failed() const;

 private:
  friend class JsonDocument;
  struct Errors {
    std::optional<Error> first;
    std::optional<Error> unknown_key;
  };
  JsonReader(const JsonNode& node, std::string pointer, Errors& errors)
      : node_(node), pointer_(std::move(pointer)), errors_(errors) {}

  // The value of a key; null, with an error if required, when absent.
  const JsonNode* find(std::string_view key, Presence presence);
  void wrong_type(std::string_view inside, const JsonNode& node, std::string_view expected);
  enum class Text { kFilled, kMayBeEmpty, kBytes };
  std::optional<std::string> text_of(std::string_view inside, const JsonNode& node, Text kind);
  std::optional<std::vector<std::string>> scalars_of(const std::string& inside, const JsonNode& node);
  std::optional<std::size_t> word_index(std::string_view key, std::span<const std::string> words, Presence presence);
  // One value by one of base/text.h's parsers; `zero` says whether 0 is allowed.
  template <typename T>
  std::optional<T> parsed(std::string_view key, std::string_view expected, Result<T> (*parse)(std::string_view),
                          bool zero);
  void read_object(const std::string& inside, const JsonNode& node, const JsonObjectReading& reading);
  void refuse_unknown_keys();

  const JsonNode& node_;
  std::string pointer_;  // of this object: "/machine", "" at the root
  Errors& errors_;
  std::vector<std::string> known_;
};

// A key as it stands in a JSON pointer: "a/b" is "a~1b".
std::string escape_pointer(std::string_view key);

}  // namespace bootrig
