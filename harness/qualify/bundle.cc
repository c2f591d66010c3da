#include "qualify/bundle.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "json/members.h"
#include "json/value.h"
#include "qemu/arguments.h"
#include "qualify/ssh_signature.h"
#include "qualify/statement.h"
#include "qualify/sums.h"
#include "run/journal.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

Result<void> copy_to(const fs::path& from, const fs::path& to) {
  BOOTRIG_TRY_VOID(make_folders(to.parent_path()));
  std::error_code error;
  fs::copy(from, to, fs::copy_options::recursive, error);
  if (error) return fail(from.string(), fmt::format("cannot be copied to {}: {}", to.string(), error.message()));
  return {};
}

// As execvp would: a path as it is, a name in $PATH. Empty: there is none.
fs::path find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* path = std::getenv("PATH");
  for (const std::string_view folder : split(path == nullptr ? "/usr/bin" : path, ':')) {
    const fs::path file = fs::path(folder) / name;
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return {};
}

// Fills a folder that nobody looks at yet.
class BundleWriter {
 public:
  BundleWriter(const fs::path& folder, const BundleRequest& request, const Plan& plan,
               const std::vector<Recipe>& recipes)
      : folder_(folder), request_(request), plan_(plan), recipes_(recipes) {}

  Result<void> write() {
    BOOTRIG_TRY(const JournalContents journal, read_journal(request_.run_folder / "journal.jsonl"));
    std::error_code error;
    for (const char* name : {"report.json", "junit.xml", "cells"}) {
      // Where all was skipped there are no cells: the statement will tell.
      if (fs::exists(request_.run_folder / name, error))
        BOOTRIG_TRY_VOID(copy_to(request_.run_folder / name, folder_ / name));
    }
    for (const RunResult& result : journal.results) BOOTRIG_TRY_VOID(add_image(result));
    BOOTRIG_TRY_VOID(add_recipes());
    BOOTRIG_TRY_VOID(write_json_file(kPlanFile, plan_json(journal.results)));
    BOOTRIG_TRY(const JsonValue tools, tools_json(journal.results));
    BOOTRIG_TRY_VOID(write_json_file(kQualifyFile, qualify_json(tools)));
    BOOTRIG_TRY(const Sums sums, sums_of(folder_, {}));
    return write_file(folder_ / kSumsFile, sums_text(sums));
  }

 private:
  Result<void> write_json_file(const char* name, const JsonValue& value) {
    return write_file(folder_ / name, write_json(value, true) + "\n");
  }

  // As it was booted: one that was built anew since is another.
  Result<void> add_image(const RunResult& result) {
    const fs::path to = folder_ / image_path(result.image, result.image_sha256);
    std::error_code error;
    if (result.attempts.empty() || fs::exists(to, error)) return {};
    if (result.image_files.size() > 1) return add_image_files(result.image_files, to);
    const auto booted = booted_image(result.attempts.back().outcome.machine.argv);
    if (!booted) return {};  // it was not started: the statement will not be made
    BOOTRIG_TRY(const std::string sha256, sha256_file(booted->file));
    if (sha256 != result.image_sha256) return fail(booted->file.string(), "has changed since it was booted");
    BOOTRIG_TRY_VOID(copy_to(booted->file, to));
    const fs::path manifest = fs::path(booted->file).parent_path() / "manifest.json";
    return fs::exists(manifest, error) ? copy_to(manifest, to.string() + ".manifest.json") : Result<void>();
  }

  // Several files: their list in the image's place, whose SHA-256 is the image's, and they in a folder beside it.
  Result<void> add_image_files(const std::vector<BootedFile>& files, const fs::path& to) {
    for (std::size_t i = 0; i < files.size(); ++i) {
      const auto& [file, hash] = files[i];
      BOOTRIG_TRY(const std::string sha256, sha256_file(file));
      if (sha256 != hash) return fail(file.string(), "has changed since it was booted");
      const std::string name = fmt::format("{}-{}", i + 1, file.filename().string());
      BOOTRIG_TRY_VOID(copy_to(file, fs::path(to.string() + ".files") / name));
    }
    std::error_code error;
    const fs::path manifest = files.front().file.parent_path() / "manifest.json";
    if (fs::exists(manifest, error)) BOOTRIG_TRY_VOID(copy_to(manifest, to.string() + ".manifest.json"));
    return write_file(to, booted_list(files));
  }

  const Recipe* recipe_of(const std::string& image) const {
    for (const ImageListing& listing : list_images(recipes_)) {
      if (listing.name != image) continue;
      const auto found = std::ranges::find(recipes_, listing.recipe, &Recipe::name);
      return found == recipes_.end() ? nullptr : &*found;
    }
    return nullptr;
  }

  std::set<std::string> images() const {
    std::set<std::string> names;
    for (const Testcase& testcase : plan_.testcases) names.insert(testcase.scenario->image);
    return names;
  }

