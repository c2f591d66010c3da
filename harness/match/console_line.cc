#include "match/console_line.h"

#include <algorithm>

namespace bootrig::match {

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

void PendingLine::append(std::string_view bytes) {
  stripper_.strip(bytes, [&](std::string_view piece) {
    keep(piece, raw_size_ + static_cast<std::uint64_t>(piece.data() - bytes.data()));
  });
  raw_size_ += bytes.size();
}

void PendingLine::keep(std::string_view piece, std::uint64_t raw_at) {
  piece = piece.substr(0, kLineMax - text_.size());
  if (piece.empty()) return;
  const std::uint64_t skipped = raw_at - text_.size();
  if (skipped != (cuts_.empty() ? 0 : cuts_.back().skipped))
    cuts_.push_back({text_.size(), skipped});
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
}

void History::add(std::uint64_t number, std::uint64_t offset, std::string_view text) {
  SeenLine& line = lines_[number % kCapacity];
  line.number = number;
  line.offset = offset;
  line.text.assign(text.substr(0, kSeenMax));
}

const SeenLine* History::line(std::uint64_t number) const {
  const SeenLine& line = lines_[number % kCapacity];
  return number > 0 && line.number == number ? &line : nullptr;
}

}  // namespace bootrig::match
