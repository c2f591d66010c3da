#include "image/stage.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>
#include <set>
#include <span>

#include "base/file.h"
#include "base/text.h"
#include "image/check_stage.h"
#include "image/cmake_stage.h"
#include "image/elfloader_stage.h"
#include "image/make_stage.h"
#include "image/stage_arguments.h"
#include "image/tool_stage.h"

namespace bootrig {
namespace {

constexpr std::size_t kArchiveNameLimit = 1024;
constexpr std::size_t kCopyChunk = std::size_t{1} << 20;

using Archive = std::unique_ptr<archive, decltype(&archive_write_free)>;
using Entry = std::unique_ptr<archive_entry, decltype(&archive_entry_free)>;

Result<void> cannot_archive(const std::filesystem::path& place, const std::string& why) {
  return fail(place.string(), fmt::format("cannot archive: {}", why));
}

// Straight from file to file: an archive may be larger than memory.
Result<void> copy_data(archive* writer, const std::filesystem::path& file, int fd, std::uint64_t size,
                       std::span<char> buffer) {
  while (size > 0) {
    const ssize_t count = ::read(fd, buffer.data(), std::min<std::uint64_t>(size, buffer.size()));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot_archive(file, std::strerror(errno));
    if (count == 0) return cannot_archive(file, "it became shorter meanwhile");
    if (archive_write_data(writer, buffer.data(), static_cast<std::size_t>(count)) != count) {
      return cannot_archive(file, archive_error_string(writer));
    }
    size -= static_cast<std::uint64_t>(count);
  }
  return {};
}

Result<void> add_entry(archive* writer, const ArchiveEntry& what, std::span<char> buffer) {
  const ScopedFd fd(::open(what.file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) {
    return fail(what.file.string(), fmt::format("cannot read: {}", std::strerror(errno)));
  }
  if (!S_ISREG(status.st_mode)) return fail(what.file.string(), "cannot read: it is no file");
  const Entry entry(archive_entry_new(), &archive_entry_free);
  archive_entry_set_pathname(entry.get(), what.name.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  archive_entry_set_size(entry.get(), status.st_size);
  archive_entry_set_uid(entry.get(), 0);
  archive_entry_set_gid(entry.get(), 0);
  archive_entry_set_ino(entry.get(), 0);
  archive_entry_set_nlink(entry.get(), 0);
  archive_entry_set_dev(entry.get(), 0);
  archive_entry_set_rdev(entry.get(), 0);
  archive_entry_set_mtime(entry.get(), 0, 0);
  if (archive_write_header(writer, entry.get()) != ARCHIVE_OK) {
    return cannot_archive(what.file, archive_error_string(writer));
  }
  return copy_data(writer, what.file, fd.get(), static_cast<std::uint64_t>(status.st_size), buffer);
}

Result<void> write_archive(const std::filesystem::path& output, int fd, const std::vector<ArchiveEntry>& entries) {
  const Archive writer(archive_write_new(), &archive_write_free);
  // Unbuffered, and the last block is not filled up: the archive's length depends on its contents alone.
  if (archive_write_set_format_cpio_newc(writer.get()) != ARCHIVE_OK ||
      archive_write_set_bytes_per_block(writer.get(), 0) != ARCHIVE_OK ||
      archive_write_set_bytes_in_last_block(writer.get(), 1) != ARCHIVE_OK ||
      archive_write_open_fd(writer.get(), fd) != ARCHIVE_OK) {
    return cannot_archive(output, archive_error_string(writer.get()));
  }
  std::vector<char> buffer(kCopyChunk);
  for (const ArchiveEntry& entry : entries) BOOTRIG_TRY_VOID(add_entry(writer.get(), entry, buffer));
  if (archive_write_close(writer.get()) != ARCHIVE_OK) {
    return cannot_archive(output, archive_error_string(writer.get()));
  }
  return {};
}

// An output whose bytes stay the same keeps its time.
Result<void> replace_if_changed(const std::filesystem::path& fresh, const std::filesystem::path& output) {
  namespace fs = std::filesystem;
  std::error_code error;
  const bool same_size = fs::file_size(fresh, error) == fs::file_size(output, error) && !error;
  const auto hash = same_size ? sha256_file(output) : Result<std::string>(fail(""));
  if (hash && *hash == sha256_file(fresh).value_or("")) return {};
  fs::rename(fresh, output, error);
  if (error) return fail(output.string(), fmt::format("cannot write: {}", error.message()));
  return {};
}

Result<void> check_names(const std::vector<ArchiveEntry>& entries) {
  std::set<std::string_view> seen;
  for (const ArchiveEntry& entry : entries) {
    const std::string& name = entry.name;
    if (name.empty()) return fail("an archive's entry needs a name");
    if (name.size() > kArchiveNameLimit || name.find('\0') != std::string::npos) {
      return fail(fmt::format("'{}' cannot be a name in an archive", printable(name)));
    }
    // It would end the archive for every reader.
    if (name == "TRAILER!!!") return fail("'TRAILER!!!' cannot be a name in an archive: it marks the end of one");
    if (!seen.insert(name).second) return fail(fmt::format("'{}' is twice in the archive", printable(name)));
  }
  return {};
}

// The text between the quotes of an assembler string.
std::string assembler_string(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\{:03o}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

bool is_symbol(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !text.empty() && letter(text[0]) && std::ranges::all_of(text, [&](char c) { return letter(c) || digit(c); });
}

bool is_section(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  });
}

// Words as shell_quote writes them: spaces between, '…' and \c inside.
Result<std::vector<std::string>> split_words(const std::string& place, std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool inside = false, quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\'') {
      quoted = !quoted;
      inside = true;
    } else if (!quoted && (c == ' ' || c == '\n')) {
      if (inside) words.push_back(std::move(word));
      word.clear();
      inside = false;
    } else {
      if (!quoted && c == '\\' && i + 1 < text.size()) ++i;
      word += text[i];
      inside = true;
    }
  }
  if (quoted) return fail(place, "a quote is not closed");
  if (inside) words.push_back(std::move(word));
  return words;
}

Result<void> run_cpio(const std::vector<std::string>& words) {
  BOOTRIG_TRY(const StageArguments arguments, read_stage_arguments(words, {"--output", "--truncate", "--order"}));
  BOOTRIG_TRY(const std::string output, arguments.one("--output"));
  std::optional<std::uint64_t> truncate;
  if (arguments.has("--truncate")) {
    BOOTRIG_TRY(const std::string size, arguments.one("--truncate"));
    BOOTRIG_TRY(truncate, parse_size(size));
  }
  std::vector<ArchiveEntry> entries;
  for (const std::string& word : arguments.others) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) return fail(fmt::format("'{}' is not NAME=FILE", printable(word)));
    entries.push_back({word.substr(0, equals), word.substr(equals + 1)});
  }
  const bool given = arguments.has("--order");
  const std::string order = given ? arguments.one("--order").value_or("") : "given";
  if (order != "given") return fail(fmt::format("option --order is 'given', not '{}'", printable(order)));
  return write_cpio(output, std::move(entries), truncate, /*sorted=*/!given);
}

