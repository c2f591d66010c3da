#include "json/reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "json/node.h"

namespace bootrig {
namespace {

// What is expected where text is parsed further.
constexpr std::string_view kDuration = "a string with a duration, as in \"10s\",";
constexpr std::string_view kSize = "a string with a size, as in \"512M\",";
constexpr std::string_view kAddress = "a string with an address, as in \"0x40400000\",";

constexpr std::size_t kMaxShown = 60;  // bytes of a found text that an error repeats

std::string shown(std::string_view text) {
  if (text.size() <= kMaxShown) return fmt::format("'{}'", printable(text));
  return fmt::format("'{}…'", printable(text.substr(0, kMaxShown)));
}

// "a/0" of "a" and 0.
std::string inside_of(std::string_view key, std::size_t index) {
  return fmt::format("{}/{}", key, index);
}
std::string inside_of(std::string_view key, std::string_view name) {
  return fmt::format("{}/{}", key, escape_pointer(name));
}

std::string unescape_pointer(std::string_view key) {
  std::string text;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const bool escaped = key[i] == '~' && i + 1 < key.size();
    text += escaped ? (key[++i] == '1' ? '/' : '~') : key[i];
  }
  return text;
}

std::optional<std::string> whole_number(const JsonNode& node) {
  if (const auto* number = std::get_if<std::uint64_t>(&node.value)) return fmt::format("{}", *number);
  if (const auto* number = std::get_if<std::int64_t>(&node.value)) return fmt::format("{}", *number);
  return std::nullopt;
}

// The index of the first element that stands in the list before it.
std::optional<std::size_t> first_repeated(const std::vector<std::string>& words) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    const auto end = words.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(words.begin(), end, words[i]) != end) return i;
  }
  return std::nullopt;
}

}  // namespace

std::string describe(const JsonNode& node) {
  if (const auto number = whole_number(node)) return fmt::format("a number, {}", *number);
  if (const auto* number = std::get_if<double>(&node.value)) return fmt::format("a number, {}", *number);
  if (const auto* text = std::get_if<std::string>(&node.value)) {
    return text->empty() ? "an empty string" : fmt::format("a string, {}", shown(*text));
  }
  if (const auto* truth = std::get_if<bool>(&node.value)) return *truth ? "true" : "false";
  if (node.array()) return "an array";
  return node.object() ? "an object" : "null";
}

void JsonReader::text(std::string_view key, std::string& out, Presence presence) {
  const JsonNode* node = find(key, presence);
  if (!node) return;
  if (auto text = text_of(key, *node, Text::kFilled)) out = std::move(*text);
}

void JsonReader::text(std::string_view key, std::optional<std::string>& out) {
  std::string found;
  text(key, found);
  if (!found.empty()) out = std::move(found);
}

void JsonReader::any_text(std::string_view key, std::string& out, Presence presence) {
  const JsonNode* node = find(key, presence);
  if (!node) return;
  if (auto text = text_of(key, *node, Text::kMayBeEmpty)) out = std::move(*text);
}

void JsonReader::any_text(std::string_view key, std::optional<std::string>& out) {
  if (!has(key)) return ignore(key);
  out.emplace();
  any_text(key, *out);
}

void JsonReader::bytes(std::string_view key, std::optional<std::string>& out) {
  const JsonNode* node = find(key, kOptional);
  if (node) out = text_of(key, *node, Text::kBytes);
}

void JsonReader::count(std::string_view key, unsigned& out, unsigned min, unsigned max, Presence presence) {
  const JsonNode* node = find(key, presence);
  if (!node) return;
  const auto* number = std::get_if<std::uint64_t>(&node->value);
  if (number && *number >= min && *number <= max) {
    out = static_cast<unsigned>(*number);
    return;
  }
  const std::string range = max == min + 1 ? fmt::format("the number {} or {}", min, max)
                                           : fmt::format("a whole number from {} to {}", min, max);
  wrong_type(key, *node, range);
}

void JsonReader::number(std::string_view key, std::optional<std::uint64_t>& out) {
  const JsonNode* node = find(key, kOptional);
  if (!node) return;
  if (const auto* number = std::get_if<std::uint64_t>(&node->value)) {
    out = *number;
    return;
  }
  const auto* text = std::get_if<std::string>(&node->value);
  const auto hexadecimal = text ? parse_address(*text) : Result<std::uint64_t>(fail(""));
  if (!hexadecimal) return wrong_type(key, *node, "a whole number, as in 960 or \"0x3c0\",");
  out = *hexadecimal;
}

void JsonReader::flag(std::string_view key, bool& out) {
  const JsonNode* node = find(key, kOptional);
  if (!node) return;
  if (const auto* value = std::get_if<bool>(&node->value)) {
    out = *value;
  } else {
    wrong_type(key, *node, "true or false");
  }
}

void JsonReader::factor(std::string_view key, double& out, double max) {
  const JsonNode* node = find(key, kOptional);
  if (!node) return;
  std::optional<double> found;
  if (const auto* number = std::get_if<double>(&node->value)) found = *number;
  if (const auto* number = std::get_if<std::uint64_t>(&node->value)) found = static_cast<double>(*number);
  if (found && *found > 0 && *found <= max) {
    out = *found;
    return;
  }
  wrong_type(key, *node, fmt::format("a number greater than 0 and at most {}", max));
}

