#include "spec/board.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"
#include "match/expectations.h"

namespace bootrig {
namespace {

constexpr unsigned kMaxBaud = 4'000'000;
constexpr unsigned kMaxRetries = 10;
const std::array<std::string, 8> kBoardKeys{"serial", "baud",   "place",      "memory-base",
                                            "power",  "deploy", "boot-steps", "lease"};
const std::array<std::string, 8> kWords{"image", "name", "load", "entry", "size", "sha256", "crc32", "place"};
const std::array<std::string, 1> kUploads{"ymodem"};
constexpr Duration kUploadTime = std::chrono::minutes(5);
constexpr std::string_view kSerialForms =
    "'/dev/...', 'pty:PATH', 'tcp:HOST:PORT' or 'command:PROGRAM ARGUMENTS' is expected";

// The name in braces that begins at text[at], where '{' stands; empty: none. U-Boot's "${loadaddr}" is left to U-Boot.
std::string_view name_in_braces(std::string_view text, std::size_t at) {
  if (at > 0 && text[at - 1] == '$') return {};
  std::size_t end = at + 1;
  while (end < text.size() && (std::islower(static_cast<unsigned char>(text[end])) != 0 ||
                               (end > at + 1 && std::isdigit(static_cast<unsigned char>(text[end])) != 0))) {
    ++end;
  }
  return end > at + 1 && end < text.size() && text[end] == '}' ? text.substr(at + 1, end - at - 1) : std::string_view();
}

void check_words(JsonReader& json, const std::string& inside, std::string_view text) {
  for (std::size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
    const std::string_view name = name_in_braces(text, at);
    if (name.empty() || std::ranges::find(kWords, name) != kWords.end()) continue;
    json.refuse(inside, fmt::format("'{{{}}}' stands for nothing; {} can stand in braces{}", name, one_of(kWords),
                                    did_you_mean(name, kWords)));
  }
}

void read_command(JsonReader& json, std::string_view key, CommandLine& command) {
  json.texts(key, command);
  if (json.has(key) && command.empty() && !json.failed())
    json.refuse(key, "found an empty list; a program is expected");
  for (std::size_t i = 0; i < command.size(); ++i) check_words(json, fmt::format("{}/{}", key, i), command[i]);
}

// "tcp:[::1]:2001", "tcp:localhost:2001": the port is behind the last colon.
bool split_tcp(std::string_view address, BoardSerial& serial) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return false;
  std::string_view host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  serial.tcp_host = host;
  serial.tcp_port = address.substr(colon + 1);
  const auto port = parse_count(serial.tcp_port);
  return !host.empty() && port && *port > 0 && *port < 65536;
}

bool split_serial(std::string_view text, BoardSerial& serial) {
  const auto behind = [&](std::string_view prefix) { return text.substr(prefix.size()); };
  if (text.starts_with('/')) {
    serial.device = text;
  } else if (text.starts_with("pty:")) {
    serial.pty = behind("pty:");
  } else if (text.starts_with("tcp:")) {
    return split_tcp(behind("tcp:"), serial);
  } else if (text.starts_with("command:")) {
    for (const std::string_view word : split(behind("command:"), ' ')) {
      if (!word.empty()) serial.command.emplace_back(word);
    }
  }
  return !(serial.device.empty() && serial.pty.empty() && serial.command.empty());
}

void read_serial(JsonReader& json, BoardSpec& board) {
  std::string text;
  json.text("serial", text, kRequired);
  check_words(json, "serial", text);
  if (!text.empty() && !split_serial(fill_in(text, {{"place", board.place}}), board.serial)) {
    json.refuse("serial", fmt::format("found '{}'; {}", printable(text), kSerialForms));
  }
  json.count("baud", board.serial.baud, 50, kMaxBaud);
  if (json.has("baud") && !text.starts_with('/')) {
    json.refuse("baud", "only a serial port of this host ('/dev/...') has a speed that can be set");
  }
}

void read_power(JsonReader& json, BoardPower& power) {
  read_command(json, "on", power.on);
  read_command(json, "off", power.off);
  read_command(json, "reset", power.reset);
  json.duration("timeout", power.timeout);
  json.count("retries", power.retries, 0, kMaxRetries);
  if (power.on.empty() != power.off.empty()) {
    json.refuse("", "'on' and 'off' stand together; a board that can only be reset has 'reset' alone");
  } else if (power.on.empty() && power.reset.empty()) {
    json.refuse("", "there is neither 'on' and 'off' nor 'reset'; one of them is needed");
  }
}

void read_deploy(JsonReader& json, BoardDeploy& deploy) {
  std::string folder;
  read_command(json, "command", deploy.command);
  json.text("folder", folder);
  json.text("name", deploy.name);
  json.flag("flat", deploy.flat);
  json.duration("timeout", deploy.timeout);
  deploy.folder = folder;
  if (json.has("command") == json.has("folder")) {
    json.refuse("", json.has("folder") ? "an image is deployed by a 'command' or into a 'folder', not both"
                                       : "there is neither a 'command' nor a 'folder'; one of them is needed");
  }
  if (deploy.name.find('/') != std::string::npos || deploy.name == "." || deploy.name == "..") {
    json.refuse("name", fmt::format("'{}' is not the name of a file in the folder", printable(deploy.name)));
  }
}

// The words of a scenario's steps, and one more.
void read_boot_step(JsonReader& json, BootStep& step) {
  step.place = json.place();
  std::string upload;
  json.text("expect", step.expect);
  json.bytes("send", step.send);
  json.word("upload", upload, kUploads);
  step.upload = !upload.empty();
  if (step.upload) step.within = kUploadTime;
  json.duration("within", step.within);
  const int kinds = int{json.has("expect")} + int{json.has("send")} + int{json.has("upload")};
  if (kinds != 1) {
    return json.refuse("", kinds > 1 ? "a step has one of 'expect', 'send' and 'upload'; make several steps of it"
                                     : "a step has 'expect', 'send' or 'upload'; this one has none");
  }
  if (step.send && json.has("within")) return json.refuse("within", "a 'send' takes no time");
  if (step.send && step.send->empty()) return json.refuse("send", "found an empty string; some text is expected");
  if (step.send) check_words(json, "send", *step.send);
  if (!step.expect) return;
  check_words(json, "expect", *step.expect);
  BoardWords words;
  for (const std::string& word : kWords) words.emplace(word, "x");
  json.check(ExpectationsBuilder().add_expect(json.place("expect"), fill_in(*step.expect, words), std::nullopt));
}

void read_lease(JsonReader& json, BoardLease& lease) {
  std::string lock;
  json.text("lock", lock);
  lease.lock = lock;
  json.duration("wait", lease.wait);
  read_command(json, "acquire", lease.acquire);
  read_command(json, "release", lease.release);
  if (lease.acquire.empty() != lease.release.empty()) json.refuse("", "'acquire' and 'release' stand together");
}

// The same for all targets that use the console, at any speed, whoever runs them.
std::filesystem::path default_lock(const BoardSerial& serial) {
  std::string name = (serial.device.empty() ? to_text(serial) : serial.device).substr(0, 120);
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '.' && c != '-') c = '_';
  }
  return std::filesystem::path("/tmp") / fmt::format("bootrig-board-{}.lock", name);
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::ispunct(static_cast<unsigned char>(c)) != 0) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::string fill_in(std::string_view text, const BoardWords& words) {
  const bool expression = text.starts_with("re:");
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view name = text[at] == '{' ? name_in_braces(text, at) : std::string_view();
    if (const auto word = words.find(name); !name.empty() && word != words.end()) {
      out += expression ? escaped(word->second) : word->second;
      at += name.size() + 2;
    } else {
      out += text[at++];
    }
  }
  return out;
}

