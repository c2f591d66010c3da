// YmodemSender: sends one file by YMODEM (Chuck Forsberg, "XMODEM/YMODEM Protocol Reference", 1988: 128-byte header block,
// 1024-byte data blocks, CRC-16), to a receiver as U-Boot's loady. The receiver drives it: it is fed what came and gives what
// is to be sent, and knows neither time nor lines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bootrig {

class YmodemSender {
 public:
  YmodemSender(std::string_view name, std::string bytes);

  // Takes what came, up to the end of the transfer, and gives how many bytes it took.
  std::size_t feed(std::string_view received);
  // What is to be sent now, once.
  std::string take_send();
  bool done() const { return state_ == State::kDone; }
  const std::string& failure() const { return failure_; }  // empty: none
  std::string progress() const;                            // "12 of 46 blocks"

 private:
  enum class State { kAwaitStart, kHeader, kAwaitData, kData, kEnd, kAwaitLast, kLast, kDone };
  void take(unsigned char byte);
  void send(State state, std::string block);
  void send_block();
  void take_acknowledgement();
  std::size_t blocks() const;

  std::string header_;
  std::string bytes_;
  State state_ = State::kAwaitStart;
  std::size_t block_ = 0;  // of the data, acknowledged
  std::string last_;       // to send again
  std::string due_;
  unsigned repeats_ = 0;
  unsigned cancels_ = 0;
  std::string failure_;
};

}  // namespace bootrig
