#include "run/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
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
  BOOTRIG_TRY(const std::string text, read_file(path));
  JournalContents contents;
  std::set<std::string> known;
  std::size_t number = 0;
  std::string_view rest = text;
  // Only lines that end count: the last one may have been cut off.
  for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    const std::string place = fmt::format("{}:{}", path.string(), ++number);
    BOOTRIG_TRY(const JsonValue value, parse_json(place, rest.substr(0, end)));
    rest.remove_prefix(end + 1);
    if (number == 1) {
      const std::string* format = member_text(value, "journal");
      const std::string* fingerprint = member_text(value, "fingerprint");
      if (format == nullptr || *format != "bootrig-journal-1" || fingerprint == nullptr) {
        return fail(place, "is no journal of a bootrig run");
      }
      contents.fingerprint = *fingerprint;
      continue;
    }
    auto result = result_from_json(value);
    if (!result) return fail(place, result.error().message);
    if (known.insert(result->id).second) contents.results.push_back(std::move(*result));
  }
  if (number == 0) return fail(path.string(), "is no journal of a bootrig run");
  return contents;
}

}  // namespace bootrig
