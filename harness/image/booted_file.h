// BootedFile: one of the files that a machine boots, and what several of them are called together.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace bootrig {

struct BootedFile {
  std::filesystem::path file;
  std::string sha256;
};

// As sha256sum(1) prints them, by their names without folders.
std::string booted_list(const std::vector<BootedFile>& files);

// The SHA-256 of the only file; of several, that of their list, so that none changes unnoticed.
std::string identity_of(const std::vector<BootedFile>& files);

}  // namespace bootrig
