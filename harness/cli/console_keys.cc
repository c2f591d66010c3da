#include "cli/console_keys.h"

#include <fmt/format.h>

namespace bootrig {
namespace {

constexpr char kMenuKey = 0x1d;  // Ctrl-]

struct MenuRow {
  char key;
  ConsoleCommand command;
  const char* word;
  const char* what;
};
constexpr MenuRow kMenu[] = {
    {'b', ConsoleCommand::kBreak, "break", "send a BREAK on the serial line"},
    {'r', ConsoleCommand::kReset, "reset", "reset the machine; it boots anew"},
    {'p', ConsoleCommand::kPause, "pause", "pause the guest, or let it go on"},
    {'d', ConsoleCommand::kDiagnose, "diagnose", "explain what the console and the machine show; the guest goes on"},
    {'D', ConsoleCommand::kDiagnoseHang, "hang", "the same of a guest of which you know that it should not wait"},
    {'s', ConsoleCommand::kSave, "save", "save the transcript so far under a name of its own"},
    {'q', ConsoleCommand::kQuit, "quit", "stop the machine and end"},
    {'?', ConsoleCommand::kHelp, "help", "this list"},
};

bool leaves_menu(char key) {
  return key == 0x1b || key == '\r' || key == '\n';
}

}  // namespace

std::vector<ConsoleInput> ConsoleKeys::feed(std::string_view typed) {
  std::vector<ConsoleInput> inputs;
  for (const char key : typed) take_key(key, inputs);
  return inputs;
}

void ConsoleKeys::take_key(char key, std::vector<ConsoleInput>& inputs) {
  if (!in_menu_ && key == kMenuKey) {
    in_menu_ = true;
    inputs.push_back({.command = ConsoleCommand::kMenu});
  } else if (!in_menu_ || key == kMenuKey) {
    in_menu_ = false;
    if (inputs.empty() || inputs.back().bytes.empty()) inputs.emplace_back();
    inputs.back().bytes += key;
  } else {
    in_menu_ = false;
    if (leaves_menu(key)) return;
    ConsoleInput input{.command = ConsoleCommand::kUnknown};
    for (const MenuRow& row : kMenu) {
      if (row.key == key || (row.key == '?' && key == 'h')) input.command = row.command;
    }
    inputs.push_back(std::move(input));
  }
}

std::string console_menu() {
  std::string text;
  for (const MenuRow& row : kMenu) text += fmt::format("{} {}  ", row.key, row.word);
  return text + "Ctrl-] sends it";
}

std::vector<std::string> console_help() {
  std::vector<std::string> lines;
  for (const MenuRow& row : kMenu) lines.push_back(fmt::format("Ctrl-] {}  {}", row.key, row.what));
  lines.emplace_back("Ctrl-] Ctrl-]  sends Ctrl-] to the guest; Escape and Enter leave the menu");
  return lines;
}

}  // namespace bootrig
