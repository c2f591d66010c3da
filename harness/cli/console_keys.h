// What a person types at a console, told apart: bytes for the guest, and commands behind Ctrl-]. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bootrig {

enum class ConsoleCommand {
  kMenu,  // Ctrl-] was typed; the key that follows says what
  kBreak,
  kReset,
  kPause,
  kDiagnose,
  kDiagnoseHang,
  kSave,
  kQuit,
  kHelp,
  kUnknown,  // a key that is none
};

// Bytes, or, when there are none, a command.
struct ConsoleInput {
  std::string bytes;
  ConsoleCommand command = ConsoleCommand::kMenu;
};

class ConsoleKeys {
 public:
  // In the order in which they were typed, however the bytes were split. Ctrl-] twice is a byte for the guest; Escape and
  // Enter leave the menu.
  std::vector<ConsoleInput> feed(std::string_view typed);

 private:
  void take_key(char key, std::vector<ConsoleInput>& inputs);

  bool in_menu_ = false;
};

// "b break  r reset ..." on one line, and with a line for each key.
std::string console_menu();
std::vector<std::string> console_help();

}  // namespace bootrig
