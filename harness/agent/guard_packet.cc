#include "agent/guard_packet.h"

#include <charconv>

#include "agent/frames.h"

namespace bootrig {
namespace {

constexpr std::size_t kAnswerHeader = 13;  // three numbers of four bytes, and a flag

void append(std::string& packet, const GuardCommand& command) {
  for (const std::string& word : {command.doing, std::to_string(command.timeout_ms), std::to_string(command.tries),
                                  std::to_string(command.words.size())}) {
    packet.append(word).push_back('\0');
  }
  for (const std::string& word : command.words) packet.append(word).push_back('\0');
}

// Takes words with a NUL behind each from the front of a packet.
class Words {
 public:
  explicit Words(std::string_view packet) : left_(packet) {}

  std::optional<std::string> next() {
    const std::size_t end = left_.find('\0');
    if (end == std::string_view::npos) return std::nullopt;
    std::string word(left_.substr(0, end));
    left_.remove_prefix(end + 1);
    return word;
  }

  std::optional<std::uint64_t> number() {
    const auto word = next();
    std::uint64_t value = 0;
    if (!word) return std::nullopt;
    const auto [end, error] = std::from_chars(word->data(), word->data() + word->size(), value);
    return error == std::errc() && end == word->data() + word->size() ? std::optional(value) : std::nullopt;
  }

  std::optional<GuardCommand> command() {
    const auto doing = next();
    const auto timeout_ms = number();
    const auto tries = number();
    const auto count = number();
    if (!doing || !timeout_ms || !tries || !count || *count > left_.size()) return std::nullopt;
    GuardCommand command{*doing, *timeout_ms, *tries, {}};
    for (std::uint64_t i = 0; i < *count; ++i) {
      const auto word = next();
      if (!word) return std::nullopt;
      command.words.push_back(*word);
    }
    return command;
  }

  bool empty() const { return left_.empty(); }

 private:
  std::string_view left_;
};

}  // namespace

std::string to_packet(const GuardRequest& request) {
  std::string packet;
  append(packet, request.run);
  append(packet, request.undo);
  return packet;
}

std::optional<GuardRequest> guard_request(std::string_view packet) {
  Words words(packet);
  const auto run = words.command();
  const auto undo = run ? words.command() : std::nullopt;
  if (!undo || !words.empty() || run->words.empty()) return std::nullopt;
  return GuardRequest{*run, *undo};
}

std::string to_packet(const GuardAnswer& answer) {
  std::string packet;
  for (const int number : {answer.error, answer.code, answer.signal}) {
    packet += number_bytes(static_cast<std::uint32_t>(number), 4);
  }
  packet += answer.timed_out ? '\1' : '\0';
  return packet + answer.output;
}

std::optional<GuardAnswer> guard_answer(std::string_view packet) {
  if (packet.size() < kAnswerHeader) return std::nullopt;
  const auto number = [&](std::size_t at) { return static_cast<int>(number_at(packet, at, 4)); };
  return GuardAnswer{number(0), number(4), number(8), packet[12] != 0, std::string(packet.substr(kAnswerHeader))};
}

}  // namespace bootrig
