#include "slurm/tasks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace bootrig {
namespace {

constexpr std::array<std::string_view, 12> kActive{"PENDING",      "RUNNING",      "SUSPENDED", "COMPLETING",
                                                   "CONFIGURING",  "RESIZING",     "REQUEUED",  "REQUEUE_FED",
                                                   "REQUEUE_HOLD", "SPECIAL_EXIT", "STAGE_OUT", "SIGNALING"};
// squeue(1), JOB REASON CODES: those that only a person can take back.
constexpr std::array<std::string_view, 6> kStuck{"BadConstraints",     "JobHeldAdmin",
                                                 "JobHeldUser",        "PartitionNodeLimit",
                                                 "PartitionTimeLimit", "launch failed requeued held"};

}  // namespace

std::vector<TaskState> parse_tasks(std::string_view output) {
  std::vector<TaskState> tasks;
  for (const std::string_view line : split_lines(output)) {
    const auto columns = split(line, '|');
    if (columns.size() < 4 || !parse_count(columns[0])) continue;
    const auto index = parse_count(columns[1]);
    if (!index || *index > ~0u) continue;
    tasks.push_back(
        {std::string(columns[0]), static_cast<unsigned>(*index), std::string(columns[2]), std::string(columns[3])});
  }
  return tasks;
}

bool is_active(std::string_view state) {
  return std::ranges::find(kActive, state) != kActive.end();
}

bool is_stuck(const TaskState& task) {
  const bool waits = task.state == "PENDING" || task.state == "REQUEUE_HOLD" || task.state == "SPECIAL_EXIT";
  return waits && std::ranges::find(kStuck, trim(task.reason)) != kStuck.end();
}

std::string array_text(const std::vector<unsigned>& indices) {
  std::string text;
  for (std::size_t i = 0; i < indices.size();) {
    std::size_t last = i;
    while (last + 1 < indices.size() && indices[last + 1] == indices[last] + 1) ++last;
    if (!text.empty()) text += ',';
    text += last == i ? fmt::format("{}", indices[i]) : fmt::format("{}-{}", indices[i], indices[last]);
    i = last + 1;
  }
  return text;
}

}  // namespace bootrig
