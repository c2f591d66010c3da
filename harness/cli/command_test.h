// For the tests of one command: runs it in this process and keeps what it says.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/commands.h"

namespace bootrig {

struct Said {
  int status = 0;
  std::string output, error;
};

// `words`: the command and its arguments, without the program's name.
inline Said say(std::vector<std::string> words) {
  words.insert(words.begin(), "bootrig");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Said said;
  said.status = run_program(static_cast<int>(argv.size()), argv.data());
  said.output = testing::internal::GetCapturedStdout();
  said.error = testing::internal::GetCapturedStderr();
  return said;
}

}  // namespace bootrig
