// Starting a program that dies with its parent, for a process of one thread.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace bootrig {

struct StartedChild {
  pid_t pid = -1;
  int error = 0;  // errno, where it could not be started; then there is no process
};

// `moves`: descriptors of ours and the numbers that the child finds them at; it has no others, and /dev/null for those
// of its standard ones that are not named. `own_group`: a process group of its own.
StartedChild start_child(const std::vector<std::string>& words, const std::vector<std::pair<int, int>>& moves,
                         bool own_group);

// Both close on exec.
bool make_pipe(int& reading, int& writing);
bool make_socket_pair(int& near, int& far);

}  // namespace bootrig
