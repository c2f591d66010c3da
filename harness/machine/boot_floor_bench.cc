// The floor under bootrig's speed: the same QEMU command, run by a bare fork and exec, until its
// UART has said a line.
//
//   boot_floor_bench LINE COUNT JOBS -- argv...
//
// Each run: three socket pairs (UART at 3, QMP at 4, gdb at 5 in the child), fork, exec, read the
// UART until LINE has appeared, SIGKILL, wait. COUNT runs by JOBS processes; prints the wall time
// of each in milliseconds, one a line, and on stderr the time of all. On purpose without bootrig's
// own code: it is what that code is measured against.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace {

constexpr int kChannels = 3;
constexpr int kFirstDescriptor = 3;
constexpr int kTimeoutMs = 60000;
// bootrig's QEMU waits for "cont" (-S); sent before it starts, so that nothing waits for a round
// trip.
constexpr char kQmpOpening[] = "{\"execute\":\"qmp_capabilities\"}\n{\"execute\":\"cont\"}\n";

double now_ms() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

[[noreturn]] void die(const char* what) {
  perror(what);
  exit(2);
}

[[noreturn]] void run_qemu(char** argv, const int* ends) {
  int high[kChannels];
  for (int i = 0; i < kChannels; ++i) high[i] = fcntl(ends[i], F_DUPFD_CLOEXEC, 100);
  for (int i = 0; i < kChannels; ++i) dup2(high[i], kFirstDescriptor + i);
  execvp(argv[0], argv);
  perror(argv[0]);
  _exit(127);
}

// False: the channel ended, or nothing came for a minute.
bool read_until(int fd, const char* line) {
  static char text[1 << 20];
  size_t used = 0;
  const size_t length = strlen(line);
  for (;;) {
    pollfd watched = {fd, POLLIN, 0};
    if (poll(&watched, 1, kTimeoutMs) != 1) return false;
    const ssize_t count = read(fd, text + used, sizeof(text) - used);
    if (count <= 0) return false;
    used += static_cast<size_t>(count);
    if (memmem(text, used, line, length) != nullptr) return true;
    if (used < sizeof(text)) continue;
    memmove(text, text + used - length, length);
    used = length;
  }
}

// Milliseconds; negative: the line did not come.
double run_once(const char* line, char** argv) {
  const double start = now_ms();
  int ours[kChannels];
  int theirs[kChannels];
  for (int i = 0; i < kChannels; ++i) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) die("socketpair");
    ours[i] = ends[0];
    theirs[i] = ends[1];
  }
  if (write(ours[1], kQmpOpening, sizeof(kQmpOpening) - 1) < 0) die("write");
  const pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid == 0) run_qemu(argv, theirs);
  for (int i = 0; i < kChannels; ++i) close(theirs[i]);
  const bool seen = read_until(ours[0], line);
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  for (int i = 0; i < kChannels; ++i) close(ours[i]);
  return seen ? now_ms() - start : -1;
}

// One job: its share of the runs. 0: all saw the line.
int run_share(const char* line, int count, char** argv) {
  for (int i = 0; i < count; ++i) {
    const double time = run_once(line, argv);
    if (time < 0) {
      fprintf(stderr, "boot_floor_bench: the line did not come\n");
      return 1;
    }
    char text[32];
    const int length = snprintf(text, sizeof(text), "%.2f\n", time);
    if (write(STDOUT_FILENO, text, static_cast<size_t>(length)) != length) return 1;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6 || strcmp(argv[4], "--") != 0) {
    fprintf(stderr, "usage: boot_floor_bench LINE COUNT JOBS -- argv...\n");
    return 2;
  }
  const int count = atoi(argv[2]);
  const int jobs = atoi(argv[3]);
  if (count < 1 || jobs < 1) {
    fprintf(stderr, "boot_floor_bench: COUNT and JOBS must be at least 1\n");
    return 2;
  }
  const double start = now_ms();
  for (int job = 0; job < jobs; ++job) {
    const pid_t pid = fork();
    if (pid < 0) die("fork");
    if (pid == 0) _exit(run_share(argv[1], count / jobs + (job < count % jobs ? 1 : 0), argv + 5));
  }
  int failed = 0;
  int status = 0;
  while (wait(&status) > 0) failed |= status;
  fprintf(stderr, "%d runs, %d at a time: %.1f ms\n", count, jobs, now_ms() - start);
  return failed == 0 ? 0 : 1;
}
