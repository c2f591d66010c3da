#include "image/cmake_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <thread>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "image/configuration.h"
#include "image/ninja_run.h"
#include "process/launcher.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct CmakeCommand {
  fs::path folder;  // of the stage: build/ is CMake's, configured says for what
  std::string source, toolchain;
  std::vector<std::string> definitions, environment, inputs, targets, outputs;
  Pairs modules;  // Python's, and how to get each
  std::vector<CmakeAssertion> assertions;

  fs::path build() const { return folder / "build"; }
};

Result<CmakeCommand> read_command(const std::vector<std::string>& words) {
  constexpr std::size_t kAssertionWords = 5;
  CmakeCommand command;
  std::string folder;
  const std::vector<std::pair<std::string, std::string*>> single{
      {"--folder", &folder}, {"--source", &command.source}, {"--toolchain", &command.toolchain}};
  std::vector<std::string> modules;
  const std::vector<std::pair<std::string, std::vector<std::string>*>> lists{
      {"--define", &command.definitions}, {"--set", &command.environment}, {"--input", &command.inputs},
      {"--target", &command.targets},     {"--output", &command.outputs},  {"--module", &modules}};
  for (std::size_t i = 0; i < words.size();) {
    const bool assertion = words[i] == "--assert";
    const std::size_t count = assertion ? kAssertionWords : 1;
    if (words.size() - i <= count) return fail(fmt::format("option {} needs a value", printable(words[i])));
    const std::string* value = &words[i + 1];
    const auto of_one = std::ranges::find(single, words[i], &decltype(single)::value_type::first);
    const auto of_list = std::ranges::find(lists, words[i], &decltype(lists)::value_type::first);
    if (assertion) {
      command.assertions.push_back({value[0], value[1], value[2], value[3], value[4]});
    } else if (of_one != single.end()) {
      *of_one->second = *value;
    } else if (of_list != lists.end()) {
      of_list->second->push_back(*value);
    } else {
      return fail(fmt::format("'{}' is no option of this stage", printable(words[i])));
    }
    i += 1 + count;
  }
  if (folder.empty() || command.source.empty() || command.outputs.empty()) {
    return fail("options --folder, --source and --output are needed");
  }
  command.folder = folder;
  for (const std::string& module : modules) {
    const std::size_t equals = module.find('=');
    if (equals == std::string::npos) return fail(fmt::format("'{}' is not MODULE=WAY", printable(module)));
    command.modules.emplace_back(module.substr(0, equals), module.substr(equals + 1));
  }
  return command;
}

// Without what would change a configuration and is in no recipe.
std::vector<std::string> in_environment(const CmakeCommand& command, const std::vector<std::string>& argv) {
  std::vector<std::string> words{"env"};
  for (const char* name : {"CC", "CXX", "ASM", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "ASMFLAGS", "LDFLAGS",
                           "CMAKE_GENERATOR", "CMAKE_TOOLCHAIN_FILE", "CMAKE_BUILD_TYPE", "DESTDIR", "VERBOSE"}) {
    words.insert(words.end(), {"-u", name});
  }
  words.push_back("NINJA_STATUS=[bootrig %f/%t] ");
  words.insert(words.end(), command.environment.begin(), command.environment.end());
  words.insert(words.end(), argv.begin(), argv.end());
  return words;
}

Result<CommandResult> run_in(const CmakeCommand& command, const std::vector<std::string>& argv) {
  ForkingLauncher launcher;
  return run_command(launcher, {.argv = in_environment(command, argv)}, Deadline::never());
}

// What a configuration was made of. The definitions decide the folder; a toolchain file or a device tree that changed
// behind the same name does not, and CMake keeps what it found out with the old one.
Result<std::string> configured_for(const CmakeCommand& command, const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += fmt::format("{}:{}\n", word.size(), word);
  std::vector<std::string> files = command.inputs;
  if (!command.toolchain.empty()) files.push_back(command.toolchain);
  for (const std::string& file : files) {
    BOOTRIG_TRY(const std::string hash, sha256_file(file));
    text += hash + "\n";
  }
  return sha256_hex(text) + "\n";
}

Result<void> check_modules(const CmakeCommand& command) {
  if (command.modules.empty()) return {};
  std::vector<std::string> argv{"python3", "-c",
                                "import importlib.util, sys\n"
                                "for name in sys.argv[1:]:\n"
                                "    if importlib.util.find_spec(name) is None: print('missing ' + name)\n"};
  for (const auto& [module, way] : command.modules) argv.push_back(module);
  BOOTRIG_TRY(const CommandResult result, run_in(command, argv));
  std::string missing;
  for (const std::string_view line : split_lines(result.output)) {
    for (const auto& [module, way] : command.modules) {
      if (line == "missing " + module) missing += fmt::format("{}{} ({})", missing.empty() ? "" : ", ", module, way);
    }
  }
  if (!missing.empty()) return fail(fmt::format("python3 has no module {}", missing));
  if (result.status.code == 0) return {};
  return fail("python3", result.status.to_text() + ": " + printable(trim(result.output)));
}