template <typename T>
std::optional<T> JsonReader::parsed(std::string_view key, std::string_view expected,
                                    Result<T> (*parse)(std::string_view), bool zero) {
  const JsonNode* node = find(key, kOptional);
  if (!node) return std::nullopt;
  const auto* text = std::get_if<std::string>(&node->value);
  if (!text) {
    wrong_type(key, *node, expected);
    return std::nullopt;
  }
  const Result<T> value = parse(*text);
  if (!value) {
    refuse(key, value.error().message);
    return std::nullopt;
  }
  if (!zero && *value == T{}) {
    refuse(key, fmt::format("{} is too small; write more than zero", shown(*text)));
    return std::nullopt;
  }
  return *value;
}

void JsonReader::duration(std::string_view key, Duration& out) {
  if (const auto value = parsed(key, kDuration, parse_duration, false)) out = *value;
}
void JsonReader::duration(std::string_view key, std::optional<Duration>& out) {
  if (const auto value = parsed(key, kDuration, parse_duration, false)) out = *value;
}
void JsonReader::size(std::string_view key, std::uint64_t& out) {
  if (const auto value = parsed(key, kSize, parse_size, false)) out = *value;
}
void JsonReader::size(std::string_view key, std::optional<std::uint64_t>& out) {
  if (const auto value = parsed(key, kSize, parse_size, false)) out = *value;
}
void JsonReader::address(std::string_view key, std::optional<std::uint64_t>& out) {
  if (const auto value = parsed(key, kAddress, parse_address, true)) out = *value;
}

std::optional<std::size_t> JsonReader::word_index(std::string_view key, std::span<const std::string> words,
                                                  Presence presence) {
  const JsonNode* node = find(key, presence);
  if (!node) return std::nullopt;
  const auto word = text_of(key, *node, Text::kMayBeEmpty);
  if (!word) return std::nullopt;
  const auto found = std::ranges::find(words, *word);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  refuse(key, fmt::format("found {}; {}{} is expected{}", shown(*word), words.size() > 1 ? "one of " : "",
                          one_of(words), did_you_mean(*word, words)));
  return std::nullopt;
}

void JsonReader::word(std::string_view key, std::string& out, std::span<const std::string> words, Presence presence) {
  if (const auto index = word_index(key, words, presence)) out = words[*index];
}

void JsonReader::texts(std::string_view key, std::vector<std::string>& out, Presence presence) {
  const JsonNode* node = find(key, presence);
  if (!node) return;
  const JsonNode::Array* array = node->array();
  if (!array) return wrong_type(key, *node, "an array of strings");
  if (array->empty() && presence == kRequired) return refuse(key, "the list is empty; at least one string is expected");
  std::vector<std::string> list;
  for (std::size_t i = 0; i < array->size(); ++i) {
    auto text = text_of(inside_of(key, i), (*array)[i], Text::kFilled);
    if (!text) return;
    list.push_back(std::move(*text));
  }
  out = std::move(list);
}

void JsonReader::distinct_texts(std::string_view key, std::vector<std::string>& out, Presence presence) {
  texts(key, out, presence);
  if (!has(key)) return;
  if (const auto repeated = first_repeated(out)) {
    refuse(inside_of(key, *repeated), fmt::format("{} stands twice in this list", shown(out[*repeated])));
  }
}

void JsonReader::text_map(std::string_view key, std::map<std::string, std::string>& out, Presence presence) {
  const JsonNode* node = find(key, presence);
  if (!node) return;
  const JsonNode::Object* members = node->object();
  if (!members) return wrong_type(key, *node, "an object of strings");
  if (members->empty() && presence == kRequired)
    return refuse(key, "the object is empty; at least one key is expected");
  for (const auto& [name, value] : *members) {
    if (auto text = text_of(inside_of(key, name), value, Text::kMayBeEmpty)) out[name] = std::move(*text);
  }
}

void JsonReader::scalars(std::string_view key, std::vector<std::string>& out, Presence presence) {
  const JsonNode* node = find(key, presence);
  if (!node) return;
  if (auto list = scalars_of(std::string(key), *node)) out = std::move(*list);
}

void JsonReader::scalar_lists(std::string_view key, TextLists& out) {
  const JsonNode* node = find(key, kOptional);
  if (!node) return;
  const JsonNode::Object* members = node->object();
  if (!members) return wrong_type(key, *node, "an object of arrays");
  for (const auto& [name, value] : *members) {
    if (auto list = scalars_of(inside_of(key, name), value)) out.emplace_back(name, std::move(*list));
  }
}

void JsonReader::object(std::string_view key, const JsonObjectReading& reading, Presence presence) {
  if (const JsonNode* node = find(key, presence)) read_object(std::string(key), *node, reading);
}

