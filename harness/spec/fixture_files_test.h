// For the tests of spec/: the files below harness/spec/fixtures/ and how each kind of them is
// parsed.
//
//   <kind>/<mistake>.json        a file with one mistake; <kind>/<mistake>.error.txt holds the
//   error's text <kind>/<mistake>/            the same where it takes several files: target.json or
//   scenario.json is the one read valid/<kind>/<what>.json     files without a mistake
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "spec/hosts.h"
#include "spec/matrix.h"
#include "spec/recipe.h"
#include "spec/scenario.h"
#include "spec/target.h"
#include "testing/paths.h"

namespace bootrig {

inline const std::filesystem::path kFixtures = std::filesystem::path(source_path("harness/spec/fixtures"));
inline const std::vector<std::string> kFixtureKinds{"targets",  "scenarios", "transcripts",
                                                    "matrices", "recipes",   "hosts"};

// One thing to parse.
struct Fixture {
  std::string kind;
  std::filesystem::path file;         // the one that is read
  std::filesystem::path expectation;  // where its error's text stands, or would
  std::string display_name;           // "targets/gic-4.json"
};

inline std::vector<Fixture> fixtures_in(const std::string& kind, const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  std::vector<Fixture> fixtures;
  const std::string extension = kind == "transcripts" ? ".transcript" : ".json";
  for (const auto& entry : fs::directory_iterator(folder)) {
    Fixture fixture{.kind = kind, .file = entry.path()};
    if (entry.is_directory()) {
      fixture.file /= kind == "targets" ? "target.json" : "scenario.json";
    } else if (entry.path().extension() != extension) {
      continue;
    }
    fixture.expectation = entry.path().parent_path() / (entry.path().stem().string() + ".error.txt");
    fixture.display_name = fixture.file.lexically_relative(kFixtures).string();
    fixtures.push_back(std::move(fixture));
  }
  std::ranges::sort(fixtures, {}, &Fixture::display_name);
  return fixtures;
}

// Files beside the fixture, and, for targets, those of targets/.
inline Result<void> parse_target_fixture(const Fixture& fixture, const std::string& text) {
  namespace fs = std::filesystem;
  const fs::path folder = fixture.file.parent_path();
  const fs::path shipped = fs::path(source_path("targets"));
  const auto path_of = [&](std::string_view name) {
    const fs::path beside = folder / (std::string(name) + ".json");
    return fs::exists(beside) ? beside : shipped / (std::string(name) + ".json");
  };
  const std::string own = fixture.file.stem().string();
  std::vector<std::string> known{own};
  for (const fs::path& root : {folder, shipped}) {
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      const fs::path name = entry.path().lexically_relative(root);
      if (name.extension() == ".json") known.push_back((name.parent_path() / name.stem()).string());
    }
  }
  const ProfileSource source = [&](std::string_view name) -> Result<NamedText> {
    if (name == own) return NamedText{fixture.display_name, text};
    BOOTRIG_TRY(std::string bytes, read_file(path_of(name)));
    const fs::path root = fs::exists(folder / (std::string(name) + ".json")) ? kFixtures : fs::path(source_path());
    return NamedText{path_of(name).lexically_relative(root).string(), std::move(bytes)};
  };
  BOOTRIG_TRY(const TargetProfile profile, parse_target(own, source, known));
  return {};
}

inline Result<void> parse_scenario_fixture(const Fixture& fixture, const std::string& text) {
  const FileSource beside = [&](std::string_view file) -> Result<NamedText> {
    const std::filesystem::path path = fixture.file.parent_path() / file;
    if (!std::filesystem::exists(path)) return fail("there is no such file");
    BOOTRIG_TRY(std::string bytes, read_file(path));
    return NamedText{path.lexically_relative(kFixtures).string(), std::move(bytes)};
  };
  BOOTRIG_TRY(const Scenario scenario, parse_scenario("fixture", fixture.display_name, text, beside));
  return {};
}

inline Result<void> parse_transcript_fixture(const Fixture& fixture, const std::string& text) {
  const FileSource beside = [&](std::string_view) -> Result<NamedText> {
    return NamedText{fixture.display_name, text};
  };
  BOOTRIG_TRY(const Scenario scenario,
              parse_scenario("fixture", "scenario.json",
                             R"({"summary": "s", "image": "i", "transcript": "expected.transcript"})", beside));
  return {};
}

// Parses `text` as if it were the fixture's.
inline Result<void> parse_fixture(const Fixture& fixture, const std::string& text) {
  if (fixture.kind == "targets") return parse_target_fixture(fixture, text);
  if (fixture.kind == "scenarios") return parse_scenario_fixture(fixture, text);
  if (fixture.kind == "transcripts") return parse_transcript_fixture(fixture, text);
  if (fixture.kind == "matrices") {
    BOOTRIG_TRY(const Matrix matrix, parse_matrix("fixture", fixture.display_name, text));
    return {};
  }
  if (fixture.kind == "hosts") {
    BOOTRIG_TRY(const std::vector<HostSpec> hosts, parse_hosts(fixture.display_name, text));
    return {};
  }
  BOOTRIG_TRY(const Recipe recipe, parse_recipe("fixture", fixture.display_name, text));
  return {};
}

}  // namespace bootrig
