#include "image/booted_file.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/file.h"

namespace bootrig {

std::string booted_list(const std::vector<BootedFile>& files) {
  std::string text;
  for (const BootedFile& file : files) text += fmt::format("{}  {}\n", file.sha256, file.file.filename().string());
  return text;
}

std::string identity_of(const std::vector<BootedFile>& files) {
  CHECK(!files.empty());
  return files.size() == 1 ? files.front().sha256 : sha256_hex(booted_list(files));
}

}  // namespace bootrig
