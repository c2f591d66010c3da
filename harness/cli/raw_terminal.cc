#include "cli/raw_terminal.h"

#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>

#include "base/check.h"

namespace bootrig {
namespace {

constexpr std::array kFatal{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};

// What a guest may have turned on (xterm, "Control Sequences"). First what moves the cursor, which is put back: the main
// screen, the whole of it as scrolling region. Then colours and drawing characters off, insertion off, lines wrap, the
// cursor shown, keys as usual, no mouse, no bracketed paste. DECSTR would do most of it, and lose the cursor's place.
constexpr std::string_view kPlain =
    "\x1b"
    "7\x1b[?1049l\x1b[r\x1b"
    "8\x1b[0m\x1b(B\x0f\x1b[4l\x1b[?7h\x1b[?25h\x1b[?1l\x1b>\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l";

// What the handlers need; set before they are.
struct State {
  int input = -1;
  int output = -1;  // -1: no terminal
  bool raw = false;
  termios before{};
  termios wanted{};
  std::array<struct sigaction, kFatal.size()> handlers{};
  struct sigaction stop_handler {};
};
State state;

// From here on async-signal-safe calls only.

void give_back() {
  if (!state.raw) return;
  state.raw = false;
  ::tcsetattr(state.input, TCSANOW, &state.before);
  ::tcflush(state.input, TCIFLUSH);  // a terminal's answers to a guest's questions are nothing for a shell
  if (state.output < 0) return;
  [[maybe_unused]] const ssize_t written = ::write(state.output, kPlain.data(), kPlain.size());
}

void take() {
  state.raw = ::tcsetattr(state.input, TCSANOW, &state.wanted) == 0;
}

extern "C" void restore_and_go_on(int number) {
  const int error = errno;
  give_back();
  for (std::size_t i = 0; i < kFatal.size(); ++i) {
    if (kFatal[i] == number) ::sigaction(number, &state.handlers[i], nullptr);
  }
  ::raise(number);  // taken by that handler, or by the default, once this one has returned
  errno = error;
}

extern "C" void stop_and_go_on(int number) {
  const int error = errno;
  struct sigaction ours {};
  give_back();
  ::sigaction(number, &state.stop_handler, &ours);
  ::raise(number);
  // Here we go on: in the background, tcsetattr() stops us again until the terminal is ours.
  ::sigaction(number, &ours, nullptr);
  take();
  errno = error;
}

}  // namespace

RawTerminal::RawTerminal(int input, int output) {
  if (::isatty(input) != 1 || ::tcgetattr(input, &state.before) != 0) return;
  CHECK(state.input < 0);
  state.input = input;
  state.output = ::isatty(output) == 1 ? output : -1;
  state.wanted = state.before;
  ::cfmakeraw(&state.wanted);
  state.wanted.c_oflag = state.before.c_oflag;  // a bare newline begins a line, as it does everywhere else
  struct sigaction action {};
  action.sa_handler = restore_and_go_on;
  action.sa_flags = SA_RESTART;
  for (std::size_t i = 0; i < kFatal.size(); ++i) ::sigaction(kFatal[i], &action, &state.handlers[i]);
  action.sa_handler = stop_and_go_on;
  action.sa_flags = SA_RESTART | SA_NODEFER;
  ::sigaction(SIGTSTP, &action, &state.stop_handler);
  take();
  active_ = state.raw;
}

RawTerminal::~RawTerminal() {
  if (state.input < 0) return;
  give_back();
  for (std::size_t i = 0; i < kFatal.size(); ++i) ::sigaction(kFatal[i], &state.handlers[i], nullptr);
  ::sigaction(SIGTSTP, &state.stop_handler, nullptr);
  state = State{};
}

}  // namespace bootrig
