// IMAGE of a command line: a file, with the options that say how it is booted, or an image of the project by its name.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/parameters.h"
#include "image/image.h"
#include "machine/machine.h"
#include "run/project.h"

namespace CLI {
class App;
}

namespace bootrig {

struct ImageFileOptions {
  std::string image;
  std::string load;
  std::string initrd;
  std::string append;
  std::string device_tree;
  std::vector<std::string> symbols;
};
// --load, --initrd, --append, --dtb, --symbols; IMAGE itself is the command's to name.
void add_image_file_options(CLI::App& app, ImageFileOptions& options);

// The file, with its symbols: those that were named, and the image itself when it is an ELF.
Result<Image> open_image_file(const ImageFileOptions& options);

// The file of that name; where there is none the project's image of that name, built in `folder` with the user's
// parameters. An error tells why there is neither.
Result<Image> open_image_argument(const ImageFileOptions& options, const ParameterOptions& parameters,
                                  const Project& project, const MachineSpec& machine,
                                  const std::filesystem::path& folder, ProcessLauncher& launcher,
                                  const Interrupt& interrupt);

}  // namespace bootrig
