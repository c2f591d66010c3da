// What Slurm says of a job array's tasks: squeue's answer as plain data. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace bootrig {

// The columns that parse_tasks() reads, as squeue's --format.
inline constexpr const char* kTaskFormat = "%F|%K|%T|%r";

struct TaskState {
  std::string job;    // the array's number
  unsigned task = 0;  // the index in it
  std::string state;  // "PENDING", "RUNNING", "NODE_FAIL", ... (squeue(1), JOB STATE CODES)
  std::string reason;
};

// Lines that are none (warnings) are passed over.
std::vector<TaskState> parse_tasks(std::string_view output);

// Whether the task may still give results: it waits, runs, or is being moved.
bool is_active(std::string_view state);
// Whether it waits and will never start by itself: held, after a failed launch for example.
bool is_stuck(const TaskState& task);

// "1-4,7": the indices as sbatch's --array takes them. `indices`: sorted.
std::string array_text(const std::vector<unsigned>& indices);

}  // namespace bootrig
