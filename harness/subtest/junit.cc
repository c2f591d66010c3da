// JUnit on a console: tags are looked for in each line, whatever stands around them. A tag that a line cuts is none.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "subtest/dialect.h"

namespace bootrig::subtest {
namespace {

std::string unescaped(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, char>, 5> kEntities{
      {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}}};
  std::string plain;
  while (!text.empty()) {
    const auto entity = std::find_if(kEntities.begin(), kEntities.end(),
                                     [&](const auto& known) { return text.starts_with(known.first); });
    plain += entity == kEntities.end() ? text.front() : entity->second;
    text.remove_prefix(entity == kEntities.end() ? 1 : entity->first.size());
  }
  return plain;
}

// A tag without '<' and '>'.
struct Tag {
  std::string_view text;

  bool is(std::string_view name) const {
    return text.starts_with(name) &&
           (text.size() == name.size() || std::string_view(" \t/").find(text[name.size()]) != std::string_view::npos);
  }
  bool ends_itself() const { return text.ends_with('/'); }
  // Empty: there is none.
  std::string attribute(std::string_view name) const {
    for (std::size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
      const std::size_t open = at + name.size() + 1;
      if (at == 0 || (text[at - 1] != ' ' && text[at - 1] != '\t') || open >= text.size()) continue;
      if (text[open - 1] != '=' || (text[open] != '"' && text[open] != '\'')) continue;
      const std::size_t close = text.find(text[open], open + 1);
      if (close != std::string_view::npos) return unescaped(text.substr(open + 1, close - open - 1));
    }
    return "";
  }
};

class JUnit final : public Dialect {
 public:
  void take_line(std::string_view line, std::uint64_t number) override {
    take_plain(line, number);
    for (std::size_t at = line.find('<'); at != std::string_view::npos; at = line.find('<', at + 1)) {
      const std::size_t close = line.find('>', at);
      if (close == std::string_view::npos) return;
      const std::size_t next = std::min(line.find('<', close), line.size());
      take_tag(Tag{line.substr(at + 1, close - at - 1)}, line.substr(close + 1, next - close - 1), number);
    }
  }

  std::unique_ptr<Dialect> copy() const override { return std::make_unique<JUnit>(*this); }

  SubtestFacts finish() override {
    end_unfinished();
    if (suite_) problem(fmt::format("the suite '{}' has no end", *suite_));
    if (facts_.subtests.empty() && facts_.problems.empty()) problem("no JUnit came");
    return std::move(facts_);
  }

 private:
  void take_tag(const Tag& tag, std::string_view text, std::uint64_t number) {
    if (tag.is("testsuite")) {
      end_unfinished();
      suite_ = tag.attribute("name").substr(0, kNameMax);
      planned_ = tag.attribute("tests");
      first_ = facts_.subtests.size();
      if (tag.ends_itself()) end_suite();
    } else if (tag.is("/testsuite")) {
      end_suite();
    } else if (tag.is("testcase")) {
      const std::string group = tag.attribute("classname");
      begin((group.empty() ? "" : group + ".") + tag.attribute("name"), number, /*plain=*/false);
      if (tag.ends_itself()) end();
    } else if (tag.is("/testcase")) {
      end();
    } else if (tag.is("failure") || tag.is("error") || tag.is("skipped")) {
      note(tag.is("skipped") ? Subtest::Status::kSkip : Subtest::Status::kFail, tag, text);
    }
  }

  // "Running test NAME (what it does)", "Test NAME passed": the reporter without XML.
  void take_plain(std::string_view line, std::uint64_t number) {
    constexpr std::string_view kRunning = "Running test ", kTest = "Test ", kPassed = " passed";
    line = trim(line);
    if (line.starts_with(kRunning)) {
      if (open_ && !plain_) return;
      const std::string_view name = line.substr(kRunning.size());
      begin(std::string(name.substr(0, name.find(' '))), number, /*plain=*/true);
    } else if (open_ && plain_ && line.starts_with(kTest) && line.ends_with(kPassed) &&
               line.size() > kTest.size() + kPassed.size()) {
      const auto name = line.substr(kTest.size(), line.size() - kTest.size() - kPassed.size());
      if (name == open_->name) end();
    }
  }

  void begin(std::string name, std::uint64_t number, bool plain) {
    end_unfinished();
    if (name.size() > kNameMax) name.resize(kNameMax);
    open_ = Subtest{std::move(name), Subtest::Status::kPass, "", number};
    plain_ = plain;
  }

  void note(Subtest::Status status, const Tag& tag, std::string_view text) {
    if (!open_ || open_->status == Subtest::Status::kFail) return;
    open_->status = status;
    open_->detail = tag.attribute("message");
    if (open_->detail.empty()) open_->detail = unescaped(trim(text));
  }

  void end() {
    if (open_) add(*std::exchange(open_, std::nullopt));
  }

  void end_unfinished() {
    if (!open_) return;
    if (!plain_) problem(fmt::format("'{}' has begun, and no end of it came", open_->name));
    if (open_->status != Subtest::Status::kFail) {
      open_->status = Subtest::Status::kFail;
      open_->detail = plain_ ? "did not say that it passed" : "has no end";
    }
    end();
  }

  void end_suite() {
    end_unfinished();
    const auto planned = parse_count(planned_);
    const std::size_t came = facts_.subtests.size() - std::min(first_, facts_.subtests.size());
    if (suite_ && planned && *planned != came) {
      problem(fmt::format("the suite '{}' planned {} result{}, {} came", *suite_, *planned, *planned == 1 ? "" : "s",
                          came));
    }
    suite_.reset();
  }

  std::optional<std::string> suite_;
  std::string planned_;
  std::size_t first_ = 0;  // of the suite's
  std::optional<Subtest> open_;
  bool plain_ = false;
};

}  // namespace

std::unique_ptr<Dialect> make_junit() {
  return std::make_unique<JUnit>();
}

}  // namespace bootrig::subtest
