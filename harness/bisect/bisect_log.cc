#include "bisect/bisect_log.h"

#include <fmt/format.h>

#include "base/text.h"
#include "json/members.h"
#include "json/value.h"

namespace bootrig {
namespace {

constexpr int kFormat = 1;
constexpr const char* kMarks[] = {"good", "bad", "skip"};

std::string fingerprint(const BisectQuestion& question) {
  const std::string text = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", question.cell, question.good.hash, question.bad.hash,
                                       question.confidence, question.any_failure, question.conditions);
  return sha256_hex(text);
}

std::string key_of(const std::string& hash, const std::string& role) {
  return role + " " + hash;
}

JsonValue to_json(const JudgedRevision& judged) {
  return JsonValue::Object{{"revision", judged.commit.hash},
                           {"role", judged.role},
                           {"mark", kMarks[static_cast<int>(judged.mark)]},
                           {"failed", judged.counts.failed},
                           {"boots", judged.counts.boots},
                           {"other", judged.other},
                           {"why", judged.why},
                           {"signature", judged.signature},
                           {"words", judged.words},
                           {"subject", judged.commit.subject}};
}

// Without author and date, which git tells.
JudgedRevision from_json(const JsonValue& value, Result<void>& state) {
  JsonMembers members(value, "the line", state);
  JudgedRevision judged;
  judged.commit.hash = members.text("revision");
  judged.commit.subject = members.text("subject");
  judged.role = members.text("role");
  const std::string mark = members.text("mark");
  const auto known = std::ranges::find(kMarks, mark);
  if (known == std::end(kMarks))
    members.wrong("'mark'");
  else
    judged.mark = static_cast<SourceTree::Mark>(known - std::begin(kMarks));
  judged.counts = {static_cast<unsigned>(members.count("failed")), static_cast<unsigned>(members.count("boots"))};
  judged.other = static_cast<unsigned>(members.count("other"));
  judged.why = members.text("why");
  judged.signature = members.text("signature");
  judged.words = members.text("words");
  judged.remembered = true;
  return judged;
}

}  // namespace

Result<BisectLog> BisectLog::open(const std::filesystem::path& path, const BisectQuestion& question, bool resume) {
  BisectLog log;
  log.path_ = path;
  std::error_code error;
  if (resume && std::filesystem::exists(path, error)) {
    BOOTRIG_TRY_VOID(log.read(question));
    return log;
  }
  BOOTRIG_TRY_VOID(make_folders(path.parent_path()));
  BOOTRIG_TRY_VOID(log.write(write_json(
      JsonValue::Object{{"bisection", kFormat}, {"question", fingerprint(question)}, {"cell", question.cell}})));
  return log;
}

Result<void> BisectLog::read(const BisectQuestion& question) {
  BOOTRIG_TRY(const std::string text, read_file(path_));
  // A last line that was cut off by a kill tells nothing.
  const std::string whole = text.substr(0, text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1);
  unsigned number = 0;
  for (const std::string_view line : split_lines(whole)) {
    const std::string place = fmt::format("{}:{}", path_.string(), ++number);
    BOOTRIG_TRY(const JsonValue value, parse_json(place, line));
    Result<void> state;
    if (number == 1) {
      const std::string asked = JsonMembers(value, "the line", state).text("question");
      if (!state) return fail(place, state.error().message);
      if (asked == fingerprint(question)) continue;
      return fail(path_.string(),
                  "is the log of another question (other revisions, another testcase, build or setting); "
                  "leave --resume away to begin anew");
    }
    JudgedRevision judged = from_json(value, state);
    if (!state) return fail(place, state.error().message);
    known_.insert_or_assign(key_of(judged.commit.hash, judged.role), std::move(judged));
  }
  if (number == 0) return fail(path_.string(), "is no log of a bisection");
  text_ = whole;
  return {};
}

Result<void> BisectLog::write(const std::string& line) {
  text_ += line + "\n";
  return write_file_atomically(path_, text_);
}

Result<void> BisectLog::append(const JudgedRevision& judged) {
  return write(write_json(to_json(judged)));
}

const JudgedRevision* BisectLog::find(const Commit& commit, const std::string& role) const {
  const auto found = known_.find(key_of(commit.hash, role));
  return found == known_.end() ? nullptr : &found->second;
}

}  // namespace bootrig
