#include "qualify/sums.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/file.h"
#include "base/text.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDigits = 64;

bool is_digest(std::string_view text) {
  return text.size() == kDigits &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

Result<Sums> sums_of(const fs::path& folder, const std::vector<std::string>& without) {
  Sums sums;
  std::error_code error;
  fs::recursive_directory_iterator it(folder, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    const std::string path = it->path().lexically_relative(folder).generic_string();
    if (it->is_symlink(error) || !(it->is_regular_file(error) || it->is_directory(error))) {
      return fail(path, "is no regular file");
    }
    if (it->is_directory(error) || std::ranges::find(without, path) != without.end()) continue;
    if (path.find('\n') != std::string::npos) return fail(printable(path), "has a newline in its name");
    BOOTRIG_TRY(sums[path], sha256_file(it->path()));
  }
  if (error) return fail(folder.string(), fmt::format("cannot be read: {}", error.message()));
  return sums;
}

std::string sums_text(const Sums& sums) {
  std::string text;
  for (const auto& [path, digest] : sums) text += fmt::format("{}  {}\n", digest, path);
  return text;
}

Sums parse_sums(std::string_view text) {
  Sums sums;
  for (const std::string_view line : split_lines(text)) {
    if (line.size() <= kDigits + 2 || !is_digest(line.substr(0, kDigits)) || line.substr(kDigits, 2) != "  ") continue;
    sums.emplace(line.substr(kDigits + 2), line.substr(0, kDigits));
  }
  return sums;
}

std::vector<std::string> sums_differences(const Sums& wanted, const Sums& found) {
  std::map<std::string, std::string> differences;
  for (const auto& [path, digest] : wanted) {
    const auto there = found.find(path);
    if (there == found.end()) {
      differences[path] = "is missing";
    } else if (there->second != digest) {
      differences[path] = "has changed";
    }
  }
  for (const auto& [path, digest] : found) {
    if (!wanted.contains(path)) differences[path] = "was added";
  }
  std::vector<std::string> lines;
  for (const auto& [path, what] : differences) lines.push_back(fmt::format("{}: {}", path, what));
  return lines;
}

}  // namespace bootrig
