#include "image/debian_package.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "image/ninja_run.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr Duration kUpdateLimit = 3min;
constexpr Duration kDownloadLimit = 20min;
constexpr int kFollowLimit = 4;  // packages from a meta package to what it stands for; Debian's kernels need one

std::unexpected<ImageFailure> bad_spec(const std::string& place, std::string message) {
  return std::unexpected(ImageFailure{ImageFailure::Kind::kBadSpec, {place, std::move(message)}, ""});
}

std::string name_of(const DebianPackageStage& stage) {
  return fmt::format("Debian package '{}' ({})", printable(stage.package), printable(stage.architecture));
}

// What is neither in the cache nor to be had.
std::unexpected<ImageFailure> skipped(const DebianPackageStage& stage, const std::string& why, std::string log = "") {
  return std::unexpected(ImageFailure{ImageFailure::Kind::kSkipped,
                                      {"", fmt::format("{} is not in the cache, and {}", name_of(stage), why)},
                                      std::move(log)});
}

std::unexpected<ImageFailure> failed(const Error& error) {
  return std::unexpected(ImageFailure{ImageFailure::Kind::kBuildFailed, error, ""});
}

// apt's errors begin with "E: ".
std::string last_error(std::string_view output) {
  std::string last;
  for (const std::string_view line : split_lines(output)) {
    if (line.starts_with("E: ") || last.empty()) last = printable(trim(line));
  }
  return last.empty() ? "it printed nothing" : last;
}

// "Field: value" of the first stanza (Debian Policy, 5.1); "" when it is not there.
std::string_view field(std::string_view stanza, std::string_view name) {
  for (const std::string_view line : split_lines(stanza)) {
    if (line.starts_with(name) && line.substr(name.size()).starts_with(": ")) return trim(line.substr(name.size() + 1));
  }
  return {};
}

// "a (= 1), b | c:any" -> a, b, c (Debian Policy, 7.1).
std::vector<std::string> names_in(std::string_view depends) {
  std::vector<std::string> names;
  for (const std::string_view group : split(depends, ',')) {
    for (const std::string_view alternative : split(group, '|')) {
      const std::string_view whole = trim(alternative);
      const std::string_view name = whole.substr(0, whole.find_first_of(" (:"));
      if (!name.empty()) names.emplace_back(name);
    }
  }
  return names;
}

// A symbolic link that stands beside the new name first and is then renamed over it.
Result<void> link_atomically(const fs::path& target, const fs::path& link) {
  const fs::path temporary = link.string() + fmt::format(".tmp-{}", ::getpid());
  std::error_code error;
  fs::remove(temporary, error);
  fs::create_symlink(target, temporary, error);
  if (!error) fs::rename(temporary, link, error);
  if (error) return fail(link.string(), fmt::format("cannot be written: {}", error.message()));
  return {};
}

// The files of an unpacked package, relative to its root, sorted.
std::vector<std::string> all_files(const fs::path& root) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator it(root, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (!it->is_directory(ignored)) files.push_back(it->path().lexically_relative(root).string());
  }
  std::ranges::sort(files);
  return files;
}

