#include "triage/diagnosis_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/console_text.h"
#include "base/utf8.h"

namespace bootrig {
namespace {

constexpr std::size_t kLabel = 11;          // columns of "backtrace" and a gap
constexpr std::size_t kSentenceLines = 12;  // that one sentence may take
constexpr std::size_t kTextLimit = 2048;
constexpr std::size_t kMostLines = 64;  // of code, of a backtrace, of findings
constexpr std::size_t kCpusInColumn = 16;
constexpr std::size_t kHeadingColumns = 160;

// A name out of a hostile ELF may be megabytes long.
std::string safe(std::string_view bytes) {
  return console_text(bytes.substr(0, kTextLimit));
}

// Collects lines of a width, some behind a label.
class Lines {
 public:
  explicit Lines(std::size_t width) : width_(std::max(width, kLabel + 10)) {}

  // A sentence, broken where it must be; `indent` columns on the left, two more behind a break.
  void sentence(std::size_t indent, std::string_view text) {
    if (text.empty()) return;
    std::size_t more = 0;
    for (const std::string& line : wrap_to(safe(text), width_ - indent - 2, kSentenceLines)) {
      lines_.push_back(std::string(indent + more, ' ') + line);
      more = 2;
    }
  }
  // The same in the column behind the label.
  void labelled(std::string_view label, std::string_view text) {
    for (const std::string& line : wrap_to(safe(text), width_ - kLabel, kSentenceLines)) {
      lines_.push_back(fmt::format("{:{}}{}", label, kLabel, line));
      label = "";
    }
  }
  // Lines that say enough when they are cut.
  void column(std::string_view label, const std::vector<std::string>& texts, std::size_t most) {
    for (std::size_t i = 0; i < std::min(texts.size(), most); ++i) {
      lines_.push_back(fmt::format("{:{}}{}", i == 0 ? label : "", kLabel, cut_to(safe(texts[i]), width_ - kLabel)));
    }
    if (texts.size() > most) lines_.push_back(fmt::format("{:{}}and {} more", "", kLabel, texts.size() - most));
  }
  std::vector<std::string> take() { return std::move(lines_); }

 private:
  std::size_t width_;
  std::vector<std::string> lines_;
};

void add_findings(const Diagnosis& diagnosis, Lines& lines) {
  const std::size_t told = std::min(diagnosis.findings.size(), kMostLines);
  for (std::size_t i = 0; i < told; ++i) lines.sentence(2, diagnosis.findings[i]);
  if (told < diagnosis.findings.size()) {
    lines.sentence(2, fmt::format("and {} more", diagnosis.findings.size() - told));
  }
}

// What stands behind the cause: to look at, not to read.
void add_details(const Diagnosis& diagnosis, Lines& lines) {
  lines.column("code", diagnosis.code, kMostLines);
  lines.column("backtrace", diagnosis.backtrace, kMostLines);
  std::vector<std::string> cpus;
  for (const CpuLine& cpu : untold_cpus(diagnosis)) cpus.push_back(cpu_text(cpu));
  lines.column("CPUs", cpus, kCpusInColumn);
  for (const std::string& missing : diagnosis.missing) lines.labelled("MISSING", missing);
}

// "ESR_EL1 0x86000004  FAR_EL1 0xffffff8040000000"; empty: none is known.
std::string registers_text(const ExceptionLine& exception) {
  std::string text;
  const auto add = [&](const char* name, std::optional<std::uint64_t> value) {
    if (value) text += fmt::format("{}{}_EL{} {:#x}", text.empty() ? "" : "  ", name, exception.taken_to, *value);
  };
  add("ESR", exception.esr);
  add("FAR", exception.far);
  add("ELR", exception.elr);
  return text;
}

// Lines as they are, between fences that none of them can close.
std::string fenced(const std::vector<std::string>& lines) {
  std::size_t fence = 3, run = 0;
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    fence = std::max(fence, run + 1);
  }
  const std::string marks(fence, '`');
  return fmt::format("{}text\n{}{}\n", marks, text, marks);
}

}  // namespace

std::string cpu_text(const CpuLine& cpu) {
  std::string text = fmt::format("CPU {} at EL{}, PC {:#x}", cpu.index, cpu.level, cpu.pc);
  if (!cpu.symbol.empty()) text += fmt::format(" <{}>", cpu.symbol);
  if (!cpu.state.empty()) text += ": " + cpu.state;
  return text;
}

std::vector<CpuLine> untold_cpus(const Diagnosis& diagnosis) {
  std::vector<CpuLine> cpus;
  for (const CpuLine& cpu : diagnosis.cpus) {
    const std::string begin = fmt::format("CPU {} at ", cpu.index);
    const auto tells = [&](const std::string& finding) { return finding.starts_with(begin); };
    if (!std::ranges::any_of(diagnosis.findings, tells)) cpus.push_back(cpu);
  }
  return cpus;
}

std::vector<std::string> diagnosis_lines(const Diagnosis& diagnosis, std::size_t width) {
  Lines lines(width);
  lines.sentence(0, diagnosis.headline);
  add_findings(diagnosis, lines);
  if (diagnosis.cause) {
    lines.labelled("CAUSE", diagnosis.cause->what);
    lines.labelled("CHANGE", diagnosis.cause->change);
  }
  add_details(diagnosis, lines);
  return lines.take();
}

std::string diagnosis_text(const Diagnosis& diagnosis, std::size_t width) {
  std::string text;
  for (const std::string& line : diagnosis_lines(diagnosis, width)) text += line + "\n";
  return text;
}

std::string markdown_escape(std::string_view bytes) {
  constexpr std::string_view kMarkup = "\\`*_[]<>&~|!$";
  const std::string shown = safe(bytes);
  std::string text;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const char c = shown[i];
    // GitHub and GitLab look for mentions and issues after they have rendered the rest: in code they do not.
    const bool reference = c == '@' || c == '#';
    const bool link = shown.compare(i, 3, "://") == 0 || (c == '.' && i >= 3 && shown.compare(i - 3, 3, "www") == 0);
    if (reference) {
      text += fmt::format("`{}`", c);
    } else {
      if (link || kMarkup.find(c) != std::string_view::npos) text += '\\';
      text += c;
    }
  }
  return text;
}

std::string diagnosis_markdown(const Diagnosis& diagnosis) {
  std::string text = fmt::format("### {}\n\n", markdown_escape(cut_to(safe(diagnosis.headline), kHeadingColumns)));
  if (diagnosis.cause) {
    text += fmt::format("**Cause:** {}\n\n**Change:** {}\n\n", markdown_escape(diagnosis.cause->what),
                        markdown_escape(diagnosis.cause->change));
  }
  constexpr std::size_t kBlockWidth = 120;
  Lines lines(kBlockWidth);
  if (diagnosis.exception) {
    lines.sentence(0, diagnosis.exception->text);
    lines.sentence(2, registers_text(*diagnosis.exception));
  }
  add_findings(diagnosis, lines);
  add_details(diagnosis, lines);
  if (!diagnosis.signature.empty()) lines.labelled("signature", diagnosis.signature);
  return text + fenced(lines.take());
}

}  // namespace bootrig