  Result<void> add_recipes() {
    std::error_code error;
    for (const std::string& image : images()) {
      const Recipe* recipe = recipe_of(image);
      if (recipe == nullptr) continue;
      const fs::path to = folder_ / "recipes" / recipe->name / "recipe.json";
      if (!fs::exists(to, error)) BOOTRIG_TRY_VOID(copy_to(recipe->folder / "recipe.json", to));
    }
    return {};
  }

  // The first session of each testcase tells its command.
  static JsonValue plan_json(const std::vector<RunResult>& results) {
    JsonValue::Array testcases;
    for (const RunResult& result : results) {
      if (repetition_of(result.id) != 1 || result.attempts.empty()) continue;
      testcases.push_back(JsonValue::Object{{"testcase", result.id},
                                            {"summary", result.scenario_summary},
                                            {"image", image_path(result.image, result.image_sha256)},
                                            {"command", texts_to_json(result.attempts.back().outcome.machine.argv)}});
    }
    return JsonValue::Object{{"schema", "bootrig-qualify-plan-1"}, {"testcases", std::move(testcases)}};
  }

  Result<JsonValue> tools_json(const std::vector<RunResult>& results) const {
    std::set<std::string> names{"ninja"};
    for (const std::string& image : images()) {
      const Recipe* recipe = recipe_of(image);
      if (recipe == nullptr) continue;
      for (const char* tool : {"gcc", "ld", "objcopy", "strip"}) names.insert(recipe->toolchain + tool);
    }
    std::string version;
    for (const RunResult& result : results) {
      for (const Attempt& attempt : result.attempts) {
        const MachineFacts& machine = attempt.outcome.machine;
        if (!machine.argv.empty()) names.insert(machine.argv.front());
        if (version.empty() && !machine.emulator_version.empty()) version = "QEMU " + machine.emulator_version;
      }
    }
    JsonValue::Array tools{};
    BOOTRIG_TRY_VOID(add_tool("bootrig", request_.program, tools));
    for (const std::string& name : names) {
      if (const fs::path program = find_program(name); !program.empty()) {
        BOOTRIG_TRY_VOID(add_tool(name, program, tools));
      }
    }
    return JsonValue::Object{{"emulator", version}, {"programs", std::move(tools)}};
  }

  static Result<void> add_tool(const std::string& name, const fs::path& program, JsonValue::Array& tools) {
    std::error_code error;
    const fs::path file = fs::canonical(program, error);
    if (error) return fail(program.string(), error.message());
    BOOTRIG_TRY(const std::string sha256, sha256_file(file));
    tools.push_back(JsonValue::Object{{"name", name}, {"file", file.string()}, {"sha256", sha256}});
    return {};
  }

  JsonValue qualify_json(const JsonValue& tools) const {
    std::vector<std::string> cells;
    for (const Testcase& testcase : plan_.testcases) cells.push_back(testcase.cell);
    std::ranges::sort(cells);
    return JsonValue::Object{{"schema", "bootrig-qualify-1"},
                             {"require", request_.require},
                             {"selection", texts_to_json(request_.selection)},
                             {"signed", !request_.key.empty()},
                             {"tools", tools},
                             {"testcases", texts_to_json(cells)}};
  }

  const fs::path& folder_;
  const BundleRequest& request_;
  const Plan& plan_;
  const std::vector<Recipe>& recipes_;
};

Result<void> write_and_sign(const fs::path& folder, const BundleRequest& request, const Plan& plan,
                            const std::vector<Recipe>& recipes, ProcessLauncher& launcher) {
  BOOTRIG_TRY_VOID(BundleWriter(folder, request, plan, recipes).write());
  BOOTRIG_TRY(const Statement statement, make_statement(folder));
  BOOTRIG_TRY_VOID(write_file(folder / kStatementFile, statement.text));
  return request.key.empty() ? Result<void>() : ssh_sign(launcher, folder / kStatementFile, request.key);
}

}  // namespace

Result<void> check_bundle_folder(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder, error) || (fs::is_directory(folder, error) && fs::is_empty(folder, error))) return {};
  return fail(folder.string(), "is there already; a bundle is written to a new folder");
}

Result<void> write_bundle(const fs::path& folder, const BundleRequest& request, const Plan& plan,
                          const std::vector<Recipe>& recipes, ProcessLauncher& launcher) {
  BOOTRIG_TRY_VOID(check_bundle_folder(folder));
  const fs::path whole = fs::absolute(folder / "").parent_path();
  const fs::path partial = whole.string() + ".partial";
  std::error_code error;
  fs::remove_all(partial, error);
  BOOTRIG_TRY_VOID(make_folders(partial));
  const auto written = write_and_sign(partial, request, plan, recipes, launcher);
  if (written) fs::remove(whole, error);  // an empty folder
  if (written) fs::rename(partial, whole, error);
  if (written && !error) return {};
  const std::string why = error.message();
  std::error_code ignored;
  fs::remove_all(partial, ignored);
  return written ? fail(folder.string(), fmt::format("the bundle cannot be put there: {}", why)) : written;
}

}  // namespace bootrig
