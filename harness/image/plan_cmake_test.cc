// The stage "cmake" with the real CMake and a small project in the place of a kernel.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "testing/stage_project.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

constexpr const char* kLists = R"(cmake_minimum_required(VERSION 3.16)
set(CMAKE_C_COMPILER_FORCED TRUE)
project(kernel C)
set(Printing ON CACHE BOOL "")
if(Verification)
  set(Printing OFF CACHE INTERNAL "")
  set(Printing_DISABLED TRUE CACHE INTERNAL "")
endif()
if(NOT Nodes)
  set(Nodes 1)
endif()
if(Nodes GREATER 8)
  message(FATAL_ERROR "at most 8 nodes can be had, which is as many as this small project knows of, found ${Nodes}")
endif()
file(WRITE ${CMAKE_BINARY_DIR}/gen/config.json "{ \"NODES\": \"${Nodes}\", \"HYP\": false }")
add_library(kernel STATIC main.c)
target_compile_definitions(kernel PRIVATE GREETING="$ENV{GREETING}")
)";

// A project with a source tree that the recipe is given, outside of its folder.
struct CmakeProject : StageProject {
  CmakeProject() {
    folder.put("tree/CMakeLists.txt", kLists);
    folder.put("tree/main.c", "const char *greeting = GREETING;\n");
    user = {{"tree", (folder.path() / "tree").string()}};
  }
  void edit_tree(const std::string& name, const std::string& bytes) { edit("../../tree/" + name, bytes); }

  // `more` follows the stage's keys; the library is booted as raw bytes, which no one looks at.
  static std::string recipe(const std::string& more = "") {
    return fmt::format(R"({{ "summary": "s",
        "parameters": {{ "tree": {{ "summary": "the tree" }}, "nodes": {{ "summary": "n", "default": "2" }},
                         "definitions": {{ "summary": "d", "default": "" }},
                         "hyp": {{ "summary": "at EL2", "from-target": "level", "values": {{ "1": "OFF", "2": "ON" }} }},
                         "root": {{ "summary": "r", "default": "root" }} }},
        "stages": [
          {{ "cmake": "kernel", "source": "${{tree}}", "definitions": {{ "Nodes": "${{nodes}}" }},
             "more-definitions": "${{definitions}}", "environment": {{ "GREETING": "hello" }},
             "outputs": ["libkernel.a", "gen/config.json"]{} }},
          {{ "tool": "made", "command": ["sh", "-c", "cp $0 out.bin; echo $1 >> out.bin", "${{stage:kernel}}", "${{root}}"],
             "outputs": ["out.bin"] }} ],
        "boot": {{ "stage": "made", "format": "raw", "load": "0x40080000" }} }})",
                       more);
  }
  std::size_t projects_built() const {
    const fs::path built = out() / "sample-cmake";
    return fs::exists(built) ? std::distance(fs::directory_iterator(built), fs::directory_iterator()) : 0;
  }
};

TEST(CmakeStage, BuildsAProjectOutsideOfItsTree) {
  CmakeProject project;
  const fs::path folder = project.build_folder(project.recipe());
  EXPECT_NE(read_file(folder / "out.bin").value_or("").find("hello"), std::string::npos);
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : fs::recursive_directory_iterator(project.user["tree"])) ++files;
  EXPECT_EQ(files, 2u) << "the user's tree is as it was";
}

TEST(CmakeStage, WithNothingChangedOnlyTheProjectIsAsked) {
  CmakeProject project;
  project.build_folder(project.recipe());
  EXPECT_EQ(project.done, (Words{"cmake sample/kernel", "tool sample/made"}));
  project.build_folder(project.recipe());
  EXPECT_EQ(project.done, Words{"cmake sample/kernel"});
  project.edit_tree("main.c", "const char *greeting = \"changed\";\n");
  const fs::path folder = project.build_folder(project.recipe());
  EXPECT_EQ(project.done, (Words{"cmake sample/kernel", "tool sample/made"})) << "the project sees its own sources";
  EXPECT_NE(read_file(folder / "out.bin").value_or("").find("changed"), std::string::npos);
}

