// Any bytes as a plan.jsonl: what is read is written and read again, the same, and no testcase has its files elsewhere.
// seeds: harness/run/fuzz_seeds/plan/*
#include <unistd.h>

#include <algorithm>

#include "base/check.h"
#include "base/file.h"
#include "run/plan_record.h"
#include "testing/fuzz_input.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

const fs::path& folder() {
  static const fs::path folder = [] {
    char name[] = "/tmp/plan_record_fuzz-XXXXXX";
    CHECK(::mkdtemp(name) != nullptr);
    return fs::path(name);
  }();
  return folder;
}

void check_plan(std::string_view bytes) {
  CHECK(write_file(folder() / "plan.jsonl", bytes));
  const auto plan = read_plan_record(folder());
  if (!plan) {
    CHECK(!plan.error().message.empty());
    return;
  }
  CHECK(plan->testcases.size() == plan->shard_of.size() && plan->shard >= 1 && plan->shard <= plan->shards);
  for (const RunResult& testcase : plan->testcases) {
    CHECK(std::ranges::count(cell_folder(testcase.scenario, testcase.id), fs::path("..")) == 0);
  }
  CHECK(write_plan_record(folder(), *plan));
  const auto again = read_plan_record(folder());
  CHECK(again && plan_fingerprint(*again, 0) == plan_fingerprint(*plan, 0) && again->shard_of == plan->shard_of);
}

}  // namespace
}  // namespace bootrig

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bootrig::check_plan({reinterpret_cast<const char*>(data), size});
  return 0;
}
