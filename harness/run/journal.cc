#include "run/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>

#include "base/text.h"
#include "json/value.h"
#include "run/result_json.h"

namespace bootrig {
namespace {

std::unexpected<Error> system_error(const std::filesystem::path& path) {
  return fail(path.string(), fmt::format("cannot write the journal: {}", std::strerror(errno)));
}

const std::string* member_text(const JsonValue& value, std::string_view key) {
  const auto* object = std::get_if<JsonValue::Object>(&value.value);
  if (object == nullptr) return nullptr;
  for (const auto& [name, member] : *object) {
    if (name == key) return std::get_if<std::string>(&member.value);
  }
  return nullptr;
}

}  // namespace

Result<Journal> Journal::create(const std::filesystem::path& path, const std::string& fingerprint) {
  Journal journal;
  journal.path_ = path;
  journal.fd_ = ScopedFd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666));
  if (!journal.fd_.valid()) return system_error(path);
  const JsonValue head = JsonValue::Object{{"journal", "bootrig-journal-1"}, {"fingerprint", fingerprint}};
  BOOTRIG_TRY_VOID(journal.write_lines(write_json(head) + '\n'));
  return journal;
}

Result<Journal> Journal::reopen(const std::filesystem::path& path) {
  BOOTRIG_TRY(const std::string text, read_file(path));
  const std::size_t whole = text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1;
  Journal journal;
  journal.path_ = path;
  journal.fd_ = ScopedFd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  if (!journal.fd_.valid() || ::ftruncate(journal.fd_.get(), static_cast<off_t>(whole)) != 0) return system_error(path);
  return journal;
}

Result<void> Journal::append(const std::vector<const RunResult*>& results) {
  std::string lines;
  for (const RunResult* result : results) lines += write_json(to_json(*result)) + '\n';
  return write_lines(lines);
}

Result<void> Journal::write_lines(std::string_view rest) {
  while (!rest.empty()) {
    const ssize_t written = ::write(fd_.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error(path_);
    rest.remove_prefix(static_cast<std::size_t>(written));
    synced_ = false;
  }
  return {};
}

Result<void> Journal::sync() {
  if (!synced_ && ::fdatasync(fd_.get()) != 0) return system_error(path_);
  synced_ = true;
  return {};
}

Result<JournalContents> read_journal(const std::filesystem::path& path) {
  std::error_code error;
  // A folder, or a file that is not there, gets the system's word for it.
  if (!std::filesystem::is_regular_file(path, error)) BOOTRIG_TRY_VOID(read_file(path));
  JournalFollower follower(path);
  BOOTRIG_TRY(std::vector<RunResult> results, follower.more());
  if (follower.fingerprint().empty()) return fail(path.string(), "is no journal of a bootrig run");
  JournalContents contents{follower.fingerprint(), {}};
  std::set<std::string> known;
  for (RunResult& result : results) {
    if (known.insert(result.id).second) contents.results.push_back(std::move(result));
  }
  return contents;
}

Result<std::vector<RunResult>> JournalFollower::more() {
  std::ifstream file(path_, std::ios::binary);
  std::vector<RunResult> results;
  if (!file.is_open()) return results;
  file.seekg(static_cast<std::streamoff>(read_));
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::string_view rest = text;
  for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    BOOTRIG_TRY_VOID(read_line(rest.substr(0, end), results));
    rest.remove_prefix(end + 1);
    read_ += end + 1;
  }
  cut_bytes_ = rest.size();
  return results;
}

Result<void> JournalFollower::read_line(std::string_view line, std::vector<RunResult>& results) {
  const std::string place = fmt::format("{}:{}", path_.string(), ++lines_);
  BOOTRIG_TRY(const JsonValue value, parse_json(place, line));
  if (lines_ > 1) {
    auto result = result_from_json(value);
    if (!result) return fail(place, result.error().message);
    results.push_back(std::move(*result));
    return {};
  }
  const std::string* format = member_text(value, "journal");
  const std::string* fingerprint = member_text(value, "fingerprint");
  if (format == nullptr || *format != "bootrig-journal-1" || fingerprint == nullptr || fingerprint->empty()) {
    return fail(place, "is no journal of a bootrig run");
  }
  fingerprint_ = *fingerprint;
  return {};
}

}  // namespace bootrig
