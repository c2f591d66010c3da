// For the tests of the program as a whole: runs the built bootrig as its users do, on real QEMU, and reads what it
// leaves behind. Whatever a test starts ends with the test.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "process/launcher.h"
#include "testing/test_folder.h"

namespace bootrig {

using Words = std::vector<std::string>;

struct Finished {
  int code = -1;  // exit status; -1 when a signal ended it
  int signal = 0;
  std::string out, err;
};

// One bootrig at work. Killed, and with it its machines, when the test lets go of it.
class Invocation {
 public:
  // `environment`: "NAME=value" words. `folder`: where it stands; empty: the source tree.
  explicit Invocation(Words arguments, Words environment = {}, const std::filesystem::path& folder = {});
  pid_t pid() const { return child_->pid(); }
  void signal(int number) { child_->signal(number); }
  // What it has printed so far.
  std::string out() const;
  // Its end. One that does not come in `limit` fails the test.
  Finished wait(Duration limit = std::chrono::seconds(100));

 private:
  ScopedFd out_, err_;
  std::unique_ptr<ChildProcess> child_;
};

// bootrig from its start to its end.
Finished bootrig(Words arguments, Words environment = {}, const std::filesystem::path& folder = {});

// A small project whose one image boots in no time: fixtures/project. It is read only.
std::string small_project();
// A copy to change, as a folder of its own.
void copy_project(const std::string& from, const std::filesystem::path& to);
// Replaces the only occurrence of `from` in the file.
void edit(const std::filesystem::path& file, const std::string& from, const std::string& to);
std::string text_of(const std::filesystem::path& file);

// One row of a report.json. A test asks for what it needs.
struct Row {
  std::string id, standing, kind, cause, detail, sha256, image;
  std::vector<std::string> folders;  // of the attempts, as absolute paths; "" for one that was not started
};
struct Report {
  std::int64_t planned = 0, missing = 0;
  std::map<std::string, std::int64_t> totals;
  std::vector<Row> rows;

  // Of the testcase; a test that asks for one that is not there fails.
  Row row(const std::string& id) const;
  // "id standing", sorted.
  std::vector<std::string> standings() const;
};
Report report_of(const std::filesystem::path& run);

// The text of every node that an XPath expression finds in an XML file.
std::vector<std::string> xpath(const std::filesystem::path& file, const std::string& expression);

// Polls until it holds; false: `limit` has passed.
bool eventually(Duration limit, const std::function<bool()>& holds);
// The command lines of processes that name the folder, as machines do, whose image lies in it.
std::vector<std::string> processes_naming(const std::filesystem::path& folder, pid_t except);

}  // namespace bootrig
