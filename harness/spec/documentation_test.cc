// The examples of docs/formats.md are what the parsers take: a page that is wrong fails here.
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/text.h"
#include "spec/hosts.h"
#include "spec/matrix.h"
#include "spec/recipe.h"
#include "spec/scenario.h"
#include "spec/target.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

// The blocks of a section, in order.
std::vector<std::string> json_blocks(std::string_view heading, const char* file = "docs/formats.md") {
  const std::string page = read_file(source_path(file)).value();
  const std::size_t begin = page.find(heading);
  EXPECT_NE(begin, std::string::npos) << heading;
  std::string_view section = std::string_view(page).substr(begin);
  section = section.substr(0, section.find("\n## ", 1));
  std::vector<std::string> blocks;
  for (std::size_t at = section.find("```json\n"); at != std::string_view::npos; at = section.find("```json\n", at)) {
    at += 8;
    blocks.emplace_back(section.substr(at, section.find("```", at) - at));
  }
  return blocks;
}

template <typename T>
void expect_parses(const Result<T>& result) {
  EXPECT_TRUE(result) << to_text(result.error());
}

TEST(Documentation, ExamplesParse) {
  const auto hosts = json_blocks("## Hosts: ");
  ASSERT_EQ(hosts.size(), 1u);
  expect_parses(parse_hosts("hosts.json", hosts[0]));
  const auto targets = json_blocks("## Target profile");
  ASSERT_EQ(targets.size(), 1u);
  expect_parses(
      parse_target("example",
                   [&](std::string_view name) -> Result<NamedText> {
                     return NamedText{std::string(name), name == "example" ? targets[0] : R"({"summary": "base"})"};
                   },
                   {"example", "base/qemu-virt"}));

  const auto scenarios = json_blocks("## Scenario");
  ASSERT_EQ(scenarios.size(), 3u);
  for (const std::string& text : scenarios) {
    expect_parses(parse_scenario("a/b", "formats.md", text, [](std::string_view file) -> Result<NamedText> {
      return NamedText{std::string(file), "a line\n"};
    }));
  }
  const auto matrices = json_blocks("## Matrix");
  ASSERT_EQ(matrices.size(), 1u);
  expect_parses(parse_matrix("nightly", "formats.md", matrices[0]));
  const auto recipes = json_blocks("## Recipe");
  ASSERT_EQ(recipes.size(), 3u);
  for (const std::string& text : recipes) expect_parses(parse_recipe("example", "formats.md", text));
}

TEST(Documentation, BoardsParse) {
  for (const char* heading : {"# Boards", "## labgrid"}) {
    const auto targets = json_blocks(heading, "docs/boards.md");
    ASSERT_EQ(targets.size(), 1u) << heading;
    expect_parses(parse_target("example",
                               [&](std::string_view name) -> Result<NamedText> {
                                 if (name == "example") return NamedText{"boards.md", targets[0]};
                                 BOOTRIG_TRY(std::string base,
                                             read_file(source_path("targets/" + std::string(name) + ".json")));
                                 return NamedText{std::string(name), std::move(base)};
                               },
                               {"example", "base/labgrid"}));
  }
}

TEST(Documentation, TheLabParses) {
  const auto section = [](const char* heading) { return json_blocks(heading, "docs/lab.md"); };
  const auto transcript = [](std::string_view file) -> Result<NamedText> {
    return NamedText{std::string(file), "a line\n"};
  };
  const auto project = section("## 1. "), hosts = section("## 2. "), board = section("## 3. "),
             matrix = section("## 4. ");
  ASSERT_EQ(project.size(), 2u);
  expect_parses(parse_recipe("mykernel", "lab.md", project[0]));
  expect_parses(parse_scenario("boot/up", "lab.md", project[1], transcript));
  ASSERT_EQ(hosts.size(), 1u);
  expect_parses(parse_hosts("hosts.json", hosts[0]));
  ASSERT_EQ(board.size(), 2u);
  const auto source = [&](std::string_view) -> Result<NamedText> { return NamedText{"lab.md", board[0]}; };
  expect_parses(parse_target("pi4", source, {"pi4"}));
  expect_parses(parse_scenario("boot/up-pi4", "lab.md", board[1], transcript));
  ASSERT_EQ(matrix.size(), 1u);
  expect_parses(parse_matrix("nightly", "lab.md", matrix[0]));
}

}  // namespace
}  // namespace bootrig
