#include "image/tool_stage.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "base/text.h"
#include "process/launcher.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

struct ToolCommand {
  fs::path folder;
  std::vector<std::string> outputs;
  std::vector<std::string> environment;  // "NAME=VALUE"
  std::vector<std::string> argv;
};

Result<ToolCommand> read_command(const std::vector<std::string>& words) {
  ToolCommand command;
  std::size_t i = 0;
  for (; i < words.size() && words[i] != "--"; i += 2) {
    if (i + 1 == words.size()) return fail(fmt::format("option {} needs a value", printable(words[i])));
    const std::string& value = words[i + 1];
    if (words[i] == "--folder") {
      command.folder = value;
    } else if (words[i] == "--output") {
      command.outputs.push_back(value);
    } else if (words[i] == "--set") {
      command.environment.push_back(value);
    } else {
      return fail(fmt::format("'{}' is no option of this stage; there are '--folder', '--output' and '--set'",
                              printable(words[i])));
    }
  }
  if (i + 1 >= words.size()) return fail("a program is missing behind '--'");
  command.argv.assign(words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
  if (command.folder.empty()) return fail("option --folder is missing");
  return command;
}

std::string last_line(std::string_view output) {
  const auto lines = split_lines(trim(output));
  return lines.empty() ? "" : ": " + printable(trim(lines.back()));
}

}  // namespace

Result<void> run_tool(const std::vector<std::string>& words) {
  BOOTRIG_TRY(const ToolCommand command, read_command(words));
  BOOTRIG_TRY_VOID(make_folders(command.folder));
  // What an earlier run left must not pass for this one's.
  for (const std::string& output : command.outputs) {
    std::error_code ignored;
    fs::remove(command.folder / output, ignored);
  }
  std::vector<std::string> argv;
  if (!command.environment.empty()) argv.push_back("env");
  argv.insert(argv.end(), command.environment.begin(), command.environment.end());
  argv.insert(argv.end(), command.argv.begin(), command.argv.end());
  ForkingLauncher launcher;
  BOOTRIG_TRY(const CommandResult result,
              run_command(launcher, {.argv = argv, .folder = command.folder}, Deadline::never()));
  std::fputs(result.output.c_str(), stderr);
  const std::string program = fs::path(command.argv.front()).filename().string();
  if (result.status.code != 0) {
    return fail(program, result.status.to_text() + last_line(result.output));
  }
  for (const std::string& output : command.outputs) {
    if (fs::is_regular_file(command.folder / output)) continue;
    return fail(program, fmt::format("it ended well, but left no '{}' in its folder", printable(output)));
  }
  return {};
}

}  // namespace bootrig