TEST(CmakeStage, ImagesThatDifferBelowItShareIt) {
  CmakeProject project;
  project.build_folder(project.recipe());
  project.user["root"] = "other";
  project.build_folder(project.recipe());
  EXPECT_EQ(project.projects_built(), 1u);
  project.user["nodes"] = "3";
  project.build_folder(project.recipe());
  EXPECT_EQ(project.projects_built(), 2u);
}

TEST(CmakeStage, ADefinitionMayBeAStagesFile) {
  CmakeProject project;
  project.put("tree.txt", "one");
  project.folder.put("tree/CMakeLists.txt", std::string(kLists) + R"(
      file(READ "${TREE}" words)
      target_compile_definitions(kernel PRIVATE WORDS="${words}"))");
  project.folder.put("tree/main.c", "const char *words = WORDS;\n");
  std::string text = project.recipe(R"(, "definitions": { "TREE": "${stage:words}" })");
  text.replace(text.find(R"("definitions": { "Nodes": "${nodes}" },)"), 39, "");
  const std::string before = R"("stages": [)";
  text.insert(text.find(before) + before.size(),
              R"({ "tool": "words", "command": ["cp", "${file:tree.txt}", "words.txt"], "outputs": ["words.txt"] },)");
  fs::path folder = project.build_folder(text);
  EXPECT_NE(read_file(folder / "out.bin").value_or("").find("one"), std::string::npos) << folder;
  project.edit("tree.txt", "two");
  folder = project.build_folder(text);
  EXPECT_NE(read_file(folder / "out.bin").value_or("").find("two"), std::string::npos) << "it is configured anew";
}

TEST(CmakeStage, AgreesWithItsAssertions) {
  CmakeProject project;
  const std::string text = project.recipe(R"(, "assert": [
      { "cache": "Printing", "value": "ON", "unless": "Printing_DISABLED" },
      { "file": "gen/config.json", "entry": "NODES", "value": "${nodes}" },
      { "file": "gen/config.json", "entry": "HYP", "value": "${hyp}" } ])");
  EXPECT_EQ(project.failure(text), "no failure");
  project.user["hyp"] = "ON";
  EXPECT_EQ(project.failure(text),
            "build failed: error: the configured tree contradicts the recipe: 'HYP' in gen/config.json must be 'ON', "
            "found 'OFF'");
}

TEST(CmakeStage, AContradictionStopsTheBuildWithItsReason) {
  CmakeProject project;
  project.user["definitions"] = "-DVerification=ON Nodes=4";
  const std::string text = project.recipe(R"(, "assert": [
      { "cache": "Printing", "value": "ON", "unless": "Printing_DISABLED", "because": "Verification drops it" },
      { "file": "gen/config.json", "entry": "NODES", "value": "${nodes}" } ])");
  const std::string wanted =
      "build failed: error: the configured tree contradicts the recipe: 'Printing' in CMakeCache.txt must be 'ON', "
      "found "
      "'OFF' and 'Printing_DISABLED' is 'TRUE': Verification drops it; 'NODES' in gen/config.json must be '2', found "
      "'4'";
  EXPECT_EQ(project.failure(text), wanted);
  EXPECT_EQ(project.failure(text), wanted) << "a second try is no way around it";
  EXPECT_EQ(project.failure(project.recipe(R"(, "assert": [ { "cache": "Printin", "value": "ON" } ])")),
            "build failed: error: the configured tree contradicts the recipe: CMakeCache.txt has no entry 'Printin', "
            "which must be 'ON'; did you mean 'Printing'?");
  EXPECT_EQ(project.failure(project.recipe(R"(, "assert": [ { "file": "no.h", "entry": "A", "value": "1" } ])")),
            "build failed: error: there is no no.h in the configured build folder, to assert 'A'");
}

TEST(CmakeStage, AContradictionThatCameLaterIsSeen) {
  CmakeProject project;
  const std::string text = project.recipe(R"(, "assert": [ { "cache": "Printing", "value": "ON" } ])");
  EXPECT_EQ(project.failure(text), "no failure");
  std::string lists = kLists;
  lists.replace(lists.find("if(Verification)"), 16, "if(TRUE)");
  project.edit_tree("CMakeLists.txt", lists);
  EXPECT_NE(project.failure(text).find("'Printing' in CMakeCache.txt must be 'ON', found 'OFF'"), std::string::npos);
}

