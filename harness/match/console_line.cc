#include "match/console_line.h"

#include <string.h>  // memrchr

#include <algorithm>

namespace bootrig::match {
namespace {

// Runs of lines are put aside up to this size: small feeds then cost a copy, not a look at each
// line.
constexpr std::size_t kAsideMax = 64 * 1024;

// Takes the last line off raw lines that end at `offset`.
SeenLine take_last_line(std::string_view& raw, std::uint64_t number, std::uint64_t& offset) {
  const std::size_t begin = find_last_newline(raw.substr(0, raw.size() - 1)) + 1;
  const std::string_view line = raw.substr(begin, raw.size() - 1 - begin);
  SeenLine seen{number, offset, {}};
  if (holds_escape(line)) {
    PendingLine cleaned;
    cleaned.append(line);
    seen.text = cleaned.text().substr(0, kSeenMax);
  } else {
    seen.text = without_trailing_cr(line).substr(0, kSeenMax);
  }
  offset -= raw.size() - begin;
  raw = raw.substr(0, begin);
  return seen;
}

}  // namespace

std::uint64_t ConsoleLine::offset_behind(std::size_t position) const {
  if (position == 0) return start;
  const auto behind = std::upper_bound(cuts.begin(), cuts.end(), position - 1,
                                       [](std::size_t at, const Cut& cut) { return at < cut.at; });
  return start + position + (behind == cuts.begin() ? 0 : std::prev(behind)->skipped);
}

std::string_view without_trailing_cr(std::string_view text) {
  while (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

bool holds_escape(std::string_view bytes) {
  return !bytes.empty() && std::memchr(bytes.data(), kEscapeByte, bytes.size()) != nullptr;
}

std::size_t find_last_newline(std::string_view text) {
  if (text.empty()) return std::string_view::npos;
  const void* at = memrchr(text.data(), '\n', text.size());
  return at == nullptr ? std::string_view::npos : static_cast<const char*>(at) - text.data();
}

std::optional<std::string_view> PendingLine::raw() const {
  return raw_size_ <= kRawMax ? std::optional<std::string_view>(raw_) : std::nullopt;
}

void PendingLine::append(std::string_view bytes) {
  stripper_.strip(bytes, [&](std::string_view piece) {
    keep(piece, raw_size_ + static_cast<std::uint64_t>(piece.data() - bytes.data()));
  });
  raw_size_ += bytes.size();
  if (raw_size_ <= kRawMax) raw_ += bytes;
}

void PendingLine::keep(std::string_view piece, std::uint64_t raw_at) {
  piece = piece.substr(0, kLineMax - text_.size());
  if (piece.empty()) return;
  const std::uint64_t skipped = raw_at - text_.size();
  if (skipped != (cuts_.empty() ? 0 : cuts_.back().skipped)) cuts_.push_back({text_.size(), skipped});
  const std::size_t last = piece.find_last_not_of('\r');
  if (last != std::string_view::npos) visible_ = text_.size() + last + 1;
  text_ += piece;
}

void PendingLine::clear() {
  stripper_ = {};
  text_.clear();
  visible_ = 0;
  cuts_.clear();
  raw_size_ = 0;
  raw_.clear();
}

void History::add(std::uint64_t number, std::uint64_t offset, std::string_view text) {
  if (!aside_.empty()) {
    take_apart(aside_, last_, last_offset_);
    aside_.clear();
  }
  SeenLine& line = lines_[number % kCapacity];
  line.number = number;
  line.offset = offset;
  line.text.assign(text.substr(0, kSeenMax));
  last_ = number;
}

void History::add_run(std::string_view raw, std::uint64_t last, std::uint64_t offset) {
  if (aside_.size() + raw.size() > kAsideMax) {
    take_apart(aside_, last_, last_offset_);
    aside_.clear();
  }
  if (raw.size() > kAsideMax / 2) {
    take_apart(raw, last, offset);
  } else {
    aside_ += raw;
  }
  last_ = last;
  last_offset_ = offset;
}

void History::take_apart(std::string_view raw, std::uint64_t last, std::uint64_t offset) {
  for (std::size_t i = 0; i < kCapacity && !raw.empty(); ++i) {
    lines_[(last - i) % kCapacity] = take_last_line(raw, last - i, offset);
  }
}

std::optional<SeenLine> History::line(std::uint64_t number) const {
  if (number == 0 || number > last_ || number + kCapacity <= last_) return std::nullopt;
  std::string_view raw = aside_;
  std::uint64_t offset = last_offset_;
  for (std::uint64_t at = last_; !raw.empty(); --at) {
    SeenLine line = take_last_line(raw, at, offset);
    if (at == number) return line;
  }
  const SeenLine& line = lines_[number % kCapacity];
  return line.number == number ? std::optional(line) : std::nullopt;
}

}  // namespace bootrig::match
