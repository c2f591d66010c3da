// What bootrig and the guard of a board (agent/program.h) tell each other: one packet of a SOCK_SEQPACKET socket for each
// request and each answer. Both ends are of one build, so there is no version; a packet of no sense is refused all the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bootrig {

// The guard's descriptors: the socket, and the board's lock file, which it holds locked together with bootrig.
inline constexpr int kGuardSocket = 3;
inline constexpr int kGuardLock = 4;
// Of what a command says; the rest is read and dropped.
inline constexpr std::size_t kGuardOutputMax = std::size_t{64} << 10;

struct GuardCommand {
  std::string doing;  // for people: "switching the board off"
  std::uint64_t timeout_ms = 0;
  std::uint64_t tries = 1;  // when nobody is there who could try it again
  std::vector<std::string> words;
};

struct GuardRequest {
  GuardCommand run;   // once
  GuardCommand undo;  // what the guard does alone once bootrig is gone, if `run` succeeded; without words: nothing
};
std::string to_packet(const GuardRequest& request);
std::optional<GuardRequest> guard_request(std::string_view packet);
// The request that ends the guard: the board has been put away.
inline constexpr std::string_view kGuardFarewell = "farewell";

// How a command ended. The first answer, without meaning, comes when the guard is ready.
struct GuardAnswer {
  int error = 0;  // errno, where it could not be started
  int code = -1;  // exit code, or -1
  int signal = 0;
  bool timed_out = false;
  std::string output{};
};
std::string to_packet(const GuardAnswer& answer);
std::optional<GuardAnswer> guard_answer(std::string_view packet);

}  // namespace bootrig