TEST(CmakeStage, SaysWhatTheToolsSaid) {
  CmakeProject project;
  project.user["nodes"] = "9";
  EXPECT_EQ(project.failure(project.recipe()),
            "build failed: error: cmake cannot configure: CMakeLists.txt:13 (message): at most 8 nodes can be had, "
            "which is as many as this small project knows of, found 9");
  project.user.erase("nodes");
  project.edit_tree("main.c", "int main(void) { return nothing; }\n");
  const ImageResult broken = project.build(project.recipe());
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().error.message.find("main.c:1:25: error: 'nothing' undeclared"), std::string::npos)
      << broken.error().error.message;
  EXPECT_EQ(broken.error().log.find("[bootrig"), std::string::npos)
      << "no line of the inner ninja: " << broken.error().log;
  EXPECT_EQ(project.failure(project.recipe(R"(, "targets": ["kernal"])")),
            "build failed: error: ninja: ninja: error: unknown target 'kernal', did you mean 'kernel'?");
  project.edit_tree("main.c", "int a;\n");
  std::string text = project.recipe();
  text.replace(text.find("gen/config.json"), 15, "gen/other.json");
  EXPECT_EQ(project.failure(text),
            "build failed: error: the project was built, but there is no 'gen/other.json' in its build folder");
}

TEST(CmakeStage, LooksForWhatItRequiresFirst) {
  CmakeProject project;
  const std::string tree = project.user["tree"];
  EXPECT_EQ(project.failure(project.recipe(R"(, "requires": { "files": ["src/plat/config.cmake"] })")),
            "bad spec: " + (project.folder.path() / "images/sample/recipe.json").string() + ":/stages/0: '" + tree +
                "' is not the source tree that is meant: there is no src/plat/config.cmake in it");
  EXPECT_EQ(
      project.failure(project.recipe(R"(, "requires": { "programs": { "no-such-dtc": "device-tree-compiler" } })")),
      "build failed: no-such-dtc is not installed (Debian package device-tree-compiler)");
  EXPECT_EQ(project.failure(project.recipe(R"(, "requires": { "python": {
                "os": "Debian package python3", "no_pyfdt": "pip install pyfdt", "no_yaml": "python3-yaml" } })")),
            "build failed: error: python3 has no module no_pyfdt (pip install pyfdt), no_yaml (python3-yaml)");
  EXPECT_NE(project.failure(project.recipe(R"(, "toolchain-file": "${tree}/gcc.cmake")"))
                .find("toolchain file '" + tree + "/gcc.cmake' is not there"),
            std::string::npos);
  project.user["tree"] = project.folder.path().string();
  EXPECT_NE(project.failure(project.recipe()).find("is not the source tree that is meant: there is no CMakeLists.txt"),
            std::string::npos);
  project.user["tree"] = "/nowhere";
  EXPECT_NE(project.failure(project.recipe()).find("source tree '/nowhere' is not there: no folder /nowhere"),
            std::string::npos);
  project.user.erase("tree");
  EXPECT_EQ(project.failure(project.recipe()), "skipped: parameter 'tree' is not given: the tree (give --set tree=…)");
}

TEST(CmakeStage, ATargetThatAParameterHasNoValueForIsSkipped) {
  CmakeProject project;
  MachineSpec machine;
  machine.level = 3;
  const ImageResult result = project.build(project.recipe(), {.name = "sample", .machine = machine});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ImageFailure::Kind::kSkipped);
  EXPECT_EQ(result.error().error.message,
            "parameter 'hyp' (at EL2) has no value for a target with level '3', only for '1' or '2'");
}

TEST(CmakeStage, MoreDefinitionsAreNameAndValue) {
  CmakeProject project;
  project.user["definitions"] = "Verification";
  EXPECT_NE(project.failure(project.recipe()).find("more-definitions: 'Verification' is not NAME=VALUE"),
            std::string::npos);
}

}  // namespace
}  // namespace bootrig
