#include "prove/proof_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/text.h"

namespace bootrig {
namespace {

std::string plural(std::size_t count, std::string_view word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

struct FirstFound {
  const Survivor* survivor;
  const std::string* id;
  std::size_t testcases;
};

// By place and kind, in the order of finding.
std::vector<FirstFound> found_once(const Proofs& proofs) {
  std::vector<FirstFound> found;
  for (const ProvenTestcase& testcase : proofs.testcases) {
    for (const Survivor& survivor : testcase.proof.survivors) {
      const auto same = std::find_if(found.begin(), found.end(), [&](const FirstFound& first) {
        return first.survivor->place == survivor.place && first.survivor->kind == survivor.kind;
      });
      if (same == found.end()) {
        found.push_back({&survivor, &testcase.id, 1});
      } else if (*same->id != testcase.id) {
        ++same->testcases;
      }
    }
  }
  return found;
}

std::string paragraph(const FirstFound& found) {
  const Survivor& survivor = *found.survivor;
  const std::string others = found.testcases == 1 ? "" : fmt::format(" (and {} more)", found.testcases - 1);
  return fmt::format("CANNOT FAIL  {}  {}\n  on {}{}\n  {}, and the verdict stayed pass\n  {}: {}\n", survivor.place,
                     printable(survivor.written), *found.id, others, survivor.mutant, survivor.why, survivor.instead);
}

std::size_t count(const Proofs& proofs, LeftOut::Why why) {
  return static_cast<std::size_t>(std::count_if(proofs.left_out.begin(), proofs.left_out.end(),
                                                [&](const LeftOut& left_out) { return left_out.why == why; }));
}

std::string_view to_text(LeftOut::Why why) {
  switch (why) {
    case LeftOut::Why::kExpectedFailure:
      return "expected-failure";
    case LeftOut::Why::kSkipped:
      return "skip";
    case LeftOut::Why::kNotPassed:
      return "not-passed";
  }
  return "";
}

JsonValue to_json(const Survivor& survivor) {
  return JsonValue::Object{
      {"mutant", to_text(survivor.kind)}, {"place", survivor.place}, {"expectation", survivor.written},
      {"said", survivor.mutant},          {"why", survivor.why},     {"instead", survivor.instead}};
}

JsonValue to_json(const ProvenTestcase& testcase) {
  JsonValue::Object by_kind;
  for (std::size_t kind = 0; kind < kMutantKinds; ++kind) {
    by_kind.emplace_back(to_text(static_cast<MutantKind>(kind)), testcase.proof.by_kind[kind]);
  }
  JsonValue::Array survivors;
  for (const Survivor& survivor : testcase.proof.survivors) survivors.push_back(to_json(survivor));
  return JsonValue::Object{{"id", testcase.id},
                           {"scenario", testcase.scenario},
                           {"mutants", testcase.proof.mutants},
                           {"by_kind", std::move(by_kind)},
                           {"survivors", std::move(survivors)}};
}

}  // namespace

std::size_t Proofs::mutants() const {
  std::size_t sum = 0;
  for (const ProvenTestcase& testcase : testcases) sum += testcase.proof.mutants;
  return sum;
}

std::size_t Proofs::survivors() const {
  std::size_t sum = 0;
  for (const ProvenTestcase& testcase : testcases) sum += testcase.proof.survivors.size();
  return sum;
}

bool Proofs::hold() const {
  return survivors() == 0 && count(*this, LeftOut::Why::kNotPassed) == 0;
}

std::string to_text(const Proofs& proofs) {
  std::string text;
  for (const LeftOut& left_out : proofs.left_out) {
    if (left_out.why != LeftOut::Why::kNotPassed) continue;
    text += fmt::format("NOT PROVEN   {}\n  {}\n", left_out.id, printable(left_out.reason));
  }
  for (const FirstFound& found : found_once(proofs)) text += paragraph(found);
  const std::size_t survivors = proofs.survivors();
  const std::string turned = proofs.mutants() == 0 ? "nothing is proven"
                             : survivors == 0      ? "all turned"
                                                   : fmt::format("{} did not turn", survivors);
  text += fmt::format("{}, {}, {}", plural(proofs.testcases.size(), "testcase"), plural(proofs.mutants(), "mutant"),
                      turned);
  constexpr std::pair<LeftOut::Why, const char*> kLeftOut[] = {{LeftOut::Why::kExpectedFailure, "expected to fail"},
                                                               {LeftOut::Why::kSkipped, "skipped"},
                                                               {LeftOut::Why::kNotPassed, "did not pass"}};
  std::string separator = "; left out: ";
  for (const auto& [why, words] : kLeftOut) {
    const std::size_t left_out = count(proofs, why);
    if (left_out == 0) continue;
    text += fmt::format("{}{} {}", std::exchange(separator, ", "), left_out, words);
  }
  return text + "\n";
}

JsonValue to_json(const Proofs& proofs) {
  JsonValue::Array testcases, left_out;
  for (const ProvenTestcase& testcase : proofs.testcases) testcases.push_back(to_json(testcase));
  for (const LeftOut& one : proofs.left_out) {
    left_out.push_back(JsonValue::Object{{"id", one.id}, {"why", to_text(one.why)}, {"reason", one.reason}});
  }
  return JsonValue::Object{{"format", 1},
                           {"mutants", proofs.mutants()},
                           {"survivors", proofs.survivors()},
                           {"testcases", std::move(testcases)},
                           {"left_out", std::move(left_out)}};
}

}  // namespace bootrig
