#include <gtest/gtest.h>

#include "cli/command_test.h"
#include "inspect/image_writer_test.h"
#include "testing/json_schema.h"
#include "testing/paths.h"
#include "testing/small_elf.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

Said run(std::vector<std::string> words) {
  words.insert(words.begin(), "inspect");
  return say(std::move(words));
}

TEST(InspectCommand, SoundImageAndItsBrokenTwin) {
  const TestFolder folder;
  const std::string good = folder.put("good.img", ImageWriter().bytes());
  ImageWriter writer;
  writer.upper0 = 0;
  const std::string broken = folder.put("broken.img", writer.bytes());
  const Said sound = run({good, "--target", "virt"});
  EXPECT_EQ(sound.status, kExitExpected) << sound.error;
  EXPECT_TRUE(sound.output.contains("Microkit loader image, 25088 bytes, entered at 0x70000000\n")) << sound.output;
  EXPECT_FALSE(sound.output.contains("error")) << sound.output;
  const Said told = run({broken});
  EXPECT_EQ(told.status, kExitUnexpected);
  EXPECT_TRUE(
      told.output.contains("\nerror: the image's boot tables do not let the kernel's entry 0xffffff8040000000 "
                           "be executed: L0[0x1ff] is invalid [kernel-not-mapped]\n"))
      << told.output;
  EXPECT_TRUE(
      told.output.contains("\n  CHANGE  the descriptor at 0x70003ff8 must hold the table descriptor "
                           "0x70004003\n"))
      << told.output;
}

TEST(InspectCommand, JsonIsOfItsSchema) {
  const TestFolder folder;
  ImageWriter writer;
  writer.upper0 = 0;
  const std::string schema = source_path("reports/inspect.schema.json");
  const Said loader = run({folder.put("broken.img", writer.bytes()), "--json", "-t", "virt[memory=512M]"});
  EXPECT_EQ(loader.status, kExitUnexpected);
  EXPECT_EQ(against_schema(schema, loader.output), "");
  EXPECT_TRUE(loader.output.contains("\"outside-memory\"")) << loader.output;
  const Said raw = run({folder.put("raw", "some bytes"), "--json"});
  EXPECT_EQ(raw.status, kExitExpected);
  EXPECT_EQ(against_schema(schema, raw.output), "");
  EXPECT_NE(against_schema(schema, "{}"), "");
}

TEST(InspectCommand, FilesThatAreGivenWithIt) {
  const TestFolder folder;
  const std::string good = folder.put("good.img", ImageWriter().bytes());
  const std::string text = folder.put("text", "neither this nor that");
  const Said told = run({good, "--initrd", text, "--dtb", text, "--json"});
  EXPECT_EQ(told.status, kExitUnexpected);
  EXPECT_EQ(against_schema(source_path("reports/inspect.schema.json"), told.output), "");
  EXPECT_TRUE(told.output.contains("\"broken-tree\"") && told.output.contains("\"broken-initrd\"")) << told.output;
  EXPECT_EQ(run({good, "--initrd", (folder.path() / "none").string()}).status, kExitUntrustworthy);
}

TEST(InspectCommand, BadInputIsOneSentence) {
  const TestFolder folder;
  EXPECT_EQ(run({(folder.path() / "none").string()}).status, kExitUntrustworthy);
  const std::string empty = folder.put("empty", "");
  EXPECT_EQ(run({empty}).error, "bootrig: " + empty + ": is empty\n");
  const std::string elf = folder.put("cut.elf", small_elf({0, 0, "code", 4}, 0).substr(0, 40));
  EXPECT_EQ(run({elf}).status, kExitUntrustworthy);
  EXPECT_EQ(run({empty, "--load", "x"}).status, kExitUntrustworthy);
  EXPECT_EQ(run({empty, "--target", "no-such"}).status, kExitUntrustworthy);
}

}  // namespace
}  // namespace bootrig
