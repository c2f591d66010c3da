// RawTerminal: a terminal on which every key goes where we say, Ctrl-C too, for as long as this lives. However the
// process ends (a signal, a crash; SIGKILL alone cannot be seen), the terminal is as it was before: line mode, echo, and
// what a guest may have turned on by escape sequences is off. Stopped (SIGTSTP), it gives the terminal back, too.
#pragma once

namespace bootrig {

class RawTerminal {
 public:
  // Does nothing where `input` is no terminal. `output`: where escapes are shown, when that is a terminal. One at a time.
  // What it does on a signal comes before what was to be done on it.
  RawTerminal(int input, int output);
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

  bool active() const { return active_; }

 private:
  bool active_ = false;
};

}  // namespace bootrig
