#include "machine/qmp.h"

#include <fmt/format.h>

#include <initializer_list>

#include "json/value.h"

namespace bootrig {
namespace {

// No line that is read here comes near it; a longer one is dropped.
constexpr std::size_t kLineMax = std::size_t{1} << 20;

// The value at a path of object keys; null: there is none.
const JsonValue* find(const JsonValue& document, std::initializer_list<std::string_view> path) {
  const JsonValue* value = &document;
  for (const std::string_view key : path) {
    const auto* object = std::get_if<JsonValue::Object>(&value->value);
    value = nullptr;
    if (object == nullptr) return nullptr;
    for (const auto& [name, member] : *object) {
      if (name == key) value = &member;
    }
    if (value == nullptr) return nullptr;
  }
  return value;
}

template <typename T>
std::optional<T> get(const JsonValue& document, std::initializer_list<std::string_view> path) {
  const JsonValue* value = find(document, path);
  const T* held = value == nullptr ? nullptr : std::get_if<T>(&value->value);
  return held == nullptr ? std::nullopt : std::optional<T>(*held);
}

std::optional<GuestStopped::Why> why_stopped(const JsonValue& message) {
  using Why = GuestStopped::Why;
  const std::string event = get<std::string>(message, {"event"}).value_or("");
  const std::string reason = get<std::string>(message, {"data", "reason"}).value_or("");
  if (event == "GUEST_PANICKED") return Why::kPanic;
  if (event != "SHUTDOWN" && event != "RESET") return std::nullopt;
  if (reason == "guest-shutdown") return Why::kPowerOff;
  if (reason == "guest-reset") return Why::kReset;
  if (reason == "guest-panic") return Why::kPanic;
  return std::nullopt;  // "host-signal", "host-qmp-quit", …: not the guest's doing
}

bool is_reset_of_ours(const JsonValue& message) {
  return get<std::string>(message, {"event"}) == "RESET" &&
         get<std::string>(message, {"data", "reason"}) == "host-qmp-system-reset";
}

std::string version_of(const JsonValue& greeting) {
  const auto number = [&greeting](std::string_view part) {
    return get<std::int64_t>(greeting, {"QMP", "version", "qemu", part});
  };
  const auto major = number("major");
  const auto minor = number("minor");
  const auto micro = number("micro");
  return major && minor && micro ? fmt::format("{}.{}.{}", *major, *minor, *micro) : "";
}

Result<std::string> reply_of(const JsonValue& message) {
  if (find(message, {"error"}) != nullptr) {
    return fail(get<std::string>(message, {"error", "desc"}).value_or("QEMU gives no reason"));
  }
  return get<std::string>(message, {"return"}).value_or("");
}

}  // namespace

std::string qmp_command(std::string_view command, std::string_view id,
                        const std::vector<std::pair<std::string, std::string>>& arguments) {
  JsonValue::Object object{{"execute", command}, {"id", id}};
  if (!arguments.empty()) object.emplace_back("arguments", JsonValue::Object(arguments.begin(), arguments.end()));
  return write_json(object) + "\n";
}

void QmpReader::await(std::string id) {
  awaited_ = std::move(id);
  reply_.reset();
}

void QmpReader::feed(std::string_view bytes) {
  for (std::size_t end = bytes.find('\n'); end != bytes.npos; end = bytes.find('\n')) {
    append(bytes.substr(0, end));
    if (!line_is_too_long_) read_line(line_);
    line_.clear();
    line_is_too_long_ = false;
    bytes.remove_prefix(end + 1);
  }
  append(bytes);
}

void QmpReader::append(std::string_view bytes) {
  line_is_too_long_ = line_is_too_long_ || line_.size() + bytes.size() > kLineMax;
  if (line_is_too_long_) return line_.clear();
  line_.append(bytes);
}

void QmpReader::read_line(std::string_view line) {
  const auto message = parse_json("qmp", line);
  if (!message) return;
  if (version_.empty()) version_ = version_of(*message);
  if (get<std::string>(*message, {"id"}) == "query-kvm") {
    const auto kvm = get<bool>(*message, {"return", "enabled"});
    if (kvm) accelerator_ = *kvm ? "kvm" : "tcg";
  }
  if (!awaited_.empty() && get<std::string>(*message, {"id"}) == awaited_) {
    reply_ = reply_of(*message);
    awaited_.clear();
  }
  if (!stopped_) stopped_ = why_stopped(*message);
  if (!is_reset_of_ours(*message)) return;
  ++resets_;
  stopped_.reset();
}

}  // namespace bootrig
