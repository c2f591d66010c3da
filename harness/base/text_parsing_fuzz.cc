// Words and numbers of users: what is read is written and read again, the same.
#include "base/check.h"
#include "base/text.h"
#include "testing/fuzz_input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bootrig;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto duration = parse_duration(text)) CHECK(!format_duration(*duration).empty());
  if (const auto bytes = parse_size(text)) CHECK(parse_size(format_size(*bytes)) == *bytes);
  (void)parse_address(text);
  (void)parse_count(text);
  (void)nearest_spelling(text, std::vector<std::string>{"memory", "machine", std::string(text.substr(size / 2))});
  for (const std::string_view line : split_lines(text)) CHECK(!trim(line).starts_with(' '));
  return 0;
}
