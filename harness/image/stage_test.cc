#include "image/stage.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <memory>

#include "base/file.h"
#include "base/text.h"
#include "testing/test_folder.h"

namespace bootrig {
namespace {

class StageTest : public ::testing::Test {
 protected:
  std::filesystem::path put(const std::string& name, const std::string& bytes) { return folder_.put(name, bytes); }
  std::string get(const std::string& name) { return read_file(folder_.path() / name).value_or("(no file)"); }
  std::string error(const std::vector<std::string>& arguments) {
    const auto result = run_stage(arguments);
    return result ? "no error" : to_text(result.error());
  }

  TestFolder folder_;
};

// name -> contents, as libarchive reads them.
std::vector<std::pair<std::string, std::string>> list_archive(const std::string& bytes) {
  const std::unique_ptr<archive, decltype(&archive_read_free)> reader(archive_read_new(), &archive_read_free);
  archive_read_support_format_cpio(reader.get());
  EXPECT_EQ(archive_read_open_memory(reader.get(), bytes.data(), bytes.size()), ARCHIVE_OK);
  std::vector<std::pair<std::string, std::string>> entries;
  archive_entry* entry = nullptr;
  while (archive_read_next_header(reader.get(), &entry) == ARCHIVE_OK) {
    std::string contents(static_cast<std::size_t>(archive_entry_size(entry)), '\0');
    EXPECT_EQ(archive_read_data(reader.get(), contents.data(), contents.size()),
              static_cast<la_ssize_t>(contents.size()));
    EXPECT_EQ(archive_entry_perm(entry), 0644u);
    EXPECT_EQ(archive_entry_mtime(entry), 0);
    EXPECT_EQ(archive_entry_uid(entry), 0);
    entries.emplace_back(archive_entry_pathname(entry), std::move(contents));
  }
  return entries;
}

TEST_F(StageTest, CpioHoldsTheFilesSorted) {
  const auto kernel = put("k.elf", "kernel bytes");
  const auto user = put("u.elf", std::string("\0\x7f", 2));
  ASSERT_TRUE(write_cpio(folder_.path() / "a.cpio", {{"user.elf", user}, {"kernel.elf", kernel}}, std::nullopt));
  using Entries = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(list_archive(get("a.cpio")),
            (Entries{{"kernel.elf", "kernel bytes"}, {"user.elf", std::string("\0\x7f", 2)}}));
}

TEST_F(StageTest, CpioIsTheSameInEveryFieldWhoeverWritesIt) {
  const auto file = put("sub/one", "abc");
  std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  ASSERT_TRUE(write_cpio(folder_.path() / "a.cpio", {{"f", file}}, std::nullopt));
  // Magic, then ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor
  // namesize check.
  const std::string first =
      "070701"
      "00000000"
      "000081a4"
      "00000000"
      "00000000"
      "00000000"
      "00000000"
      "00000003"
      "00000000"
      "00000000"
      "00000000"
      "00000000"
      "00000002"
      "00000000";
  const std::string bytes = get("a.cpio");
  EXPECT_EQ(bytes.substr(0, 110), first);
  EXPECT_EQ(bytes.substr(110, 6), std::string("f\0abc\0", 6));
  EXPECT_EQ(bytes.size(),
            240u);  // 110+2, 3+1, the trailer's 110+11 and 3 bytes of padding: no block is filled up

  const auto other = put("other/two", "abc");
  ASSERT_TRUE(write_cpio(folder_.path() / "b.cpio", {{"f", other}}, std::nullopt));
  EXPECT_EQ(get("b.cpio"), bytes);
}

TEST_F(StageTest, CpioTruncates) {
  const auto file = put("one", std::string(1000, 'x'));
  ASSERT_TRUE(write_cpio(folder_.path() / "whole.cpio", {{"f", file}}, 1 << 20));
  ASSERT_TRUE(write_cpio(folder_.path() / "cut.cpio", {{"f", file}}, 512));
  EXPECT_EQ(get("cut.cpio"), get("whole.cpio").substr(0, 512));
  EXPECT_GT(get("whole.cpio").size(), 1000u);
}

TEST_F(StageTest, AnUnchangedOutputKeepsItsTime) {
  const auto file = put("one", "abc");
  const auto output = folder_.path() / "a.cpio";
  ASSERT_TRUE(write_cpio(output, {{"f", file}}, std::nullopt));
  const auto long_ago = std::filesystem::last_write_time(output) - std::chrono::hours(1);
  std::filesystem::last_write_time(output, long_ago);
  ASSERT_TRUE(write_cpio(output, {{"f", file}}, std::nullopt));
  EXPECT_EQ(std::filesystem::last_write_time(output), long_ago);
  put("one", "abd");
  ASSERT_TRUE(write_cpio(output, {{"f", file}}, std::nullopt));
  EXPECT_GT(std::filesystem::last_write_time(output), long_ago);
}

TEST_F(StageTest, CpioRefusesBadNames) {
  const auto file = put("one", "abc");
  const auto message = [&](std::vector<ArchiveEntry> entries) {
    return to_text(write_cpio(folder_.path() / "a.cpio", std::move(entries), std::nullopt).error());
  };
  EXPECT_EQ(message({{"", file}}), "an archive's entry needs a name");
  EXPECT_EQ(message({{"a", file}, {"b", file}, {"a", file}}), "'a' is twice in the archive");
  EXPECT_EQ(message({{"TRAILER!!!", file}}), "'TRAILER!!!' cannot be a name in an archive: it marks the end of one");
  EXPECT_EQ(message({{"a", "/nowhere/x"}}), "/nowhere/x: cannot read: No such file or directory");
}

TEST_F(StageTest, EmbedEscapesThePath) {
  ASSERT_TRUE(write_embed_source(folder_.path() / "x.S", "/a \"b\"\\c\n$d.cpio", "archive", ".rodata.archive", 4096));
  const std::string text = get("x.S");
  EXPECT_NE(text.find("    .section .rodata.archive,\"a\"\n    .balign 4096\n"), std::string::npos) << text;
  EXPECT_NE(text.find("archive:\n    .incbin \"/a \\\"b\\\"\\\\c\\012$d.cpio\"\narchive_end:\n"), std::string::npos);
}

TEST_F(StageTest, EmbedRefusesWhatIsNoName) {
  const auto message = [&](const std::string& symbol, const std::string& section, unsigned alignment) {
    return to_text(write_embed_source(folder_.path() / "x.S", "f", symbol, section, alignment).error());
  };
  EXPECT_EQ(message("1a", ".rodata", 16), "'1a' is no symbol; write letters, digits and _");
  EXPECT_EQ(message("a\n.word 0", ".rodata", 16), "'a\n.word 0' is no symbol; write letters, digits and _");
  EXPECT_EQ(message("a", "", 16), "'' is no section name; write letters, digits, _ and .");
  EXPECT_EQ(message("a", ".x,\"aw\"", 16), "'.x,\"aw\"' is no section name; write letters, digits, _ and .");
  EXPECT_EQ(message("a", ".rodata", 0), "an alignment of 0 is no power of two");
  EXPECT_EQ(message("a", ".rodata", 24), "an alignment of 24 is no power of two");
}

TEST_F(StageTest, RunsStagesByTheirArguments) {
  const auto file = put("in", "abc");
  const std::string output = (folder_.path() / "out").string();
  ASSERT_EQ(error({"cpio", "--output", output, "--truncate", "16", "f=" + file.string()}), "no error");
  EXPECT_EQ(get("out").size(), 16u);
  ASSERT_EQ(error({"embed", "--output", output, "--symbol", "s", "--section", ".rodata", "--align", "8", file}),
            "no error");
  EXPECT_NE(get("out").find("s_end"), std::string::npos);
}

TEST_F(StageTest, ReadsArgumentsFromAFile) {
  const auto file = put("a b", "abc");
  const std::string output = (folder_.path() / "it's").string();
  const auto list = put("list", shell_quote({"--output", output, "", "f=" + file.string()}));
  EXPECT_EQ(error({"cpio", "@" + list.string()}), "'' is not NAME=FILE");
  put("list", shell_quote({"--output", output, "f=" + file.string()}) + "\n");
  ASSERT_EQ(error({"cpio", "@" + list.string()}), "no error");
  using Entries = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(list_archive(get("it's")), (Entries{{"f", "abc"}}));
}

TEST_F(StageTest, RefusesBadArguments) {
  const std::string output = (folder_.path() / "out").string();
  const std::string stages =
      "'cpio', 'embed', 'tool', 'make', 'check', 'cmake', 'copy', 'elfloader-headers' or 'elfloader-check'";
  EXPECT_EQ(error({}), "a stage is missing: " + stages);
  EXPECT_EQ(error({"cpoi"}), "'cpoi' is no stage; there are " + stages + "; did you mean 'cpio'?");
  EXPECT_EQ(error({"embe"}), "'embe' is no stage; there are " + stages + "; did you mean 'embed'?");
  EXPECT_EQ(error({"cpio"}), "option --output is missing");
  EXPECT_EQ(error({"cpio", "--output"}), "option --output needs a value");
  EXPECT_EQ(error({"cpio", "--ouput", "x"}),
            "'--ouput' is no option of this stage; there are '--output', '--truncate' or '--order'; did you "
            "mean '--output'?");
  EXPECT_EQ(error({"cpio", "--output", output, "name"}), "'name' is not NAME=FILE");
  EXPECT_EQ(error({"cpio", "--output", output, "--truncate", "1k"}),
            "'1k' is not a size; write a whole number of bytes or of K, M, G or T (powers of "
            "1024), as in '512M' or "
            "'2G'");
  EXPECT_EQ(error({"embed", "--output", output, "--symbol", "s", "--section", ".x", "--align", "8"}),
            "embed takes one file, not 0");
  EXPECT_EQ(error({"cpio", "@" + put("open", "'a").string()}),
            (folder_.path() / "open").string() + ": a quote is not closed");
}

}  // namespace
}  // namespace bootrig
