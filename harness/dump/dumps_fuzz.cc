// find_dumps over any transcript: each record lies within it, after the one before.
// seeds: harness/dump/fixtures/*.transcript harness/dump/fuzz_seeds/dumps/*
#include <algorithm>
#include <string_view>

#include "base/check.h"
#include "dump/exception_record.h"
#include "dump/microkit_loader.h"
#include "testing/fuzz_input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bootrig;
  const std::string_view transcript(reinterpret_cast<const char*>(data), size);
  const auto lines = static_cast<std::uint64_t>(std::ranges::count(transcript, '\n')) + 1;
  std::uint64_t before = 0;
  for (ExceptionRecord& record : find_dumps(transcript)) {
    CHECK(record.first_line > before && record.last_line >= record.first_line && record.last_line <= lines);
    CHECK(!record.dialect.empty() && record.headline.find('\n') == std::string::npos);
    before = record.last_line;
    if (record.dialect == "microkit-loader") place_microkit_loader_registers(record, size % 32, "the symbol");
  }
  return 0;
}
