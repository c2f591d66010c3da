#include "reports/report_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

namespace bootrig {
namespace {

std::filesystem::path fresh_folder(const std::string& name) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / ("report_file_test_" + name);
  std::filesystem::remove_all(folder);
  return folder;
}
std::size_t entries(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}

TEST(ReportFile, PutsPiecesInTheOrderOfTheReport) {
  const auto folder = fresh_folder("order");
  Pieces first, second;
  {
    ReportFile file(folder / "deep" / "report.txt");
    file.set_aside("1a ", first);
    file.set_aside("2a ", second);
    file.set_aside("1b ", first);
    file.set_aside("1c ", first);
    file.write("begin ");
    file.write(second);
    file.write(first);
    file.write("end");
    EXPECT_FALSE(std::filesystem::exists(folder / "deep" / "report.txt"));
    ASSERT_TRUE(file.finish());
  }
  EXPECT_EQ(read_file(folder / "deep" / "report.txt").value(), "begin 2a 1a 1b 1c end");
  EXPECT_EQ(first.extents.size(), 2u);
  EXPECT_EQ(entries(folder / "deep"), 1u);
}

TEST(ReportFile, LargePiecesComeBackWhole) {
  const auto path = fresh_folder("large") / "report.txt";
  std::string expected;
  ReportFile file(path);
  Pieces pieces;
  for (int i = 0; i < 300; ++i) {
    const std::string piece(1000 + i, static_cast<char>('a' + i % 26));
    file.set_aside(piece, pieces);
    expected += piece;
  }
  file.write(pieces);
  ASSERT_TRUE(file.finish());
  EXPECT_EQ(read_file(path).value(), expected);
}

TEST(ReportFile, ARunThatDiesLeavesTheOldReport) {
  const auto folder = fresh_folder("old");
  ASSERT_TRUE(make_folders(folder));
  ASSERT_TRUE(write_file_atomically(folder / "report.txt", "old"));
  {
    ReportFile file(folder / "report.txt");
    file.write("new");
  }
  EXPECT_EQ(read_file(folder / "report.txt").value(), "old");
  EXPECT_EQ(entries(folder), 1u);
}

TEST(ReportFile, AFullDiskIsOneError) {
  ReportFile file("/dev/full");
  Pieces pieces;
  file.set_aside(std::string(200'000, 'x'), pieces);
  file.write(pieces);
  file.write("more");
  const auto result = file.finish();
  ASSERT_FALSE(result);
  EXPECT_EQ(to_text(result.error()), "/dev/full: cannot write: No space left on device");
}

TEST(ReportFile, AFolderThatIsAFileIsOneError) {
  const auto folder = fresh_folder("blocked");
  ASSERT_TRUE(make_folders(folder));
  ASSERT_TRUE(write_file_atomically(folder / "file", "x"));
  ReportFile file(folder / "file" / "report.txt");
  Pieces pieces;
  file.set_aside("x", pieces);
  const auto result = file.finish();
  ASSERT_FALSE(result);
  EXPECT_EQ(to_text(result.error()), (folder / "file").string() + ": cannot make the folder: Not a directory");
}

TEST(ReportFile, APathThatIsAFolderIsOneError) {
  const auto folder = fresh_folder("folder");
  ASSERT_TRUE(make_folders(folder));
  ReportFile file(folder);
  file.write("x");
  const auto result = file.finish();
  ASSERT_FALSE(result);
  EXPECT_EQ(to_text(result.error()), folder.string() + ": cannot write: Is a directory");
}

// A limit on the size of files stands for a disk that fills up during the run.
TEST(ReportFile, ADiskThatFillsUpLeavesNothingBehind) {
  const auto folder = fresh_folder("filling");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{100'000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  Result<void> result;
  {
    ReportFile file(folder / "report.txt");
    Pieces pieces;
    for (int i = 0; i < 300; ++i) file.set_aside(std::string(1000, 'x'), pieces);
    file.write(pieces);
    result = file.finish();
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, handler);
  ASSERT_FALSE(result);
  EXPECT_EQ(to_text(result.error()), (folder / "report.txt").string() + ": cannot write: File too large");
  EXPECT_EQ(entries(folder), 0u);
}

}  // namespace
}  // namespace bootrig
