// What the tests of the dialects share.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/file.h"
#include "dump/exception_record.h"
#include "testing/paths.h"

namespace bootrig::dump {

// A console that was recorded: dump/fixtures/<name>.transcript.
inline std::string fixture(const std::string& name) {
  const Result<std::string> text = read_file(source_path("harness/dump/fixtures/") + name + ".transcript");
  EXPECT_TRUE(text.has_value()) << (text ? "" : to_text(text.error()));
  return text.value_or("");
}

// The transcript's dump; a test fails when there is not exactly one.
inline ExceptionRecord only_dump(std::string_view transcript) {
  std::vector<ExceptionRecord> records = find_dumps(transcript);
  EXPECT_EQ(records.size(), 1u);
  return records.empty() ? ExceptionRecord{} : records[0];
}

}  // namespace bootrig::dump
