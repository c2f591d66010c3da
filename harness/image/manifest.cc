#include "image/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "image/memory_layout.h"
#include "json/reader.h"
#include "json/value.h"
#include "spec/recipe_kind.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr Duration kToolLimit = 10s;

std::string hex(std::uint64_t value) {
  return fmt::format("{:#x}", value);
}

JsonValue::Array texts(const std::vector<std::string>& list) {
  return {list.begin(), list.end()};
}

std::set<std::string> all_outputs(const BuildPlan& plan) {
  std::set<std::string> outputs;
  for (const BuildEdge& edge : plan.edges) {
    outputs.insert(edge.output);
    outputs.insert(edge.side_outputs.begin(), edge.side_outputs.end());
  }
  return outputs;
}

// What the commands read and none of them made.
std::set<std::string> leaves(const BuildPlan& plan, ManifestFacts& facts) {
  const std::set<std::string> outputs = all_outputs(plan);
  std::set<std::string> found;
  const auto add = [&](const std::vector<std::string>& files) {
    for (const std::string& file : files) {
      if (!outputs.contains(file)) found.insert(file);
    }
  };
  for (const BuildEdge& edge : plan.edges) {
    add(edge.inputs);
    const auto more = facts.dependencies().find(edge.output);
    if (more != facts.dependencies().end()) add(more->second);
  }
  return found;
}

JsonValue files_of(const std::set<std::string>& files, const BuildPlan& plan, ManifestFacts& facts) {
  JsonValue::Array list;
  for (const std::string& file : files) {
    const std::string& hash = facts.sha256(file);
    if (hash.empty()) continue;  // a folder that make's tree has
    list.push_back(JsonValue::Object{{"file", relative_to_project(file, plan.project)}, {"sha256", hash}});
  }
  return list;
}

// An image's own outputs. Objects are shared with the recipe's other images and stand elsewhere.
JsonValue outputs_of(const BuildPlan& plan, ManifestFacts& facts) {
  std::set<std::string> files = all_outputs(plan);
  std::erase_if(files, [&](const std::string& file) { return !file.starts_with(plan.folder + "/"); });
  return files_of(files, plan, facts);
}

JsonValue tools_of(const BuildPlan& plan, const BuildPlaces& places, ManifestFacts& facts) {
  std::set<std::string> programs;
  for (const BuildEdge& edge : plan.edges) programs.insert(edge.command.front());
  JsonValue::Array list{JsonValue::Object{{"program", "bootrig"}, {"version", BOOTRIG_VERSION}}};
  for (const std::string& program : programs) {
    if (program == places.program.string()) continue;
    list.push_back(JsonValue::Object{{"program", program}, {"version", facts.version(program)}});
  }
  return list;
}

JsonValue memory_of(const ResolvedRecipe& resolved, const Image& image) {
  JsonValue::Array list;
  for (const MemoryPart& part : memory_layout(resolved, image)) {
    list.push_back(JsonValue::Object{{"start", hex(part.start)}, {"size", part.size}, {"what", part.what}});
  }
  return list;
}

JsonValue stages_of(const ResolvedRecipe& resolved) {
  JsonValue::Array list;
  for (const Stage& stage : resolved.recipe.stages) {
    list.push_back(JsonValue::Object{{"name", stage_name(stage)}, {"kind", std::string(kind_of(stage))}});
  }
  return list;
}

// "  a.c  b.c": one line each.
void print_list(std::string& text, std::string_view title, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  text += fmt::format("  {}\n", title);
  for (const std::string& line : lines) text += fmt::format("    {}\n", printable(line));
}

struct ShownManifest {
  std::string recipe, file, format, entry, sha256;
  std::vector<std::string> booted, stages, inputs, outputs, tools, symbols;
  std::vector<MemoryPart> memory;
};

void read_pair(JsonReader& json, const char* first, const char* second, std::vector<std::string>& lines) {
  std::string one, two;
  json.text(first, one, kRequired);
  json.any_text(second, two, kRequired);
  lines.push_back(second == std::string_view("sha256") ? fmt::format("{:.16}  {}", two, one)
                                                       : fmt::format("{:<24} {}", one, two));
}

void read_part(JsonReader& json, MemoryPart& part) {
  std::optional<std::uint64_t> start;
  unsigned size = 0;
  json.address("start", start);
  json.count("size", size, 1, ~0U, kRequired);
  json.text("what", part.what, kRequired);
  part.start = start.value_or(0);
  part.size = size;
}

void read_shown(JsonReader& json, ShownManifest& shown) {
  const auto list = [&](const char* key, const char* first, const char* second, std::vector<std::string>& lines) {
    json.objects(key, [&, first, second](JsonReader& item) { read_pair(item, first, second, lines); });
  };
  json.text("recipe", shown.recipe, kRequired);
  json.ignore("parameters");
  json.text("file", shown.file, kRequired);
  json.text("format", shown.format, kRequired);
  json.text("entry", shown.entry, kRequired);
  json.text("sha256", shown.sha256, kRequired);
  list("booted", "file", "sha256", shown.booted);
  list("stages", "kind", "name", shown.stages);
  list("inputs", "file", "sha256", shown.inputs);
  list("outputs", "file", "sha256", shown.outputs);
  list("tools", "program", "version", shown.tools);
  json.texts("symbols", shown.symbols);
  json.objects("memory", [&](JsonReader& part) { read_part(part, shown.memory.emplace_back()); });
}

}  // namespace

