#include "reports/github.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <unordered_map>
#include <vector>

#include "base/console_text.h"
#include "base/file.h"
#include "base/text.h"
#include "base/utf8.h"
#include "reports/place.h"
#include "reports/story.h"
#include "reports/summary.h"
#include "triage/diagnosis_text.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kGroupsKept = 200;  // with what is told of them; of others their number
constexpr std::size_t kNames = 5;
constexpr std::size_t kSentence = 600;                      // bytes of a cause or a change, in a table or an annotation
constexpr std::size_t kHead = 4 * 1024, kTail = 16 * 1024;  // of a transcript

// Failures that are one thing to read.
struct Group {
  std::string headline, message, cause, change, repeat;
  SourcePlace place;
  Excerpt transcript;
  std::vector<std::string> ids;  // the first few
  std::size_t count = 1;
};

std::string limited(std::string_view text) {
  return text.size() <= kSentence ? std::string(text) : std::string(head_of(text, kSentence)) + "…";
}

std::string names_of(const Group& group) {
  std::string text;
  for (const std::string& id : group.ids) text += (text.empty() ? "" : ", ") + id;
  if (group.count > group.ids.size()) text += fmt::format(" and {} more", group.count - group.ids.size());
  return text;
}

// As a command's message must be written, and its properties.
std::string escape_data(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '%' || c == '\r' || c == '\n') {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      escaped += c;
    }
  }
  return escaped;
}
std::string escape_property(std::string_view text) {
  std::string escaped;
  for (const char c : escape_data(console_text(text))) {
    if (c == ':' || c == ',') {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string annotation(const SourcePlace* place, std::string_view title, std::string_view message) {
  std::string where;
  if (place != nullptr) where = fmt::format("file={},line={},", escape_property(place->file), place->line);
  return fmt::format("::error {}title={}::{}\n", where, escape_property(title), escape_data(message));
}

std::string message_of(const Group& group) {
  std::string text = console_text(group.message);
  const auto add = [&](std::string_view label, const std::string& words) {
    if (!words.empty()) text += fmt::format("\n{}: {}", label, console_text(words));
  };
  add("CAUSE", group.cause);
  add("CHANGE", group.change);
  if (group.count > 1) add("testcases", names_of(group));
  add("repeat", group.repeat);
  return text;
}

std::string html_escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

// The transcript's lines, each made safe; what is cut between head and tail is said.
std::vector<std::string> lines_of(const Excerpt& transcript) {
  std::vector<std::string> lines;
  const bool whole = transcript.cut == 0 && transcript.head.size() + transcript.tail.size() <= kHead + kTail;
  const std::string all = transcript.cut == 0 ? transcript.head + transcript.tail : "";
  const std::string_view head = transcript.cut == 0 ? std::string_view(all) : transcript.head;
  const std::string_view tail = transcript.cut == 0 ? std::string_view(all) : transcript.tail;
  const auto add = [&](std::string_view part) {
    for (const std::string_view line : split_lines(part)) {
      lines.push_back(console_text(line.ends_with('\r') ? line.substr(0, line.size() - 1) : line));
    }
  };
  add(whole ? head : head_of(head, kHead));
  if (whole) return lines;
  lines.emplace_back("[... the rest is in transcript.raw ...]");
  add(tail_of(tail, kTail));
  return lines;
}

// Text that is appended to a file as long as it holds no more than it may.
class BoundedText {
 public:
  explicit BoundedText(std::uint64_t room) : room_(room) {}
  bool add(std::string_view piece) {
    if (text_.size() + piece.size() > room_) return false;
    text_ += piece;
    return true;
  }
  const std::string& text() const { return text_; }

 private:
  std::uint64_t room_;
  std::string text_;
};

std::string table_row(const Group& group) {
  const bool twice = group.message.starts_with(group.headline);
  const std::string what = twice ? group.message : group.headline + ": " + group.message;
  return fmt::format("| {} | {} | {} | {} |\n", markdown_escape(names_of(group)), markdown_escape(limited(what)),
                     markdown_escape(group.cause), markdown_escape(group.change));
}

// An HTML block of <pre> goes on to </pre>, which escaped text cannot hold (CommonMark, HTML blocks, kind 1).
std::string folded_transcript(const Group& group) {
  std::string text = fmt::format("\n<details><summary>{}: the transcript</summary>\n\n<pre>\n",
                                 html_escape(console_text(group.ids.front())));
  for (const std::string& line : lines_of(group.transcript)) text += html_escape(line) + "\n";
  return text + "</pre>\n\n</details>\n";
}

}  // namespace

struct GithubReporter::State {
  GithubOptions options;
  std::vector<Group> groups;
  std::unordered_map<std::string, std::size_t> group_of;  // by sameness
  std::size_t others = 0;                                 // testcases of groups that are not kept
  int write_error = 0;

  void print(std::string_view text) {
    errno = 0;
    const bool written = std::fwrite(text.data(), 1, text.size(), options.output) == text.size();
    if (!written && write_error == 0) write_error = errno == 0 ? EIO : errno;
  }
  void stop_commands() { print(fmt::format("::stop-commands::{}\n", options.token)); }
  void resume_commands() { print(fmt::format("::{}::\n", options.token)); }

  std::string missing_words(const RunInfo& run, std::size_t missing) const {
    return fmt::format("{} of {} planned testcases have no result", missing, run.planned);
  }
  std::size_t told(std::size_t missing) const;
  void print_annotations(const RunInfo& run, std::size_t missing);
  void print_transcripts(std::size_t count);
  std::string summary_text(const RunInfo& run, const RunTotals& totals, std::size_t missing, std::uint64_t room) const;
  Result<void> append_summary(const RunInfo& run, const RunTotals& totals, std::size_t missing) const;
};

// How many groups have an annotation of their own: where others do not, they share the last one.
std::size_t GithubReporter::State::told(std::size_t missing) const {
  const std::size_t room = kMost - (missing > 0 ? 1 : 0);
  return groups.size() <= room && others == 0 ? groups.size() : std::min(groups.size(), room - 1);
}

void GithubReporter::State::print_annotations(const RunInfo& run, std::size_t missing) {
  if (missing > 0) print(annotation(nullptr, "the run is not whole", missing_words(run, missing)));
  const std::size_t count = told(missing);
  for (std::size_t i = 0; i < count; ++i) {
    const Group& group = groups[i];
    print(annotation(&group.place, fmt::format("{}: {}", group.ids.front(), group.headline), message_of(group)));
  }
  std::size_t left = others;
  for (std::size_t i = count; i < groups.size(); ++i) left += groups[i].count;
  if (left > 0) {
    print(annotation(nullptr, "further failures",
                     fmt::format("{} more testcase{} failed otherwise; the summary and the reports tell", left,
                                 left == 1 ? "" : "s")));
  }
}

void GithubReporter::State::print_transcripts(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const Group& group = groups[i];
    if (group.transcript.head.empty() && group.transcript.tail.empty()) continue;
    print(fmt::format("::group::{}\n", escape_data("transcript of " + console_text(group.ids.front()))));
    stop_commands();
    for (const std::string& line : lines_of(group.transcript)) print(fmt::format("| {}\n", line));
    resume_commands();
    print("::endgroup::\n");
  }
}

std::string GithubReporter::State::summary_text(const RunInfo& run, const RunTotals& totals, std::size_t missing,
                                                std::uint64_t room) const {
  constexpr std::uint64_t kClosing = 200;  // what is left out is always said
  BoundedText text(room > kClosing ? room - kClosing : 0);
  const std::string words = totals_words(totals);
  text.add(fmt::format("## bootrig: {}\n\n**{}**{}\n", markdown_escape(run.name),
                       words.empty() ? "nothing was run" : words,
                       missing > 0 ? "; **" + missing_words(run, missing) + "**" : ""));
  std::size_t left_out = others;
  if (!groups.empty()) text.add("\n| testcases | what | cause | change |\n|---|---|---|---|\n");
  for (const Group& group : groups) {
    if (!text.add(table_row(group))) left_out += group.count;
  }
  std::size_t without = 0;
  for (const Group& group : groups) {
    if (group.transcript.head.empty() && group.transcript.tail.empty()) continue;
    if (!text.add(folded_transcript(group))) ++without;
  }
  std::string all = text.text();
  if (left_out > 0) all += fmt::format("\n{} more testcases failed; report.json has them.\n", left_out);
  if (without > 0) all += fmt::format("\n{} more transcripts are in the run's folder.\n", without);
  return all.size() <= room ? all + "\n" : "";
}

Result<void> GithubReporter::State::append_summary(const RunInfo& run, const RunTotals& totals,
                                                   std::size_t missing) const {
  if (options.summary.empty()) return {};
  std::error_code none;
  const std::uintmax_t size = fs::file_size(options.summary, none);
  const std::uint64_t used = none ? 0 : size;
  const std::uint64_t room = options.summary_limit > used ? options.summary_limit - used : 0;
  std::ofstream file(options.summary, std::ios::app | std::ios::binary);
  // An empty line before it: another step's text may not have ended.
  if (room > 2) file << "\n" << summary_text(run, totals, missing, room - 2);
  file.flush();
  if (!file) return fail(options.summary.string(), fmt::format("cannot write: {}", std::strerror(errno)));
  return {};
}

GithubReporter::GithubReporter(GithubOptions options)
    : state_(std::make_unique<State>(State{std::move(options), {}, {}, 0, 0})) {}
GithubReporter::~GithubReporter() = default;

void GithubReporter::begin(const RunInfo&) {
  state_->stop_commands();
  (void)std::fflush(state_->options.output);
}

void GithubReporter::finished(const RunResult& result) {
  if (!gates(result.standing)) return;
  const std::string key = sameness(result);
  if (const auto known = state_->group_of.find(key); known != state_->group_of.end()) {
    Group& group = state_->groups[known->second];
    ++group.count;
    if (group.ids.size() < kNames) group.ids.push_back(result.id);
    return;
  }
  if (state_->groups.size() >= kGroupsKept) {
    ++state_->others;
    return;
  }
  Group group{.headline = headline(result),
              .message = limited(summary_line(result)),
              .cause = {},
              .change = {},
              .repeat = result.repeat_command,
              .place = source_place(result, state_->options.project, state_->options.workspace),
              .transcript = bounded(result.transcript),
              .ids = {result.id}};
  if (const Diagnosis* known = explanation(result)) {
    group.cause = limited(known->cause->what);
    group.change = limited(known->cause->change);
  }
  state_->group_of.emplace(key, state_->groups.size());
  state_->groups.push_back(std::move(group));
}

Result<void> GithubReporter::end(const RunInfo& run, const RunTotals& totals, std::size_t missing) {
  State& state = *state_;
  std::ranges::stable_sort(state.groups, std::greater<>(), &Group::count);
  state.resume_commands();
  state.print_annotations(run, missing);
  state.print_transcripts(state.told(missing));
  const bool flushed = std::fflush(state.options.output) == 0;
  auto appended = state.append_summary(run, totals, missing);
  if (!flushed || state.write_error != 0) {
    return fail("the annotations", fmt::format("cannot write: {}", std::strerror(state.write_error)));
  }
  return appended;
}

Result<std::string> random_token() {
  std::array<unsigned char, 16> bytes;
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return fail("random numbers", fmt::format("cannot read: {}", std::strerror(errno)));
  }
  std::string token;
  for (const unsigned char byte : bytes) token += fmt::format("{:02x}", byte);
  return token;
}

}  // namespace bootrig