class ScratchFolder {
 public:
  explicit ScratchFolder(const fs::path& parent) {
    std::string pattern = (parent / "fetch-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const fs::path& path() const { return path_; }  // empty: it could not be made

 private:
  fs::path path_;
};

}  // namespace

fs::path DebianPackages::folder_of(const DebianPackageStage& stage) const {
  return cache_ / "debian" / stage.architecture;
}

DebianPackages::Files DebianPackages::files_of(const DebianPackageStage& stage, const std::string& place) {
  if (cache_.empty()) return skipped(stage, "there is no cache folder: neither XDG_CACHE_HOME nor HOME is set");
  BOOTRIG_TRY(const fs::path root, unpacked(stage, place));
  const std::vector<std::string> there = all_files(root);
  std::vector<fs::path> files;
  for (const std::string& glob : stage.files) {
    std::vector<std::string> found;
    std::ranges::copy_if(there, std::back_inserter(found), [&](const auto& file) { return glob_match(glob, file); });
    if (found.empty()) {
      return bad_spec(place,
                      fmt::format("{} has no file '{}'{}", name_of(stage), printable(glob), did_you_mean(glob, there)));
    }
    if (found.size() > 1) {
      found.resize(std::min<std::size_t>(found.size(), 4));
      return bad_spec(
          place, fmt::format("'{}' is more than one file of {}: {}", printable(glob), name_of(stage), one_of(found)));
    }
    std::error_code error;
    const fs::path file = fs::canonical(root / found.front(), error);
    if (error || !file.string().starts_with(root.string() + "/") || !fs::is_regular_file(file)) {
      return bad_spec(place, fmt::format("'{}' of {} is no file, or a link that leads out of the package",
                                         printable(found.front()), name_of(stage)));
    }
    files.push_back(file);
  }
  return files;
}

// What a name and a `follow` came to when they were fetched stands in a link to the unpacked package.
DebianPackages::Folder DebianPackages::unpacked(const DebianPackageStage& stage, const std::string& place) {
  const fs::path names = folder_of(stage) / "names";
  const std::string follow = stage.follow.empty() ? "" : "," + sha256_hex(stage.follow).substr(0, 12);
  const fs::path link = names / (stage.package + follow);
  std::error_code error;
  if (fs::path root = fs::canonical(link, error); !error) return root;

  if (!program_exists("apt-get")) return skipped(stage, "apt-get is not installed (Debian package apt)");
  if (!program_exists("dpkg-deb")) return skipped(stage, "dpkg-deb is not installed (Debian package dpkg)");
  if (const auto made = make_folders(names); !made) return failed(made.error());
  const auto lock = lock_file(folder_of(stage) / "lock");
  if (!lock) return failed(lock.error());
  if (fs::path root = fs::canonical(link, error); !error) return root;  // another bootrig was faster
  BOOTRIG_TRY(const fs::path root, fetch(stage, place));
  if (const auto linked = link_atomically(root.lexically_relative(names), link); !linked) return failed(linked.error());
  return fs::canonical(root);
}

DebianPackages::Folder DebianPackages::fetch(const DebianPackageStage& stage, const std::string& place) {
  auto update_of = updates_.find(stage.architecture);
  if (update_of == updates_.end()) update_of = updates_.emplace(stage.architecture, update(stage)).first;
  if (!update_of->second) return std::unexpected(update_of->second.error());
  BOOTRIG_TRY(const Available package, available(stage, place));
  return unpack(stage, package);
}

DebianPackages::Folder DebianPackages::unpack(const DebianPackageStage& stage, const Available& package) {
  const fs::path root = folder_of(stage) / "unpacked" / fmt::format("{}_{}", package.name, package.version);
  std::error_code error;
  if (fs::is_directory(root, error)) return root;
  if (const auto made = make_folders(root.parent_path()); !made) return failed(made.error());
  const ScratchFolder scratch(folder_of(stage));
  if (scratch.path().empty()) return failed({folder_of(stage).string(), "cannot make a folder in it"});

  BOOTRIG_TRY(const std::string downloaded,
              apt(stage, {"apt-get", "-q", "download", package.name + "=" + package.version}, scratch.path()));
  fs::path archive;
  for (const auto& entry : fs::directory_iterator(scratch.path(), error)) {
    if (entry.path().extension() == ".deb") archive = entry.path();
  }
  if (archive.empty()) return skipped(stage, "apt-get download left no package", downloaded);
  const auto unpacking = run_command(launcher_, {.argv = {"dpkg-deb", "-x", archive.string(), scratch.path() / "root"}},
                                     Deadline::after(SteadyClock().now(), kDownloadLimit));
  if (!unpacking) return failed(unpacking.error());
  if (unpacking->status.code != 0) {
    return failed({archive.filename().string(), "dpkg-deb: " + printable(trim(unpacking->output))});
  }
  fs::rename(scratch.path() / "root", root, error);
  if (error) return failed({root.string(), fmt::format("cannot be written: {}", error.message())});
  return root;
}

DebianPackages::Found DebianPackages::available(const DebianPackageStage& stage, const std::string& place) {
  BOOTRIG_TRY(Available package, show(stage, stage.package, place));
  for (int followed = 0; !stage.follow.empty() && followed < kFollowLimit; ++followed) {
    std::vector<std::string> next;
    for (const std::string& name : package.depends) {
      if (glob_match(stage.follow, name) && std::ranges::find(next, name) == next.end()) next.push_back(name);
    }
    if (next.empty() && followed > 0) break;
    if (next.size() != 1) {
      return bad_spec(place,
                      fmt::format("'{}' is to follow one dependency of '{}', which has {}", printable(stage.follow),
                                  printable(package.name),
                                  next.empty() ? "none that it matches" : fmt::format("{}", fmt::join(next, ", "))));
    }
    BOOTRIG_TRY(package, show(stage, next.front(), place));
  }
  return package;
}

DebianPackages::Found DebianPackages::show(const DebianPackageStage& stage, const std::string& package,
                                           const std::string& place) {
  const auto output = apt(stage, {"apt-cache", "show", "--no-all-versions", package});
  std::string_view stanza = output ? *output : std::string_view();
  stanza = stanza.substr(0, stanza.find("\n\n"));
  Available found{.name = std::string(field(stanza, "Package")), .version = std::string(field(stanza, "Version"))};
  if (found.name != package || found.version.empty()) {
    return bad_spec(place, fmt::format("the archive that apt uses has no package '{}' for {}", printable(package),
                                       printable(stage.architecture)));
  }
  found.depends = names_in(field(stanza, "Depends"));
  return found;
}

DebianPackages::Output DebianPackages::update(const DebianPackageStage& stage) {
  return apt(stage, {"apt-get", "-q", "update"});
}

DebianPackages::Output DebianPackages::apt(const DebianPackageStage& stage, std::vector<std::string> command,
                                           const fs::path& folder) {
  const fs::path root = folder_of(stage) / "apt";
  for (const char* part : {"state/lists/partial", "cache/archives/partial"}) {
    if (const auto made = make_folders(root / part); !made) return failed(made.error());
  }
  if (const auto empty = write_file(root / "status", ""); !empty) return failed(empty.error());
  const std::vector<std::string> settings{
      "APT::Architecture=" + stage.architecture,
      "APT::Architectures=" + stage.architecture,
      "Dir::State=" + (root / "state").string(),
      "Dir::State::status=" + (root / "status").string(),
      "Dir::Cache=" + (root / "cache").string(),
      "APT::Sandbox::User=root",  // _apt may not enter a home folder
      "APT::Update::Error-Mode=any",
      "Acquire::Languages=none",
      "Acquire::Retries=0",
      "Acquire::http::Timeout=20",
      "Acquire::https::Timeout=20",
  };
  const std::string name = command[0] + " " + (command[1].starts_with('-') ? command[2] : command[1]);
  for (const std::string& setting : settings) command.insert(command.begin() + 1, {"-o", setting});
  command.insert(command.begin(), {"env", "LC_ALL=C"});
  const Duration limit = name == "apt-get download" ? kDownloadLimit : kUpdateLimit;
  const auto result =
      run_command(launcher_, {.argv = command, .folder = folder}, Deadline::after(SteadyClock().now(), limit));
  if (!result) return failed(result.error());
  if (result->timed_out) return skipped(stage, fmt::format("{} took more than {}", name, format_duration(limit)));
  if (result->status.code != 0) {
    return skipped(stage, fmt::format("{} failed: {}", name, last_error(result->output)), result->output);
  }
  return result->output;
}

}  // namespace bootrig