Result<void> run_embed(const std::vector<std::string>& words) {
  BOOTRIG_TRY(const StageArguments arguments,
              read_stage_arguments(words, {"--output", "--symbol", "--section", "--align"}));
  BOOTRIG_TRY(const std::string output, arguments.one("--output"));
  BOOTRIG_TRY(const std::string symbol, arguments.one("--symbol"));
  BOOTRIG_TRY(const std::string section, arguments.one("--section"));
  BOOTRIG_TRY(const std::string align, arguments.one("--align"));
  BOOTRIG_TRY(const std::uint64_t alignment, parse_count(align));
  if (alignment > (1u << 30)) return fail(fmt::format("an alignment of {} is too large", alignment));
  if (arguments.others.size() != 1) {
    return fail(fmt::format("embed takes one file, not {}", arguments.others.size()));
  }
  return write_embed_source(output, arguments.others[0], symbol, section, static_cast<unsigned>(alignment));
}

Result<void> run_copy(const std::vector<std::string>& words) {
  BOOTRIG_TRY(const StageArguments arguments, read_stage_arguments(words, {"--output"}));
  BOOTRIG_TRY(const std::string output, arguments.one("--output"));
  if (arguments.others.size() != 1) return fail(fmt::format("copy takes one file, not {}", arguments.others.size()));
  BOOTRIG_TRY(const std::string bytes, read_file(arguments.others[0]));
  return write_if_changed(output, bytes);
}

}  // namespace