// "CMakeLists.txt:5 (message): the text" out of CMake's report of an error; "" when there is none.
std::string cmake_error(std::string_view output) {
  constexpr std::string_view kBegin = "CMake Error";
  std::string sentence;
  for (std::string_view line : split_lines(output)) {
    if (sentence.empty()) {
      if (!line.starts_with(kBegin)) continue;
      sentence = trim(line.substr(kBegin.size()));
      if (sentence.starts_with("at ")) sentence.erase(0, 3);
      if (sentence.starts_with(": ")) sentence.erase(0, 2);
      continue;
    }
    line = trim(line);
    // An empty line ends the text, unless it says that more follows.
    if (line.empty() && !sentence.ends_with(':')) break;
    if (!line.empty()) sentence.append(" ").append(line);
  }
  return printable(sentence);
}

std::string last_line(std::string_view output) {
  const auto lines = split_lines(trim(output));
  return lines.empty() ? "it printed nothing" : printable(trim(lines.back()));
}

Result<void> check_assertions(const CmakeCommand& command) {
  std::map<std::string, Configuration> files;
  std::string found;
  for (const CmakeAssertion& assertion : command.assertions) {
    const std::string name = assertion.file.empty() ? "CMakeCache.txt" : assertion.file;
    if (!files.contains(name)) {
      const auto text = read_file(command.build() / name);
      if (!text)
        return fail(fmt::format("there is no {} in the configured build folder, to assert '{}'", printable(name),
                                printable(assertion.entry)));
      BOOTRIG_TRY(files[name], parse_configuration(name, *text));
    }
    const std::string sentence = contradiction(assertion, name, files[name]);
    if (!sentence.empty()) found += (found.empty() ? "" : "; ") + sentence;
  }
  if (found.empty()) return {};
  return fail("the configured tree contradicts the recipe: " + found);
}

Result<void> configure(const CmakeCommand& command) {
  BOOTRIG_TRY_VOID(check_modules(command));
  BOOTRIG_TRY_VOID(make_folders(command.folder));
  std::vector<std::string> argv{"cmake", "-G", "Ninja", "-S", command.source, "-B", command.build().string()};
  if (fs::exists(command.build() / "CMakeCache.txt")) argv.push_back("--fresh");
  if (!command.toolchain.empty()) argv.push_back("-DCMAKE_TOOLCHAIN_FILE=" + command.toolchain);
  for (const std::string& definition : command.definitions) argv.push_back("-D" + definition);
  BOOTRIG_TRY(const CommandResult result, run_in(command, argv));
  if (result.status.code == 0) return check_assertions(command);
  std::fputs(result.output.c_str(), stderr);
  const std::string error = cmake_error(result.output);
  return fail("cmake cannot configure", error.empty() ? last_line(result.output) : error);
}

Result<void> build_failed(const CommandResult& result) {
  NinjaRun run;
  const BuildProgress none;
  NinjaOutput output(none);
  output.feed(result.output);
  output.finish(run);
  for (const NinjaFailure& failure : run.failures) {
    const std::size_t command_end = failure.log.find('\n');
    if (command_end != std::string::npos) std::fputs(failure.log.c_str() + command_end + 1, stderr);
  }
  if (!run.failures.empty()) return fail(printable(first_error_line(run.failures.front().log)));
  const std::string error = cmake_error(result.output);
  if (!error.empty()) return fail("cmake cannot configure", error);
  return fail("ninja", run.last_words.empty() ? result.status.to_text() : last_line(run.last_words));
}

// The project's own ninja: configures anew when one of its CMake files has changed, and makes what changed. Not more at
// once than the machine takes, as the other projects' builds run beside it.
Result<void> build(const CmakeCommand& command) {
  const std::string cores = fmt::format("{}", std::max(1U, std::thread::hardware_concurrency()));
  std::vector<std::string> argv{"ninja", "-C", command.build().string(), "-j", cores, "-l", cores};
  argv.insert(argv.end(), command.targets.begin(), command.targets.end());
  BOOTRIG_TRY(const CommandResult result, run_in(command, argv));
  if (result.status.code != 0) return build_failed(result);
  BOOTRIG_TRY_VOID(check_assertions(command));
  for (const std::string& output : command.outputs) {
    if (fs::is_regular_file(command.build() / output)) continue;
    return fail(fmt::format("the project was built, but there is no '{}' in its build folder", printable(output)));
  }
  return {};
}

}  // namespace

Result<void> run_cmake(const std::vector<std::string>& words) {
  BOOTRIG_TRY(const CmakeCommand command, read_command(words));
  BOOTRIG_TRY(const std::string wanted, configured_for(command, words));
  const fs::path record = command.folder / "configured";
  const auto old = read_file(record);
  if (!old || *old != wanted || !fs::exists(command.build() / "build.ninja")) {
    std::error_code ignored;
    fs::remove(record, ignored);
    BOOTRIG_TRY_VOID(configure(command));
    BOOTRIG_TRY_VOID(write_file_atomically(record, wanted));
  }
  return build(command);
}

}  // namespace bootrig
