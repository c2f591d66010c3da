#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/child.h"
#include "agent/link.h"
#include "agent/program.h"
#include "agent/relay_status.h"

namespace bootrig {
namespace {

constexpr int kEndOfSshMs = 1000;  // for ssh to say why it ends
constexpr int kTries = 3;
constexpr useconds_t kBetweenTriesUs = 200'000;  // as many times as was tried
constexpr std::uint64_t kTriesWithinMs = 3000;
constexpr int kLost = 70;  // exit status: EX_SOFTWARE of sysexits.h; the status in shared memory says more

// The connection to one machine over there.
class Relay {
 public:
  Relay(RelayStatus& status, std::uint64_t patience_ms) : status_(status), patience_ms_(patience_ms) {}

  int run(const std::vector<std::string>& way, std::span<char*> program) {
    for (int tried = 1;; ++tried) {
      const std::optional<int> result = connect(way, program, tried);
      if (result) return *result;
      ::usleep(static_cast<useconds_t>(tried) * kBetweenTriesUs);
    }
  }

 private:
  // None: ssh ended at once without a word, as it does now and then where many begin together; it may be tried again.
  std::optional<int> connect(const std::vector<std::string>& way, std::span<char*> program, int tried) {
    if (!start_way(way)) return lose("cannot run " + way[0] + ": " + std::strerror(errno));
    Link link(from_way_, to_way_, /*toward_session=*/true);
    for (const char* word : program) link.send(FrameType::kWords, {word, std::strlen(word) + 1});
    link.send(FrameType::kStart, number_bytes(patience_ms_, 8));
    for (bool linked = true; linked;) {
      linked = link.round(kHeartbeatMs, way_errors_, [&](const Frame& frame) { take(frame, link); });
      read_way_errors();
      status_.heard_at = link.heard_at();
      if (ended_ && (link.sinks_dry() || !linked)) return end();
      if (monotonic_now() - link.heard_at() > patience_ms_ * kNsPerMs) return lose(silence());
      beat(link);
    }
    if (link.broken()) return lose("what came over ssh is not what bootrig's agent says" + said());
    const std::string why = end_of_way();
    for (int* end : {&from_way_, &to_way_}) ::close(std::exchange(*end, -1));
    const bool silent = way_pid_ < 0 && !started_ && said().empty();
    const bool again = silent && tried < kTries && monotonic_now() - begun_ < kTriesWithinMs * kNsPerMs;
    return again ? std::nullopt : std::optional(lose(why));
  }

  bool start_way(const std::vector<std::string>& way) {
    int their_in = -1;
    int their_out = -1;
    int their_errors = -1;
    if (!make_pipe(their_in, to_way_) || !make_pipe(from_way_, their_out) || !make_pipe(way_errors_, their_errors)) {
      return false;
    }
    const StartedChild child =
        start_child(way, {{their_in, 0}, {their_out, 1}, {their_errors, 2}}, /*own_group=*/false);
    for (const int end : {their_in, their_out, their_errors}) ::close(end);
    set_nonblocking(way_errors_);
    way_pid_ = child.pid;
    errno = child.error;
    return child.error == 0;
  }

