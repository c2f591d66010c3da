#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "json/node.h"
#include "json/reader.h"

namespace bootrig {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxDepth = 64;

// Walks the text for the parser and counts its lines, which the parser's events do not tell.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, std::size_t* line) : at_(at), line_(line) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    if (*at_++ == '\n') ++*line_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  std::size_t* line_;
};

struct LineColumn {
  std::size_t line = 1;
  std::size_t column = 1;
};

LineColumn locate(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const std::size_t newline = before.rfind('\n');
  const std::size_t start = newline == std::string_view::npos ? 0 : newline + 1;
  return {static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1, before.size() - start + 1};
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const std::size_t at = text.find(what);
  return at == std::string::npos ? text : text.replace(at, what.size(), by);
}

// The parser's sentence without its prefix and without the text it has read, in our words.
std::string plain_sentence(std::string sentence) {
  if (const std::size_t dash = sentence.find(" - "); dash != std::string::npos) {
    sentence.erase(0, dash + 3);
  } else if (const std::size_t bracket = sentence.find("] "); bracket != std::string::npos) {
    sentence.erase(0, bracket + 2);
  }
  if (const std::size_t read = sentence.find("; last read: '"); read != std::string::npos) {
    const std::size_t expected = sentence.rfind("; expected ");
    const bool has_expected = expected != std::string::npos && expected > read;
    sentence = sentence.substr(0, read) + (has_expected ? sentence.substr(expected) : "");
  }
  for (const char closing : {'}', ']'}) {
    const std::string expected = fmt::format("; expected '{}'", closing);
    if (sentence.ends_with(expected)) {
      sentence = replaced(sentence, expected, fmt::format("; expected ',' or '{}'", closing));
    }
  }
  sentence = replaced(sentence, "'[', '{', or a literal", "a value");
  sentence = replaced(sentence, "end of input; expected ',' or", "end of the file; expected ',' or");
  sentence = replaced(sentence, "end of input", "end of the file");
  sentence = replaced(sentence, "; expected string literal", "; expected a key in double quotes");
  sentence = replaced(sentence, "string literal", "string");
  sentence = replaced(sentence, "number literal", "number");
  return printable(sentence);
}

// Builds the tree; the parser calls it event by event.
class TreeBuilder : public nlohmann::json_sax<Json> {
 public:
  TreeBuilder(std::string_view display_name, std::string_view text, const std::size_t* line)
      : origin_(std::make_shared<const std::string>(display_name)), text_(text), line_(line) {}