const std::string& ManifestFacts::sha256(const std::string& file) {
  const auto known = hashes_.find(file);
  if (known != hashes_.end()) return known->second;
  const auto hash = sha256_file(folder_ / file);
  return hashes_.emplace(file, hash.value_or("")).first->second;
}

// "out: #deps 2, deps mtime 1 (VALID)", then four spaces and a file a line (ninja manual, "Extra tools").
const std::map<std::string, std::vector<std::string>>& ManifestFacts::dependencies() {
  if (dependencies_) return *dependencies_;
  dependencies_.emplace();
  const auto told = run_command(launcher_, {.argv = {"ninja", "-t", "deps"}, .folder = folder_},
                                Deadline::after(SteadyClock().now(), kToolLimit));
  if (!told || told->status.code != 0) return *dependencies_;
  std::vector<std::string>* files = nullptr;
  for (const std::string_view line : split_lines(told->output)) {
    if (line.starts_with("    ")) {
      if (files) files->emplace_back(line.substr(4));
    } else if (const std::size_t end = line.find(": #deps "); end != std::string_view::npos) {
      files = &(*dependencies_)[std::string(line.substr(0, end))];
    }
  }
  return *dependencies_;
}

const std::string& ManifestFacts::version(const std::string& program) {
  const auto known = versions_.find(program);
  if (known != versions_.end()) return known->second;
  const auto told =
      run_command(launcher_, {.argv = {program, "--version"}}, Deadline::after(SteadyClock().now(), kToolLimit));
  const bool useful = told && told->status.code == 0 && !split_lines(told->output).empty();
  const std::string line = useful ? printable(trim(split_lines(told->output).front())) : "";
  return versions_.emplace(program, line).first->second;
}

namespace {

JsonValue::Array booted_of(const Image& image, const std::function<std::string(const fs::path&)>& shown) {
  JsonValue::Array files;
  for (const BootedFile& booted : image.booted) {
    files.push_back(JsonValue::Object{{"file", shown(booted.file)}, {"sha256", booted.sha256}});
  }
  return files;
}

}  // namespace

std::string make_manifest(const ResolvedRecipe& resolved, const BuildPlan& plan, const BuildPlaces& places,
                          const Image& image, ManifestFacts& facts) {
  JsonValue::Object parameters;
  for (const auto& [name, value] : resolved.parameters) parameters.emplace_back(name, value);
  std::vector<std::string> symbols;
  const auto shown = [&](const fs::path& file) {
    return relative_to_project(file.lexically_proximate(places.folder).string(), plan.project);
  };
  for (const fs::path& file : image.symbols) symbols.push_back(shown(file));
  return write_json(JsonValue::Object{{"recipe", resolved.recipe.name},
                                      {"parameters", parameters},
                                      {"file", shown(image.file)},
                                      {"format", image.linux_boot     ? "linux"
                                                 : image.load_address ? "raw"
                                                                      : "elf"},
                                      {"entry", hex(image.entry)},
                                      {"sha256", image.sha256},
                                      {"booted", booted_of(image, shown)},
                                      {"stages", stages_of(resolved)},
                                      {"inputs", files_of(leaves(plan, facts), plan, facts)},
                                      {"outputs", outputs_of(plan, facts)},
                                      {"tools", tools_of(plan, places, facts)},
                                      {"symbols", texts(symbols)},
                                      {"memory", memory_of(resolved, image)}},
                    /*indented=*/true) +
         "\n";
}

std::string manifest_text(std::string_view manifest) {
  const auto document = JsonDocument::parse("manifest.json", manifest);
  if (!document) return to_text(document.error()) + "\n";
  ShownManifest shown;
  if (const auto read = document->read([&](JsonReader& json) { read_shown(json, shown); }); !read) {
    return to_text(read.error()) + "\n";
  }
  std::string text = fmt::format("  {} {}, entry {}\n", shown.format, printable(shown.file), shown.entry);
  print_list(text, "memory", memory_picture(shown.memory));
  if (shown.booted.size() > 1) print_list(text, "booted together (SHA-256)", shown.booted);
  print_list(text, "stages", shown.stages);
  print_list(text, "inputs (SHA-256)", shown.inputs);
  print_list(text, "outputs (SHA-256)", shown.outputs);
  print_list(text, "tools", shown.tools);
  print_list(text, "symbols", shown.symbols);
  return text;
}

Result<ManifestFiles> read_manifest_files(const fs::path& manifest) {
  BOOTRIG_TRY(const std::string text, read_file(manifest));
  BOOTRIG_TRY(const JsonDocument document, JsonDocument::parse(manifest.string(), text));
  ManifestFiles files;
  const auto read_file_of = [](JsonReader& json, ManifestFile& file) {
    json.text("file", file.file, kRequired);
    json.text("sha256", file.sha256, kRequired);
  };
  BOOTRIG_TRY_VOID(document.read([&](JsonReader& json) {
    json.ignore_all();
    json.objects("inputs", [&](JsonReader& item) { read_file_of(item, files.inputs.emplace_back()); });
    json.objects(
        "outputs", [&](JsonReader& item) { read_file_of(item, files.outputs.emplace_back()); }, kRequired);
  }));
  return files;
}

}  // namespace bootrig
