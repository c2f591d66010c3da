#include "run/transcript_file.h"

#include <gtest/gtest.h>

#include "testing/test_folder.h"

namespace bootrig {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

TEST(TranscriptFile, KeepsBytesAndTimes) {
  const TestFolder temporary;
  const fs::path folder = temporary.path();
  auto file = TranscriptFile::create(folder);
  ASSERT_TRUE(file);
  file->add(std::string("on\xff"
                        "e\r\ntw",
                        8),
            5ms);
  file->add("o\n\nlast", 7500us);
  ASSERT_TRUE(file->close());
  EXPECT_EQ(read_file(folder / "transcript.raw").value(),
            "on\xff"
            "e\r\ntwo\n\nlast");
  EXPECT_EQ(read_file(folder / "lines.tsv").value(), "1\t0\t5.000\n2\t6\t5.000\n3\t10\t7.500\n4\t11\t7.500\n");
  EXPECT_EQ(file->dropped(), 0u);
  EXPECT_EQ(file->excerpt().head,
            "on\xff"
            "e\r\ntwo\n\nlast");
  EXPECT_EQ(file->excerpt().cut, 0u);
}

TEST(TranscriptFile, StopsAtTheCapAndKeepsTheTail) {
  const TestFolder temporary;
  const fs::path folder = temporary.path();
  auto file = TranscriptFile::create(folder, 1000);
  ASSERT_TRUE(file);
  std::string all;
  for (int i = 0; i < 50000; ++i) {
    const std::string line = "line " + std::to_string(i) + "\n";
    file->add(line, std::chrono::milliseconds(i));
    all += line;
  }
  ASSERT_TRUE(file->close());
  EXPECT_EQ(read_file(folder / "transcript.raw").value(), all.substr(0, 1000));
  EXPECT_EQ(file->dropped(), all.size() - 1000);
  const std::string tail = read_file(folder / "transcript-tail.raw").value();
  EXPECT_EQ(tail, all.substr(all.size() - TranscriptFile::kTailKept));
  const Excerpt excerpt = file->excerpt();
  EXPECT_EQ(excerpt.head.size() + excerpt.cut + excerpt.tail.size(), all.size());
  const Excerpt again = read_excerpt(folder, file->dropped()).value();
  EXPECT_EQ(again.head.size() + again.cut + again.tail.size(), all.size());
  EXPECT_EQ(again.tail, excerpt.tail);
}

TEST(TranscriptFile, TellsOfAFullDisk) {
  const TestFolder temporary;
  const fs::path folder = temporary.path();
  fs::create_symlink("/dev/full", folder / "transcript.raw");
  auto file = TranscriptFile::create(folder);
  ASSERT_TRUE(file);
  file->add("x\n", 1ms);
  const auto closed = file->close();
  ASSERT_FALSE(closed);
  EXPECT_EQ(to_text(closed.error()), (folder / "transcript.raw").string() + ": cannot write: No space left on device");
}

}  // namespace
}  // namespace bootrig