CommandLine fill_in(const CommandLine& command, const BoardWords& words) {
  CommandLine filled;
  for (const std::string& argument : command) filled.push_back(fill_in(argument, words));
  return filled;
}

std::string to_text(const BoardSerial& serial) {
  if (!serial.device.empty()) return fmt::format("{} at {} baud", serial.device, serial.baud);
  if (!serial.pty.empty()) return "pty:" + serial.pty;
  if (!serial.command.empty()) return fmt::format("command:{}", fmt::join(serial.command, " "));
  return fmt::format("tcp:{}:{}", serial.tcp_host, serial.tcp_port);
}

std::span<const std::string> board_keys() {
  return kBoardKeys;
}

void read_board(JsonReader& json, const std::string& name, BoardSpec& board) {
  board.name = name;
  json.text("place", board.place);
  json.address("memory-base", board.memory_base);
  read_serial(json, board);
  json.object("power", [&](JsonReader& power) { read_power(power, board.power); });
  json.object("deploy", [&](JsonReader& deploy) { read_deploy(deploy, board.deploy); });
  json.objects("boot-steps", [&](JsonReader& step) {
    const bool uploaded = std::ranges::any_of(board.boot_steps, &BootStep::upload);
    read_boot_step(step, board.boot_steps.emplace_back());
    if (uploaded && board.boot_steps.back().upload)
      step.refuse("upload", "the image is uploaded once; an earlier step does");
  });
  json.object("lease", [&](JsonReader& lease) { read_lease(lease, board.lease); });
  if (board.lease.lock.empty()) board.lease.lock = default_lock(board.serial);
}

}  // namespace bootrig
