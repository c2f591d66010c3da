// Any bytes as a journal, and any JSON as a result: what is read is written and read again, the same.
// seeds: harness/run/fuzz_seeds/journal/*
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "base/file.h"
#include "run/journal.h"
#include "run/result_json.h"
#include "testing/fuzz_input.h"

namespace bootrig {
namespace {

void check_result(const JsonValue& value) {
  const auto result = result_from_json(value);
  if (!result) {
    CHECK(!result.error().message.empty());
    return;
  }
  const std::string written = write_json(to_json(*result));
  const auto again = result_from_json(*parse_json("again", written));
  CHECK(again && write_json(to_json(*again)) == written);
}

void check_journal(std::string_view bytes) {
  static const ScopedFd file(::memfd_create("journal", MFD_CLOEXEC));
  CHECK(::ftruncate(file.get(), 0) == 0);
  CHECK(::pwrite(file.get(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  const auto contents = read_journal(fmt::format("/proc/self/fd/{}", file.get()));
  if (!contents) CHECK(!contents.error().message.empty());
}

}  // namespace
}  // namespace bootrig

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bootrig;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  // The head of a journal, so that the case is its lines.
  check_journal("{\"journal\":\"bootrig-journal-1\",\"fingerprint\":\"f\"}\n" + std::string(bytes));
  if (const auto value = parse_json("x", bytes)) check_result(*value);
  check_journal(bytes);
  return 0;
}
