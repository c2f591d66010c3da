// An Inspection of plain data: what a test puts in is what triage finds.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "machine/inspection.h"

namespace bootrig {

// An aggregate with a base cannot have named members initialised; so the data stands on its own.
struct FakeInspectionData {
  std::vector<CpuState> states;
  std::map<std::uint64_t, std::string> memory;  // bytes by their first address
  std::map<std::string, std::string> answers;   // of the monitor
  std::vector<std::vector<CpuState>> later;     // the CPUs after each let_run(); behind the last nothing moves
  std::string device_tree;                      // empty: none
};

class FakeInspection final : public Inspection {
 public:
  explicit FakeInspection(FakeInspectionData data) : data_(std::move(data)) {}

  Result<std::vector<CpuState>> cpus() override { return data_.states; }

  Result<void> let_run(Duration) override {
    if (runs_ < data_.later.size()) data_.states = data_.later[runs_];
    ++runs_;
    return {};
  }

  Result<void> read(std::uint64_t address, std::span<std::uint8_t> out) override {
    const auto after = data_.memory.upper_bound(address);
    if (after == data_.memory.begin()) return fail(fmt::format("no memory at {:#x}", address));
    const auto& [first, bytes] = *std::prev(after);
    const std::uint64_t offset = address - first;
    if (offset > bytes.size() || out.size() > bytes.size() - offset) {
      return fail(fmt::format("no memory at {:#x}", address));
    }
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
    return {};
  }

  Result<std::string> monitor(std::string_view command) override {
    const auto answer = data_.answers.find(std::string(command));
    if (answer == data_.answers.end()) {
      return fail(fmt::format("the fake machine's monitor does not know '{}'", command));
    }
    return answer->second;
  }

  Result<std::string> device_tree() override {
    if (data_.device_tree.empty()) return fail("the fake machine has no device tree");
    return data_.device_tree;
  }

 private:
  FakeInspectionData data_;
  std::size_t runs_ = 0;
};

}  // namespace bootrig
