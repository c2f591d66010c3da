#include "triage/each_dump.h"

#include <algorithm>
#include <string>

#include "dump/exception_record.h"

namespace bootrig {
namespace {

// The transcript up to the dump behind `which`; the lines of earlier dumps are empty, so that line numbers stay.
std::string with_one_dump(std::string_view transcript, const std::vector<ExceptionRecord>& dumps, std::size_t which) {
  std::string text;
  std::size_t earlier = 0;  // the first dump that has not ended before the line
  std::uint64_t number = 0;
  for (std::size_t begin = 0; begin < transcript.size();) {
    const std::size_t newline = transcript.find('\n', begin);
    const std::size_t end = newline == std::string_view::npos ? transcript.size() : newline + 1;
    const std::string_view line = transcript.substr(begin, end - begin);
    begin = end;
    ++number;
    while (earlier < which && dumps[earlier].last_line < number) ++earlier;
    if (which + 1 < dumps.size() && number >= dumps[which + 1].first_line) break;
    const bool blank = earlier < which && number >= dumps[earlier].first_line;
    text += blank ? std::string_view("\n") : line;
  }
  return text;
}

}  // namespace

DumpDiagnoses diagnose_dumps(const Evidence& evidence, std::size_t most) {
  DumpDiagnoses result;
  const std::vector<ExceptionRecord> dumps = find_dumps(evidence.transcript);
  if (dumps.size() <= 1) {
    if (auto diagnosis = diagnose(evidence)) result.diagnoses.push_back(std::move(*diagnosis));
    return result;
  }
  const std::size_t told = std::min(dumps.size(), most);
  for (std::size_t i = 0; i < told; ++i) {
    const std::string text = with_one_dump(evidence.transcript, dumps, i);
    Evidence alone = evidence;
    alone.transcript = text;
    if (auto diagnosis = diagnose(alone)) result.diagnoses.push_back(std::move(*diagnosis));
  }
  result.untold = dumps.size() - told;
  return result;
}

}  // namespace bootrig
