// Reads transcript files. docs/formats.md says what they are.

#include <fmt/format.h>

#include <utility>

#include "match/ansi.h"
#include "match/compiled.h"
#include "match/console_line.h"

namespace bootrig::match {
namespace {

std::string cleaned(std::string_view line) {
  std::string text;
  AnsiStripper stripper;
  stripper.strip(line, [&](std::string_view piece) { text += piece; });
  return std::string(without_trailing_cr(text));
}

class TranscriptReader {
 public:
  explicit TranscriptReader(std::string_view display_name) : name_(display_name) {}

  // `ended`: the line has a '\n' in the file.
  Result<void> take(std::string_view raw, bool ended) {
    ++number_;
    const std::string place = fmt::format("{}:{}", name_, number_);
    std::string written = cleaned(raw);
    if (written.starts_with("# ")) return {};
    if (written == "...") {
      if (gap_) return fail(place, "two gaps ('...') in a row; one lets any number of lines pass");
      gap_ = true;
      return {};
    }
    BOOTRIG_TRY(LinePattern pattern, LinePattern::parse(place, written, names_));
    // What a placeholder at the end stands for is known when the line ends, not before.
    const bool prompt = !ended && !pattern.ends_with_placeholder();
    lines_.push_back({place, std::move(written), std::move(pattern), gap_, prompt});
    gap_ = false;
    return {};
  }

  Result<std::vector<ExpectedLine>> finish() && {
    if (!lines_.empty()) return std::move(lines_);
    return fail(name_, gap_ ? "the transcript holds a gap ('...') and no line to expect"
                            : "the transcript holds no line to expect");
  }

 private:
  std::string name_;
  std::size_t number_ = 0;
  bool gap_ = false;
  NameUses names_;
  std::vector<ExpectedLine> lines_;
};

}  // namespace

Result<std::vector<ExpectedLine>> parse_transcript(std::string_view display_name, std::string_view text) {
  TranscriptReader reader(display_name);
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    const bool ended = newline != std::string_view::npos;
    BOOTRIG_TRY_VOID(reader.take(text.substr(0, newline), ended));
    text.remove_prefix(ended ? newline + 1 : text.size());
  }
  return std::move(reader).finish();
}

std::vector<Block> make_blocks(const std::vector<ExpectedLine>& lines, Unexpected unexpected) {
  std::vector<Block> blocks;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool after_gap = lines[i].after_gap || unexpected == Unexpected::kAllow;
    if (i == 0 || after_gap) blocks.push_back({i, 0, after_gap});
    ++blocks.back().count;
  }
  return blocks;
}

}  // namespace bootrig::match