  void take(const Frame& frame, Link& link) {
    switch (frame.type) {
      case FrameType::kStarted:
        // Not before: what the session has said until now would be lost with a connection that is tried again.
        for (const auto& [channel, descriptor] : {std::pair{kUart, 3}, {kQmp, 4}, {kGdb, 5}, {kErrors, 2}}) {
          link.open(channel, descriptor);
        }
        started_ = true;
        waited_ = monotonic_now() - begun_;
        status_.starved = waited_;
        status_.state = RelayState::kRunning;
        break;
      case FrameType::kAlive:
        if (status_.state == RelayState::kRunning) status_.starved = waited_ + number_at(frame.payload, 0, 8);
        break;
      case FrameType::kRefused: {
        const std::string text = "cannot start on the host: " + frame.payload + "\n";
        [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
        status_.exit_code = 127;
        ended_ = true;
        break;
      }
      case FrameType::kExited:
        status_.exit_code = static_cast<std::int32_t>(number_at(frame.payload, 0, 4));
        status_.exit_signal = static_cast<std::int32_t>(number_at(frame.payload, 4, 4));
        status_.cpu_time = number_at(frame.payload, 8, 8);
        ended_ = true;
        break;
      default:  // of no meaning in this direction
        break;
    }
  }

  void beat(Link& link) {
    const std::uint64_t now = monotonic_now();
    if (now - beat_at_ < kHeartbeatMs * kNsPerMs) return;
    beat_at_ = now;
    link.send(FrameType::kAlive, number_bytes(0, 8));
  }

  int end() {
    status_.state = RelayState::kEnded;
    return 0;
  }

  // The last of it, as text for people.
  void read_way_errors() {
    std::array<char, 1024> bytes;
    for (ssize_t count = 0; (count = ::read(way_errors_, bytes.data(), bytes.size())) != 0;) {
      if (count < 0) return;
      way_said_.append(bytes.data(), static_cast<std::size_t>(count));
      if (way_said_.size() > bytes.size()) way_said_.erase(0, way_said_.size() - bytes.size());
    }
    ::close(way_errors_);
    way_errors_ = -1;
  }

  std::string said() const {
    std::string text = way_said_;
    while (!text.empty() && std::strchr("\r\n ", text.back()) != nullptr) text.pop_back();
    return text.empty() ? "" : ": " + text;
  }

  std::string silence() const {
    const std::string tenths = patience_ms_ % 1000 == 0 ? "" : "." + std::to_string(patience_ms_ % 1000 / 100);
    return "nothing was heard of the host for " + std::to_string(patience_ms_ / 1000) + tenths + " s" + said();
  }

  std::string end_of_way() {
    int status = 0;
    pid_t reaped = 0;
    const std::uint64_t until = monotonic_now() + kEndOfSshMs * kNsPerMs;
    while ((reaped = ::waitpid(way_pid_, &status, WNOHANG)) == 0 && monotonic_now() < until) ::usleep(10'000);
    if (way_errors_ >= 0) read_way_errors();
    if (reaped == way_pid_) way_pid_ = -1;
    std::string what = "the connection ended";
    if (reaped > 0 && WIFSIGNALED(status)) what = "ssh was killed by signal " + std::to_string(WTERMSIG(status));
    if (reaped > 0 && WIFEXITED(status)) {
      // OpenSSH: 255 is its own, any other is the remote command's; above 128, by a signal.
      const int code = WEXITSTATUS(status);
      what = code == 255 ? "ssh ended" : "the agent on the host ended with status " + std::to_string(code);
    }
    return what + said();
  }

  int lose(const std::string& why) {
    if (way_pid_ > 0) ::kill(way_pid_, SIGKILL);
    const std::string text = why.substr(0, status_.trouble.size() - 1);
    std::copy(text.begin(), text.end(), status_.trouble.begin());
    status_.trouble[text.size()] = '\0';
    status_.state = RelayState::kLost;
    return kLost;
  }

  RelayStatus& status_;
  std::uint64_t patience_ms_;
  std::uint64_t begun_ = monotonic_now();
  std::uint64_t waited_ = 0;  // until the program was started
  std::uint64_t beat_at_ = 0;
  pid_t way_pid_ = -1;
  int to_way_ = -1;
  int from_way_ = -1;
  int way_errors_ = -1;
  std::string way_said_;
  bool started_ = false;  // the program over there
  bool ended_ = false;
};

}  // namespace

int relay(std::span<char*> words) {
  void* shared = ::mmap(nullptr, sizeof(RelayStatus), PROT_READ | PROT_WRITE, MAP_SHARED, kStatusDescriptor, 0);
  const std::uint64_t patience_ms = std::strtoull(words[0], nullptr, 10);
  const std::size_t way_words = std::strtoull(words[1], nullptr, 10);
  if (shared == MAP_FAILED || patience_ms == 0 || way_words == 0 || words.size() < 3 + way_words) return 2;
  const std::vector<std::string> way(words.begin() + 2, words.begin() + 2 + static_cast<std::ptrdiff_t>(way_words));
  return Relay(*static_cast<RelayStatus*>(shared), patience_ms).run(way, words.subspan(2 + way_words));
}

}  // namespace bootrig
