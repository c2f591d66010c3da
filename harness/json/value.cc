#include "json/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_set>

#include "base/text.h"

namespace bootrig {
namespace {

// Documents nested deeper are refused: reading and freeing a value recurse.
constexpr std::size_t kDepthMax = 200;

// Text whose reader tells how far it has come, so that errors that are ours have a place too.
struct TrackedText {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  const char* at;
  const char** reached;

  reference operator*() const { return *at; }
  TrackedText& operator++() {
    *reached = ++at;
    return *this;
  }
  TrackedText operator++(int) {
    const TrackedText before = *this;
    ++*this;
    return before;
  }
  bool operator==(const TrackedText& other) const { return at == other.at; }
};

// Receives the library's parse events and builds the value; keeps the first error.
class ValueBuilder {
 public:
  bool null() { return add(JsonValue()); }
  bool boolean(bool value) { return add(JsonValue(value)); }
  bool number_integer(std::int64_t value) { return add(JsonValue(value)); }
  bool number_unsigned(std::uint64_t value) {
    return value <= INT64_MAX ? add(JsonValue(static_cast<std::int64_t>(value))) : add(JsonValue(value));
  }
  bool number_float(double value, const std::string&) { return add(JsonValue(value)); }
  bool string(std::string& value) { return add(JsonValue(std::move(value))); }
  bool binary(std::vector<std::uint8_t>&) { return refuse("binary data is no JSON"); }
  bool start_object(std::size_t) { return open(JsonValue(JsonValue::Object{})); }
  bool start_array(std::size_t) { return open(JsonValue(JsonValue::Array{})); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    Level& level = levels_.back();
    if (!level.keys.insert(name).second) return refuse(fmt::format("the key '{}' appears twice", printable(name)));
    level.key = std::move(name);
    return true;
  }

  bool parse_error(std::size_t, const std::string& token, const nlohmann::detail::exception& exception) {
    const std::string_view what = exception.what();
    if (what.find("number overflow") != what.npos) return refuse(fmt::format("the number {} is too large", token));
    if (what.find("ill-formed UTF-8") != what.npos) return refuse("the text is not UTF-8");
    // "…: syntax error while parsing array - unexpected end of input; expected ']'": what follows
    // the dash.
    const std::size_t dash = what.find(" - ");
    if (dash == what.npos) return refuse("the text is not JSON");
    return refuse("syntax error: " + printable(what.substr(dash + 3)));
  }

  std::optional<std::string> error() const { return error_; }
  JsonValue take() { return std::move(root_); }

 private:
  struct Level {
    JsonValue value;
    std::string key;                       // of the member that is being read
    std::unordered_set<std::string> keys;  // of an object, seen so far
  };

  bool refuse(std::string message) {
    if (!error_) error_ = std::move(message);
    return false;
  }

  bool open(JsonValue container) {
    if (levels_.size() == kDepthMax) return refuse(fmt::format("nested deeper than {} levels", kDepthMax));
    levels_.push_back(Level{std::move(container), {}, {}});
    return true;
  }

  bool close() {
    JsonValue done = std::move(levels_.back().value);
    levels_.pop_back();
    return add(std::move(done));
  }

  bool add(JsonValue value) {
    if (levels_.empty()) {
      root_ = std::move(value);
    } else if (Level& level = levels_.back(); auto* array = std::get_if<JsonValue::Array>(&level.value.value)) {
      array->push_back(std::move(value));
    } else {
      std::get<JsonValue::Object>(level.value.value).emplace_back(std::move(level.key), std::move(value));
    }
    return true;
  }

  JsonValue root_;
  std::vector<Level> levels_;
  std::optional<std::string> error_;
};

// "name:line:column" of the last character read, counted from 1.
std::string place_of(std::string_view display_name, std::string_view read) {
  if (!read.empty()) read.remove_suffix(1);
  const auto line = 1 + std::count(read.begin(), read.end(), '\n');
  const std::size_t line_start = read.rfind('\n');
  const std::size_t column = line_start == read.npos ? read.size() + 1 : read.size() - line_start;
  return fmt::format("{}:{}:{}", display_name, line, column);
}

class Writer {
 public:
  explicit Writer(bool indented) : indented_(indented) {}

  void write(const JsonValue& value) {
    std::visit([this](const auto& held) { write_held(held); }, value.value);
  }
  std::string take() { return std::move(text_); }

 private:
  void write_held(std::nullptr_t) { text_ += "null"; }
  void write_held(bool value) { text_ += value ? "true" : "false"; }
  void write_held(std::int64_t value) { fmt::format_to(std::back_inserter(text_), "{}", value); }
  void write_held(std::uint64_t value) { fmt::format_to(std::back_inserter(text_), "{}", value); }
  // JSON has neither infinities nor NaN.
  void write_held(double value) {
    if (!std::isfinite(value)) return write_held(nullptr);
    const std::string digits = fmt::format("{}", value);
    text_ += digits;
    if (digits.find_first_of(".e") == digits.npos) text_ += ".0";
  }
  void write_held(const std::string& value) {
    text_ += '"';
    for (const char c : scrub_utf8(value)) write_character(c);
    text_ += '"';
  }
  void write_held(const JsonValue::Array& array) {
    write_list('[', ']', array, [this](const JsonValue& item) { write(item); });
  }
  void write_held(const JsonValue::Object& object) {
    write_list('{', '}', object, [this](const auto& member) {
      write_held(member.first);
      text_ += indented_ ? ": " : ":";
      write(member.second);
    });
  }

  void write_character(char c) {
    switch (c) {
      case '"':
        text_ += "\\\"";
        return;
      case '\\':
        text_ += "\\\\";
        return;
      case '\n':
        text_ += "\\n";
        return;
      case '\r':
        text_ += "\\r";
        return;
      case '\t':
        text_ += "\\t";
        return;
      default:
        break;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(std::back_inserter(text_), "\\u{:04x}", byte);
    } else {
      text_ += c;
    }
  }

  template <typename List, typename WriteItem>
  void write_list(char opening, char closing, const List& list, WriteItem write_item) {
    text_ += opening;
    ++depth_;
    for (bool first = true; const auto& item : list) {
      if (!std::exchange(first, false)) text_ += ',';
      new_line();
      write_item(item);
    }
    --depth_;
    if (!list.empty()) new_line();
    text_ += closing;
  }

  void new_line() {
    if (indented_) text_.append("\n").append(2 * depth_, ' ');
  }

  bool indented_;
  std::size_t depth_ = 0;
  std::string text_;
};

}  // namespace

std::string write_json(const JsonValue& value, bool indented) {
  Writer writer(indented);
  writer.write(value);
  return writer.take();
}

Result<JsonValue> parse_json(std::string_view display_name, std::string_view text) {
  const char* reached = text.data();
  ValueBuilder builder;
  const bool strict = true;
  const bool comments = true;
  const bool parsed =
      nlohmann::json::sax_parse(TrackedText{text.data(), &reached}, TrackedText{text.data() + text.size(), &reached},
                                &builder, nlohmann::json::input_format_t::json, strict, comments);
  if (parsed) return builder.take();
  const std::string_view read = text.substr(0, static_cast<std::size_t>(reached - text.data()));
  return fail(place_of(display_name, read), builder.error().value_or("the text is not JSON"));
}

}  // namespace bootrig
