#include "image/image_cache.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "image/ninja_run.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

// Raised when what stands in the folder means something else.
constexpr std::string_view kFormat = "bootrig-image-cache-1";

// Stages that read their declared inputs and, for compilers, what ninja is told of, and nothing else.
bool reads_what_it_names(const Stage& stage) {
  return std::visit(
      []<typename T>(const T&) {
        constexpr auto is_one_of = []<typename... Known>() { return (std::is_same_v<T, Known> || ...); };
        return is_one_of
            .template operator()<CompileStage, AssembleStage, LinkStage, CpioStage, EmbedStage, PrebuiltStage,
                                 DebianPackageStage, ObjcopyStage, StripStage, CheckStage, DeviceTreeDumpStage,
                                 DeviceTreeCompileStage, DeviceTreeDecompileStage, DeviceTreeOverlayStage>();
      },
      stage.what);
}

void replace_all(std::string& text, const std::string& what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

// Changes when the program is installed anew.
std::string identity_of(const std::string& program) {
  const fs::path path = find_program(program);
  std::error_code error;
  const fs::path file = fs::canonical(path, error);
  struct stat status {};
  if (error || ::stat(file.c_str(), &status) != 0) return program + " none";
  return fmt::format("{} {} {} {}.{}", program, file.string(), status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec);
}

// gcc runs the assembler and the linker, which other packages install.
std::set<std::string> programs_of(const ResolvedRecipe& resolved, const BuildPlan& plan) {
  std::set<std::string> programs{resolved.recipe.toolchain + "as", resolved.recipe.toolchain + "ld"};
  for (const BuildEdge& edge : plan.edges) programs.insert(edge.command.front());
  return programs;
}

bool copy_to(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_directories(to.parent_path(), error);
  return !error && fs::copy_file(from, to, fs::copy_options::overwrite_existing, error) && !error;
}

std::uint64_t size_of(const fs::path& folder) {
  std::uint64_t size = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored)) size += it->file_size(ignored);
  }
  return size;
}

// Out of the way by one rename, so that nobody finds half of it.
void discard(const fs::path& folder, const fs::path& cache) {
  const fs::path away = cache / fmt::format("gone-{}-{}", ::getpid(), folder.filename().string().substr(0, 16));
  std::error_code error;
  fs::rename(folder, away, error);
  if (!error) fs::remove_all(away, error);
}

}  // namespace

ImageCache::ImageCache(fs::path folder, const BuildPlaces& places, std::uint64_t limit)
    : folder_(folder.empty() ? fs::path() : folder / "images"), places_(places), limit_(limit) {}

std::string ImageCache::key_of(const ResolvedRecipe& resolved, const BuildPlan& plan) const {
  if (folder_.empty() || !std::ranges::all_of(resolved.recipe.stages, reads_what_it_names)) return "";
  std::string text = fmt::format("{}\n{}\n", kFormat, BOOTRIG_VERSION);
  for (const std::string& program : programs_of(resolved, plan)) text += identity_of(program) + "\n";
  for (const auto& [name, value] : resolved.parameters) text += shell_quote({name, value}) + "\n";
  text += fmt::format("{} {:#x}\n", plan.boot_file.string(), plan.load_address.value_or(0));
  text += plan.initrd.string() + "\n" + shell_quote(plan.arguments) + "\n";
  for (const fs::path& symbols : plan.symbols) text += symbols.string() + "\n";
  for (const BuildEdge& edge : plan.edges) text += edge.output + " " + shell_quote(edge.command) + "\n";
  // The folder may lie inside the project.
  replace_all(text, places_.program.string(), "@program");
  replace_all(text, places_.folder.string(), "@folder");
  replace_all(text, plan.project.string(), "@project");
  return sha256_hex(text);
}

bool ImageCache::restore(const std::string& key, const BuildPlan& plan, ManifestFacts& facts) const {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_ / key, error)) {
    if (!restore_entry(entry.path(), plan, facts)) continue;
    fs::last_write_time(entry.path(), fs::file_time_type::clock::now(), error);  // used just now
    return true;
  }
  return false;
}

bool ImageCache::restore_entry(const fs::path& entry, const BuildPlan& plan, ManifestFacts& facts) const {
  const auto files = read_manifest_files(entry / "manifest.json");
  if (!files) return false;
  const bool same_inputs = std::ranges::all_of(files->inputs, [&](const ManifestFile& input) {
    return facts.sha256((plan.project / input.file).string()) == input.sha256;
  });
  if (!same_inputs) return false;
  for (const ManifestFile& output : files->outputs) {
    const fs::path to = places_.folder / output.file;
    const bool own = fs::path(output.file).lexically_normal().string().starts_with(plan.folder + "/");
    const auto is_there = [&] { return sha256_file(to).value_or("") == output.sha256; };
    if (own && (is_there() || (copy_to(entry / "files" / output.file, to) && is_there()))) continue;
    return false;
  }
  return copy_to(entry / "manifest.json", places_.folder / plan.folder / "manifest.json");
}

void ImageCache::keep(const std::string& key, const BuildPlan& plan) const {
  const fs::path manifest = places_.folder / plan.folder / "manifest.json";
  const auto files = read_manifest_files(manifest);
  const auto name = sha256_file(manifest);
  std::error_code error;
  if (!files || !name || fs::exists(folder_ / key / *name, error) || !make_folders(folder_ / key)) return;
  std::string pattern = (folder_ / "new-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) return;
  const fs::path fresh = pattern;
  bool whole = copy_to(manifest, fresh / "manifest.json");
  for (const ManifestFile& output : files->outputs) {
    whole = whole && copy_to(places_.folder / output.file, fresh / "files" / output.file);
  }
  if (whole) fs::rename(fresh, folder_ / key / *name, error);
  if (!whole || error) fs::remove_all(fresh, error);  // another bootrig may have been faster
  evict();
}

void ImageCache::evict() const {
  const auto lock = lock_file(folder_ / "lock");
  if (!lock) return;
  struct Entry {
    fs::file_time_type used;
    std::uint64_t size;
    fs::path path;
  };
  std::vector<Entry> entries;
  std::uint64_t total = 0;
  std::error_code error;
  for (const auto& key : fs::directory_iterator(folder_, error)) {
    if (!key.is_directory(error) || key.path().filename().string().find('-') != std::string::npos) continue;
    for (const auto& entry : fs::directory_iterator(key.path(), error)) {
      entries.push_back({fs::last_write_time(entry.path(), error), size_of(entry.path()), entry.path()});
      total += entries.back().size;
    }
  }
  std::ranges::sort(entries, {}, &Entry::used);
  for (const Entry& entry : entries) {
    if (total <= limit_) break;
    total -= entry.size;
    discard(entry.path, folder_);
  }
}

}  // namespace bootrig
