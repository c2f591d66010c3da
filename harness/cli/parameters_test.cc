// Where the values of parameters come from.
#include "cli/parameters.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <optional>

#include "testing/test_folder.h"

namespace bootrig {
namespace {

using Values = std::map<std::string, std::string>;

std::vector<Recipe> recipes() {
  const char* text = R"({ "summary": "s",
      "parameters": { "kernel-tree": { "summary": "k" }, "ending": { "summary": "e" } },
      "stages": [ { "prebuilt": "a", "file": "a" } ], "boot": { "stage": "a" } })";
  const char* other = R"({ "summary": "s", "parameters": { "sel4": { "summary": "s" } },
      "stages": [ { "prebuilt": "a", "file": "a" } ], "boot": { "stage": "a" } })";
  return {parse_recipe("guest", "guest/recipe.json", text).value(),
          parse_recipe("sel4", "sel4/recipe.json", other).value()};
}

// The user's folders and his environment, for as long as it lives.
struct User {
  User() {
    set("XDG_CONFIG_HOME", folder.path().string());
    set("XDG_CACHE_HOME", (folder.path() / "cache").string());
  }
  ~User() {
    for (const auto& [name, old] : before) old ? ::setenv(name, old->c_str(), 1) : ::unsetenv(name);
  }
  void set(const char* name, const std::string& value) {
    const char* old = ::getenv(name);
    before.emplace(name, old == nullptr ? std::nullopt : std::optional<std::string>(old));
    ::setenv(name, value.c_str(), 1);
  }
  Values values(const ParameterOptions& options = {}) {
    const auto found = user_parameters(options, recipes(), {"guest"});
    return found ? *found : Values{{"error", to_text(found.error())}};
  }
  TestFolder folder;
  std::map<const char*, std::optional<std::string>> before;
};

TEST(Parameters, TheStrongestWins) {
  User user;
  EXPECT_EQ(user.values(), Values{});
  user.folder.put("bootrig/parameters.json", R"({ "kernel-tree": "own", "sel4": "own", "of-another-project": "x" })");
  EXPECT_EQ(user.values(), (Values{{"kernel-tree", "own"}, {"sel4", "own"}}));
  const std::string file = user.folder.put("given.json", R"({ "kernel-tree": "given", "ending": "" })").string();
  EXPECT_EQ(user.values({{}, file}), (Values{{"kernel-tree", "given"}, {"ending", ""}, {"sel4", "own"}}));
  user.set("BOOTRIG_SET_KERNEL_TREE", "environment");
  user.set("BOOTRIG_SET_NOBODY", "x");
  EXPECT_EQ(user.values({{}, file}).at("kernel-tree"), "environment");
  EXPECT_EQ(user.values({{"kernel-tree=option"}, file}).at("kernel-tree"), "option");
}

TEST(Parameters, SaysWhatIsWrong) {
  User user;
  EXPECT_EQ(user.values({{"kernel-tre=x"}, ""}).at("error"),
            "--set: no image that is asked for has a parameter 'kernel-tre'; they have 'ending' or 'kernel-tree'; did "
            "you mean 'kernel-tree'?");
  EXPECT_EQ(user.values({{"sel4=x"}, ""}).at("error"),
            "--set: no image that is asked for has a parameter 'sel4'; they have 'ending' or 'kernel-tree'");
  const std::string file = user.folder.put("given.json", R"({ "endign": "x" })").string();
  EXPECT_EQ(user.values({{}, file}).at("error"),
            file + ":/endign: no recipe has a parameter 'endign'; did you mean 'ending'?");
  user.folder.put("given.json", R"({ "ending": 1 })");
  EXPECT_TRUE(user.values({{}, file}).at("error").starts_with(file + ":/ending: ")) << user.values({{}, file})["error"];
  EXPECT_TRUE(user.values({{}, "/nowhere.json"}).at("error").starts_with("/nowhere.json: cannot read"));
}

TEST(Parameters, OfAnImageAsOptions) {
  const Values values{{"kernel-tree", "a b"}, {"sel4", "x"}};
  EXPECT_EQ(settings_of("guest", recipes(), values), (std::vector<std::string>{"--set", "kernel-tree=a b"}));
}

TEST(Parameters, TheCacheIsInTheUsersFolder) {
  User user;
  EXPECT_EQ(user_cache_folder(), user.folder.path() / "cache/bootrig");
  user.set("XDG_CACHE_HOME", "relative");
  user.set("HOME", "/home/x");
  EXPECT_EQ(user_cache_folder(), "/home/x/.cache/bootrig") << "the XDG specification: a relative one is ignored";
}

}  // namespace
}  // namespace bootrig