void JsonReader::objects(std::string_view key, const JsonObjectReading& reading, Presence presence) {
  const JsonNode* node = find(key, presence);
  if (!node) return;
  const JsonNode::Array* array = node->array();
  if (!array) return wrong_type(key, *node, "an array of objects");
  if (array->empty() && presence == kRequired) return refuse(key, "the list is empty; at least one object is expected");
  for (std::size_t i = 0; i < array->size(); ++i) read_object(inside_of(key, i), (*array)[i], reading);
}

void JsonReader::object_map(std::string_view key, const JsonMemberReading& reading) {
  const JsonNode* node = find(key, kOptional);
  if (!node) return;
  const JsonNode::Object* members = node->object();
  if (!members) return wrong_type(key, *node, "an object of objects");
  for (const auto& [name, value] : *members) {
    read_object(inside_of(key, name), value, [&](JsonReader& json) { reading(name, json); });
  }
}

bool JsonReader::has(std::string_view key) const {
  return node_.child(key) != nullptr;
}

std::vector<std::string> JsonReader::keys() const {
  std::vector<std::string> keys;
  for (const auto& member : *node_.object()) keys.push_back(member.first);
  return keys;
}

void JsonReader::ignore_all() {
  for (std::string& key : keys()) known_.push_back(std::move(key));
}

std::string JsonReader::place(std::string_view inside) const {
  const JsonNode* node = &node_;
  if (!inside.empty()) {
    for (const std::string_view step : split(inside, '/')) {
      const JsonNode* child = node->child(unescape_pointer(step));
      if (!child) break;
      node = child;
    }
  }
  const std::string pointer =
      inside.empty() ? (pointer_.empty() ? "/" : pointer_) : fmt::format("{}/{}", pointer_, inside);
  return fmt::format("{}:{}", *node->origin, printable(pointer));
}

void JsonReader::refuse(std::string_view inside, std::string message) {
  if (!errors_.first) errors_.first = Error{place(inside), std::move(message)};
}

void JsonReader::check(const Result<void>& result) {
  if (!result && !errors_.first) errors_.first = result.error();
}

bool JsonReader::failed() const {
  return errors_.first || errors_.unknown_key;
}

const JsonNode* JsonReader::find(std::string_view key, Presence presence) {
  known_.emplace_back(key);
  const JsonNode* node = node_.child(key);
  if (!node && presence == kRequired) refuse("", fmt::format("the key '{}' is missing", key));
  return node;
}

void JsonReader::wrong_type(std::string_view inside, const JsonNode& node, std::string_view expected) {
  refuse(inside, fmt::format("found {}; {} is expected", describe(node), expected));
}

std::optional<std::string> JsonReader::text_of(std::string_view inside, const JsonNode& node, Text kind) {
  const auto* text = std::get_if<std::string>(&node.value);
  if (!text) {
    wrong_type(inside, node, "a string");
    return std::nullopt;
  }
  if (kind == Text::kBytes) return *text;
  if (text->empty() && kind == Text::kFilled) {
    refuse(inside, "found an empty string; some text is expected");
    return std::nullopt;
  }
  if (text->find('\0') != std::string::npos) {
    refuse(inside, fmt::format("found {}; a string without NUL bytes is expected", shown(*text)));
    return std::nullopt;
  }
  return *text;
}

std::optional<std::vector<std::string>> JsonReader::scalars_of(const std::string& inside, const JsonNode& node) {
  const JsonNode::Array* array = node.array();
  if (!array) {
    wrong_type(inside, node, "an array of strings or whole numbers");
    return std::nullopt;
  }
  if (array->empty()) {
    refuse(inside, "the list is empty; at least one value is expected");
    return std::nullopt;
  }
  std::vector<std::string> list;
  for (std::size_t i = 0; i < array->size(); ++i) {
    const JsonNode& element = (*array)[i];
    auto text = whole_number(element);
    if (!text && !std::holds_alternative<std::string>(element.value)) {
      wrong_type(inside_of(inside, i), element, "a string or a whole number");
      return std::nullopt;
    }
    if (!text) text = text_of(inside_of(inside, i), element, Text::kFilled);
    if (!text) return std::nullopt;
    list.push_back(std::move(*text));
  }
  return list;
}

void JsonReader::read_object(const std::string& inside, const JsonNode& node, const JsonObjectReading& reading) {
  if (!node.object()) return wrong_type(inside, node, "an object");
  JsonReader reader(node, fmt::format("{}/{}", pointer_, inside), errors_);
  reading(reader);
  reader.refuse_unknown_keys();
}

void JsonReader::refuse_unknown_keys() {
  for (const auto& member : *node_.object()) {
    const std::string& key = member.first;
    if (errors_.unknown_key || std::ranges::find(known_, key) != known_.end()) continue;
    std::vector<std::string> missing;  // a key that is there already is not the one that was meant
    for (const std::string& known : known_) {
      if (!known.starts_with('$') && !has(known)) missing.push_back(known);
    }
    const std::string near = did_you_mean(key, missing);
    std::string allowed;
    if (near.empty() && !missing.empty()) allowed = fmt::format("; {} is allowed here", one_of(missing));
    errors_.unknown_key =
        Error{place(escape_pointer(key)), fmt::format("unknown key {}{}{}", shown(key), near, allowed)};
  }
}

}  // namespace bootrig
