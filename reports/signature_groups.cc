#include "reports/signature_groups.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/console_text.h"

namespace bootrig {
namespace {

constexpr std::size_t kNames = 5;
constexpr std::size_t kCausesTold = 25;
constexpr std::size_t kGroupIndent = 6, kLabel = 11, kSentenceLines = 4;

void add_labelled(std::string_view label, std::string_view words, const Style& style, std::string& text) {
  for (const std::string& line : wrap_to(words, style.beside(kGroupIndent + kLabel), kSentenceLines)) {
    text += fmt::format("{:{}}{:{}}{}\n", "", kGroupIndent, label, kLabel, line);
    label = "";
  }
}

}  // namespace

void SignatureGroups::add(const std::string& id, const Diagnosis& diagnosis) {
  const auto [known, is_new] = group_of_.emplace(diagnosis.signature, groups_.size());
  if (is_new) groups_.push_back({diagnosis, {}});
  groups_[known->second].ids.push_back(id);
  ++testcases_;
}

std::vector<const SignatureGroup*> SignatureGroups::by_size() const {
  std::vector<const SignatureGroup*> sorted;
  for (const SignatureGroup& group : groups_) sorted.push_back(&group);
  std::ranges::stable_sort(sorted, std::greater(), [](const SignatureGroup* group) { return group->ids.size(); });
  return sorted;
}

std::string first_names(const std::vector<std::string>& ids) {
  std::string text;
  for (std::size_t i = 0; i < std::min(ids.size(), kNames); ++i) text += (i == 0 ? "" : ", ") + console_text(ids[i]);
  if (ids.size() > kNames) text += fmt::format(" and {} more", ids.size() - kNames);
  return text;
}

std::string causes_text(const SignatureGroups& groups, const Style& style) {
  const auto sorted = groups.by_size();
  std::string text =
      fmt::format("{} testcase{} for {} cause{}:\n", groups.testcases(), groups.testcases() == 1 ? " fails" : "s fail",
                  sorted.size(), sorted.size() == 1 ? "" : "s");
  const std::size_t told = style.verbose ? sorted.size() : std::min(sorted.size(), kCausesTold);
  for (std::size_t i = 0; i < told; ++i) {
    const auto& [diagnosis, ids] = *sorted[i];
    text += cut_to(fmt::format("{:5} {}", ids.size(), console_text(diagnosis.signature)), style.width) + "\n";
    if (diagnosis.cause) {
      add_labelled("CAUSE", console_text(diagnosis.cause->what), style, text);
      add_labelled("CHANGE", console_text(diagnosis.cause->change), style, text);
    }
    add_labelled("testcases", first_names(ids), style, text);
  }
  if (told < sorted.size()) text += fmt::format("and {} other causes\n", sorted.size() - told);
  return text;
}

}  // namespace bootrig
