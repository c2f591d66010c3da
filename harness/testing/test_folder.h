// A folder of its own for each test, removed at its end.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "base/check.h"
#include "base/file.h"

namespace bootrig {

class TestFolder {
 public:
  // `name` may hold what makes quoting hard.
  explicit TestFolder(const std::string& name = "bootrig-test") {
    std::string pattern = (std::filesystem::temp_directory_path() / (name + "-XXXXXX")).string();
    CHECK(::mkdtemp(pattern.data()) != nullptr);
    path_ = std::filesystem::canonical(pattern);
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // Writes a file below the folder and gives its path.
  std::filesystem::path put(const std::string& name, const std::string& bytes) const {
    const std::filesystem::path file = path_ / name;
    CHECK(make_folders(file.parent_path()) && write_file_atomically(file, bytes));
    return file;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace bootrig
