// A guest that tests itself, on real QEMU: its results as rows of every report.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/program_test.h"
#include "testing/json_schema.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Subtests, AreRowsOfTheReports) {
  const TestFolder folder;
  const Finished finished = bootrig({"run", "boot/ktap@virt", "boot/ktap-one-fails@virt", "--no-history", "--html",
                                     "off", "--output", folder.path() / "run"});
  EXPECT_EQ(finished.code, kExitExpected) << finished.out << finished.err;
  EXPECT_THAT(
      xpath(folder.path() / "run/junit.xml", "//testcase[starts-with(@name,'boot/ktap:')]/@name"),
      ElementsAre("boot/ktap: level", "boot/ktap: stack.aligned", "boot/ktap: stack.keeps", "boot/ktap: timer"));
  EXPECT_THAT(xpath(folder.path() / "run/junit.xml", "//testcase[contains(@name,'one-fails: ')]/skipped/@message"),
              ElementsAre("line 9: keeps: word 3 is 0", "line 11: not looked at"));
  EXPECT_THAT(xpath(folder.path() / "run/junit.xml", "//failure"), ElementsAre());

  const std::string text = text_of(folder.path() / "run/report.json");
  EXPECT_EQ(against_schema(source_path("reports/report.schema.json"), text), "");
  for (const auto& result : nlohmann::json::parse(text)["results"]) {
    const bool fails = result["scenario"] == "boot/ktap-one-fails";
    EXPECT_EQ(result["subtests"][2]["name"], "stack.keeps");
    EXPECT_EQ(result["subtests"][2]["status"], fails ? "fail" : "pass");
    if (fails) {
      EXPECT_THAT(result["verdict"]["detail"].get<std::string>(), HasSubstr("1 of 4 subtests failed; 'stack.keeps'"));
    }
  }
}

}  // namespace
}  // namespace bootrig