Result<void> write_if_changed(const std::filesystem::path& output, std::string_view bytes) {
  if (const auto old = read_file(output); old && *old == bytes) return {};
  return write_file_atomically(output, bytes);
}

Result<void> write_cpio(const std::filesystem::path& output, std::vector<ArchiveEntry> entries,
                        std::optional<std::uint64_t> truncate, bool sorted) {
  if (sorted) std::ranges::sort(entries, {}, &ArchiveEntry::name);
  BOOTRIG_TRY_VOID(check_names(entries));
  const std::filesystem::path fresh = output.string() + fmt::format(".tmp-{}", ::getpid());
  const ScopedFd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!fd.valid()) return fail(output.string(), fmt::format("cannot write: {}", std::strerror(errno)));
  auto written = write_archive(output, fd.get(), entries);
  struct stat status {};
  const bool cut =
      written && truncate && ::fstat(fd.get(), &status) == 0 && *truncate < static_cast<std::uint64_t>(status.st_size);
  if (cut && ::ftruncate(fd.get(), static_cast<off_t>(*truncate)) != 0) {
    written = fail(output.string(), fmt::format("cannot write: {}", std::strerror(errno)));
  }
  if (written) written = replace_if_changed(fresh, output);
  ::unlink(fresh.c_str());
  return written;
}

Result<void> write_embed_source(const std::filesystem::path& output, const std::filesystem::path& input,
                                const std::string& symbol, const std::string& section, unsigned alignment) {
  if (!is_symbol(symbol)) {
    return fail(fmt::format("'{}' is no symbol; write letters, digits and _", printable(symbol)));
  }
  if (!is_section(section)) {
    return fail(fmt::format("'{}' is no section name; write letters, digits, _ and .", printable(section)));
  }
  if (!std::has_single_bit(alignment)) {
    return fail(fmt::format("an alignment of {} is no power of two", alignment));
  }
  // The bytes stand first, so that a linker script that places the section places <symbol>.
  const std::string text = fmt::format(
      "    .section {section},\"a\"\n"
      "    .balign {alignment}\n"
      "    .global {symbol}, {symbol}_end, {symbol}_size\n"
      "    .type {symbol}, %object\n"
      "    .size {symbol}, {symbol}_end - {symbol}\n"
      "{symbol}:\n"
      "    .incbin \"{input}\"\n"
      "{symbol}_end:\n"
      "    .balign 8\n"
      "    .type {symbol}_size, %object\n"
      "    .size {symbol}_size, 8\n"
      "{symbol}_size:\n"
      "    .quad {symbol}_end - {symbol}\n"
      "    .section .note.GNU-stack,\"\",%progbits\n",
      fmt::arg("section", section), fmt::arg("symbol", symbol), fmt::arg("alignment", alignment),
      fmt::arg("input", assembler_string(input.string())));
  return write_if_changed(output, text);
}

Result<void> run_stage(const std::vector<std::string>& arguments) {
  std::vector<std::string> words;
  for (const std::string& argument : arguments) {
    const bool of_the_tool = std::ranges::find(words, "--") != words.end();
    if (of_the_tool || !argument.starts_with('@')) {
      words.push_back(argument);
      continue;
    }
    BOOTRIG_TRY(const std::string text, read_file(argument.substr(1)));
    BOOTRIG_TRY(const std::vector<std::string> more, split_words(argument.substr(1), text));
    words.insert(words.end(), more.begin(), more.end());
  }
  const std::vector<std::string> stages{
      "cpio", "embed", "tool", "make", "check", "cmake", "copy", "elfloader-headers", "elfloader-check"};
  if (words.empty()) return fail(fmt::format("a stage is missing: {}", one_of(stages)));
  const std::string stage = words.front();
  words.erase(words.begin());
  if (stage == "cpio") return run_cpio(words);
  if (stage == "embed") return run_embed(words);
  if (stage == "tool") return run_tool(words);
  if (stage == "make") return run_make(words);
  if (stage == "check") return run_check(words);
  if (stage == "cmake") return run_cmake(words);
  if (stage == "copy") return run_copy(words);
  if (stage == "elfloader-headers") return write_elfloader_headers(words);
  if (stage == "elfloader-check") return check_elfloader(words);
  return fail(
      fmt::format("'{}' is no stage; there are {}{}", printable(stage), one_of(stages), did_you_mean(stage, stages)));
}

}  // namespace bootrig
