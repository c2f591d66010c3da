#include "image/make_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "base/file.h"
#include "base/text.h"
#include "image/stage_arguments.h"
#include "process/launcher.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kTreeLimit = 500'000;  // files and folders; Linux has 85,000

bool is_inside(const fs::path& path, const fs::path& folder) {
  return path == folder || path.string().starts_with(folder.string() + "/");
}

// All that stands in the tree, but for git's own files and the folder that images are built in, should that lie inside.
// Symbolic links are entries of their own and never followed, so that a loop of them has an end.
Result<std::vector<fs::path>> walk(const fs::path& tree, const fs::path& leave_out) {
  std::vector<fs::path> found{tree};
  std::error_code error;
  fs::recursive_directory_iterator it(tree, error);
  for (const fs::recursive_directory_iterator end; !error && it != end; it.increment(error)) {
    if (it->path().filename() == ".git" || it->path() == leave_out) {
      it.disable_recursion_pending();
      continue;
    }
    found.push_back(it->path());
    if (found.size() > kTreeLimit) return fail(tree.string(), fmt::format("has more than {} files", kTreeLimit));
  }
  if (error) return fail(tree.string(), fmt::format("cannot be read: {}", error.message()));
  std::ranges::sort(found);
  return found;
}

Result<void> copy_tree(const fs::path& tree, const std::vector<fs::path>& entries, const fs::path& copy) {
  std::error_code error;
  fs::remove_all(copy, error);
  for (const fs::path& from : entries) {
    const fs::path to = from == tree ? copy : copy / from.lexically_relative(tree);
    const fs::file_status status = fs::symlink_status(from, error);
    if (fs::is_directory(status)) {
      fs::create_directories(to, error);
    } else if (fs::is_symlink(status)) {
      fs::copy_symlink(from, to, error);
    } else if (fs::is_regular_file(status)) {
      fs::copy_file(from, to, error);
      // make compares times.
      if (!error) fs::last_write_time(to, fs::last_write_time(from), error);
    }
    if (error) return fail(from.string(), fmt::format("cannot be copied: {}", error.message()));
  }
  return {};
}

// A path as gcc writes it into its lists of headers.
std::string in_depfile(const fs::path& path) {
  std::string text;
  for (const char c : path.string()) {
    if (c == ' ' || c == '#' || c == '\\') text += '\\';
    if (c == '$') text += '$';
    text += c;
  }
  return text;
}

// Folders too: a file that is added or taken away changes the time of its folder.
Result<void> write_depfile(const fs::path& depfile, const std::string& output, const std::vector<fs::path>& entries,
                           const fs::path& here) {
  std::string text = in_depfile(output) + ":";
  for (const fs::path& entry : entries) {
    std::error_code error;
    const bool folder = fs::is_directory(fs::symlink_status(entry, error));
    if (!folder && !fs::is_regular_file(fs::status(entry, error))) continue;  // a link to a folder, perhaps outside
    if (folder && is_inside(here, entry)) continue;                           // every build changes it
    if (entry.string().find('\n') != std::string::npos) continue;             // ninja has no way to write it
    text += " \\\n " + in_depfile(entry);
  }
  return write_file(depfile, text + "\n");
}

std::vector<std::string> make_command(const StageArguments& arguments, const fs::path& tree, const fs::path& build) {
  // What a make around us says to its own children is not meant for this one.
  std::vector<std::string> words{"env", "-u", "MAKEFLAGS", "-u", "MFLAGS", "-u", "MAKELEVEL", "-u", "MAKEFILES"};
  words.insert(words.end(), {"make", "--no-print-directory", "-C", tree.string(),
                             fmt::format("-j{}", std::max(1u, std::thread::hardware_concurrency()))});
  for (const std::string& name : arguments.all("--build-variable")) words.push_back(name + "=" + build.string());
  for (const std::string& setting : arguments.all("--set")) words.push_back(setting);
  for (const std::string& target : arguments.all("--target")) words.push_back(target);
  return words;
}

Result<void> take_output(const fs::path& build, const fs::path& folder, const std::string& output) {
  if (!fs::is_regular_file(build / output)) {
    return fail("make", fmt::format("it ended well, but left no '{}'", printable(output)));
  }
  BOOTRIG_TRY_VOID(make_folders((folder / output).parent_path()));
  std::error_code error;
  fs::copy_file(build / output, folder / output, fs::copy_options::overwrite_existing, error);
  if (error) return fail((folder / output).string(), fmt::format("cannot be written: {}", error.message()));
  return {};
}

std::string last_line(std::string_view output) {
  const auto lines = split_lines(trim(output));
  return lines.empty() ? "" : ": " + printable(trim(lines.back()));
}

}  // namespace

Result<void> run_make(const std::vector<std::string>& words) {
  BOOTRIG_TRY(const StageArguments arguments,
              read_stage_arguments(
                  words, {"--tree", "--folder", "--depfile", "--output", "--build-variable", "--set", "--target"}));
  BOOTRIG_TRY(const std::string tree, arguments.one("--tree"));
  BOOTRIG_TRY(const std::string folder, arguments.one("--folder"));
  BOOTRIG_TRY(const std::string depfile, arguments.one("--depfile"));
  BOOTRIG_TRY(const std::string last_output, arguments.one("--output"));
  const fs::path here = fs::current_path(), build = here / (folder + "~build");
  BOOTRIG_TRY(const std::vector<fs::path> entries, walk(tree, here));
  const bool elsewhere = arguments.has("--build-variable");
  if (elsewhere) {
    BOOTRIG_TRY_VOID(make_folders(build));
  } else {
    BOOTRIG_TRY_VOID(copy_tree(tree, entries, build));
  }
  ForkingLauncher launcher;
  BOOTRIG_TRY(const CommandResult result,
              run_command(launcher, {.argv = make_command(arguments, elsewhere ? fs::path(tree) : build, build)},
                          Deadline::never()));
  std::fputs(result.output.c_str(), stderr);
  if (result.status.code != 0) return fail("make", result.status.to_text() + last_line(result.output));
  for (const std::string& output : arguments.all("--output")) BOOTRIG_TRY_VOID(take_output(build, folder, output));
  return write_depfile(depfile, folder + "/" + arguments.all("--output").front(), entries, here);
}

}  // namespace bootrig