  bool null() override { return add(nullptr) != nullptr; }
  bool boolean(bool value) override { return add(value) != nullptr; }
  bool number_integer(std::int64_t value) override { return add(value) != nullptr; }
  bool number_unsigned(std::uint64_t value) override { return add(value) != nullptr; }
  bool number_float(double value, const std::string&) override { return add(value) != nullptr; }
  bool string(std::string& value) override { return add(value) != nullptr; }
  bool binary(Json::binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(JsonNode::Object{}); }
  bool start_array(std::size_t) override { return open(JsonNode::Array{}); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(std::string& key) override {
    Frame& frame = stack_.back();
    const std::size_t line = *line_;
    const auto [first, is_new] = frame.lines.emplace(key, line);
    frame.key = key;
    if (is_new) return true;
    error_ = Error{place(), fmt::format("the key '{}' stands twice in this object: in line {} and in line {}",
                                        printable(key), first->second, line)};
    return false;
  }

  bool parse_error(std::size_t position, const std::string& last_token,
                   const nlohmann::detail::exception& exception) override {
    const std::size_t offset = start_of_token(position, last_token, exception.what());
    const LineColumn at = locate(text_, offset);
    error_ = Error{fmt::format("{}:{}:{}", *origin_, at.line, at.column), sentence(offset, exception.what())};
    return false;
  }

  Result<std::shared_ptr<const JsonNode>> take() {
    if (error_) return std::unexpected(*error_);
    return std::make_shared<const JsonNode>(std::move(root_));
  }

 private:
  struct Frame {
    JsonNode* node;
    std::string key;                           // of the member being read
    std::map<std::string, std::size_t> lines;  // of the keys so far
  };

  // The parser stands behind the last byte of what it did not expect; the first byte is the better
  // place.
  std::size_t start_of_token(std::size_t position, const std::string& token, std::string_view what) const {
    const bool string = what.find("unexpected string") != std::string_view::npos ||
                        what.find("invalid string") != std::string_view::npos;
    if (string && position >= token.size() && position <= text_.size() &&
        text_.substr(position - token.size(), token.size()) == token) {
      return position - token.size();
    }
    std::size_t offset = std::min(position == 0 ? 0 : position - 1, text_.size());
    const auto in_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-'; };
    while (offset > 0 && offset < text_.size() && in_word(text_[offset]) && in_word(text_[offset - 1])) --offset;
    return offset;
  }

  std::string sentence(std::size_t offset, const char* what) const {
    const std::string_view before = trim(text_.substr(0, std::min(offset, text_.size())));
    if (offset >= text_.size() && before.empty()) return "the file is empty; an object is expected";
    const char found = offset < text_.size() ? text_[offset] : '\0';
    if (before.ends_with(',') && (found == '}' || found == ']')) {
      return fmt::format("not JSON: the comma before this '{}' is one too many", found);
    }
    return "not JSON: " + plain_sentence(what);
  }

  std::string place() const {
    std::string pointer;
    for (const Frame& frame : stack_) {
      const JsonNode::Array* array = frame.node->array();
      // The array's last element is the one being read, an object's member is named by its key.
      pointer += '/' + (array ? fmt::format("{}", array->empty() ? 0 : array->size() - 1) : escape_pointer(frame.key));
    }
    return fmt::format("{}:{}", *origin_, printable(pointer.empty() ? "/" : pointer));
  }

  template <typename T>
  JsonNode* add(T value) {
    JsonNode node{std::move(value), origin_};
    if (stack_.empty()) {
      root_ = std::move(node);
      return &root_;
    }
    Frame& frame = stack_.back();
    if (auto* array = std::get_if<JsonNode::Array>(&frame.node->value)) {
      return &array->emplace_back(std::move(node));
    }
    auto& object = std::get<JsonNode::Object>(frame.node->value);
    return &object.emplace_back(frame.key, std::move(node)).second;
  }

  template <typename T>
  bool open(T empty) {
    if (stack_.size() >= kMaxDepth) {
      error_ = Error{place(), fmt::format("nested deeper than {}", kMaxDepth)};
      return false;
    }
    stack_.push_back({add(std::move(empty)), {}, {}});
    return true;
  }

  bool close() {
    stack_.pop_back();
    return true;
  }

  std::shared_ptr<const std::string> origin_;
  std::string_view text_;
  const std::size_t* line_;
  JsonNode root_;
  // A node does not move while it is on the stack: its parent gets no other child before it is
  // closed.
  std::vector<Frame> stack_;
  std::optional<Error> error_;
};

void merge(JsonNode& node, const JsonNode& base) {
  auto* object = std::get_if<JsonNode::Object>(&node.value);
  const JsonNode::Object* from = base.object();
  if (!object || !from) return;
  for (const auto& [key, value] : *from) {
    const auto own = std::ranges::find(*object, key, &JsonNode::Object::value_type::first);
    if (own == object->end()) {
      object->emplace_back(key, value);
    } else {
      merge(own->second, value);
    }
  }
}

}  // namespace

const JsonNode* JsonNode::child(std::string_view key) const {
  if (const Object* members = object()) {
    const auto member = std::ranges::find(*members, key, &Object::value_type::first);
    return member == members->end() ? nullptr : &member->second;
  }
  if (const Array* elements = array()) {
    const auto index = parse_count(key);
    return index && *index < elements->size() ? &(*elements)[*index] : nullptr;
  }
  return nullptr;
}

std::string escape_pointer(std::string_view key) {
  std::string escaped;
  for (const char c : key) {
    if (c == '~') {
      escaped += "~0";
    } else if (c == '/') {
      escaped += "~1";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

Result<JsonDocument> JsonDocument::parse(std::string_view display_name, std::string_view text) {
  std::size_t line = 1;
  TreeBuilder builder(display_name, text, &line);
  try {
    Json::sax_parse(CountingIterator(text.data(), &line), CountingIterator(text.data() + text.size(), &line), &builder,
                    Json::input_format_t::json, /*strict=*/true, /*ignore_comments=*/true);
  } catch (const std::exception& exception) {
    return fail(std::string(display_name) + ":1:1", plain_sentence(exception.what()));
  }
  BOOTRIG_TRY(auto root, builder.take());
  return JsonDocument(std::move(root));
}

Result<std::optional<std::string>> JsonDocument::root_text(std::string_view key) const {
  const JsonNode* node = root_->child(key);
  if (!root_->object() || !node) return std::nullopt;
  JsonReader::Errors errors;
  JsonReader reader(*root_, "", errors);
  std::optional<std::string> text;
  reader.text(key, text);
  if (errors.first) return std::unexpected(*errors.first);
  return text;
}

void JsonDocument::inherit(const JsonDocument& base) {
  auto merged = std::make_shared<JsonNode>(*root_);
  merge(*merged, *base.root_);
  root_ = std::move(merged);
}

Result<void> JsonDocument::read(const JsonObjectReading& reading) const {
  JsonReader::Errors errors;
  JsonReader reader(*root_, "", errors);
  if (!root_->object()) {
    reader.wrong_type("", *root_, "an object");
  } else {
    reading(reader);
    reader.refuse_unknown_keys();
  }
  if (errors.unknown_key) return std::unexpected(*errors.unknown_key);
  if (errors.first) return std::unexpected(*errors.first);
  return {};
}

}  // namespace bootrig
