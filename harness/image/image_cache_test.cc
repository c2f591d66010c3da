#include "image/image_cache.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <thread>

#include "testing/paths.h"
#include "testing/stage_project.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

const std::string kRecipe = R"({ "summary": "s",
    "stages": [
      { "compile": "objects", "sources": ["main.c"], "flags": ["-O1", "-fno-pie", "-ffreestanding"] },
      { "link": "kernel", "inputs": ["objects"], "script": "main.ld", "flags": ["-nostdlib", "-static", "-no-pie"] } ],
    "boot": { "stage": "kernel" } })";

struct Kept {
  Kept() {
    project.keep_images = true;
    project.put("main.c", "#include \"word.h\"\nint start(void) { return WORD; }\n");
    project.put("word.h", "#define WORD 1\n");
    project.put("main.ld", "ENTRY(start)\nSECTIONS { . = 0x40080000; .text : { *(.text*) } }\n");
  }
  // As in a new output folder.
  ImageResult build_anew() {
    fs::remove_all(project.out());
    return project.build(kRecipe);
  }
  std::vector<fs::path> entries() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(project.folder.path() / "cache/images")) {
      if (entry.path().filename() == "files") found.push_back(entry.path().parent_path());
    }
    return found;
  }
  StageProject project;
};

TEST(ImageCache, ANewFolderTakesWhatWasBuiltBefore) {
  Kept kept;
  const ImageResult first = kept.build_anew();
  ASSERT_TRUE(first) << to_text(first.error().error);
  EXPECT_EQ(kept.project.done.size(), 2u);
  const std::string manifest = read_file(first->manifest).value();
  const ImageResult second = kept.build_anew();
  ASSERT_TRUE(second) << to_text(second.error().error);
  EXPECT_EQ(kept.project.done, Words{});
  EXPECT_EQ(second->sha256, first->sha256);
  EXPECT_EQ(second->file, first->file);
  EXPECT_EQ(read_file(second->manifest).value_or("none"), manifest);
  const ImageResult third = kept.project.build(kRecipe);
  EXPECT_EQ(kept.project.done, Words{});
  EXPECT_EQ(third->sha256, first->sha256);
}

TEST(ImageCache, AChangedHeaderIsAnotherImage) {
  Kept kept;
  const std::string first = kept.build_anew()->sha256;
  kept.build_anew();
  kept.project.edit("word.h", "#define WORD 2\n");
  const ImageResult restored = kept.project.build(kRecipe);
  EXPECT_EQ(kept.project.done.size(), 2u) << "what came from the cache is no longer right";
  EXPECT_NE(restored->sha256, first);
  kept.project.edit("word.h", "#define WORD 1\n");
  EXPECT_EQ(kept.build_anew()->sha256, first);
  EXPECT_EQ(kept.project.done, Words{}) << "both are kept";
}

TEST(ImageCache, WhatIsDamagedInItIsBuiltAnew) {
  Kept kept;
  const std::string first = kept.build_anew()->sha256;
  for (const fs::path& entry : kept.entries()) {
    for (const auto& file : fs::recursive_directory_iterator(entry / "files")) {
      if (file.path().extension() != ".elf") continue;
      ASSERT_TRUE(write_file(file.path(), "damage"));
    }
  }
  EXPECT_EQ(kept.build_anew()->sha256, first);
  EXPECT_EQ(kept.project.done.size(), 2u);
  for (const fs::path& entry : kept.entries()) ASSERT_TRUE(write_file(entry / "manifest.json", "{}"));
  EXPECT_EQ(kept.build_anew()->sha256, first);
}

TEST(ImageCache, WithoutItNothingIsKept) {
  Kept kept;
  kept.project.keep_images = false;
  kept.build_anew();
  EXPECT_FALSE(fs::exists(kept.project.folder.path() / "cache/images"));
  kept.build_anew();
  EXPECT_EQ(kept.project.done.size(), 2u);
}

TEST(ImageCache, AToolsImageIsNotKept) {
  Kept kept;
  const std::string text = R"({ "summary": "s",
      "stages": [ { "tool": "made", "command": ["sh", "-c", "printf code > out.bin"], "outputs": ["out.bin"] } ],
      "boot": { "stage": "made", "format": "raw", "load": "0x40080000" } })";
  ASSERT_TRUE(kept.project.build(text));
  EXPECT_FALSE(fs::exists(kept.project.folder.path() / "cache/images"));
}

TEST(ImageCache, TheOldestGoesFirstWhenItIsFull) {
  TestFolder folder;
  const BuildPlaces places{folder.path() / "out", "/bin/true"};
  const auto put = [&](const std::string& name) {
    const std::string bytes(1000, 'x');
    const std::string hash = sha256_hex(bytes);
    folder.put("out/" + name + "/a.elf", bytes);
    folder.put("out/" + name + "/manifest.json",
               R"({"inputs": [], "outputs": [{"file": ")" + name + R"(/a.elf", "sha256": ")" + hash + "\"}]}");
    BuildPlan plan;
    plan.folder = name;
    plan.project = folder.path();
    return plan;
  };
  const ImageCache cache(folder.path() / "cache", places, 3000);
  ForkingLauncher launcher;
  const auto is_kept = [&](const std::string& key, const BuildPlan& plan) {
    ManifestFacts facts(places.folder, launcher);
    fs::remove_all(places.folder / plan.folder);
    return cache.restore(key, plan, facts);
  };
  const BuildPlan first = put("first"), second = put("second"), third = put("third");
  cache.keep("1", first);
  cache.keep("2", second);
  ASSERT_TRUE(is_kept("1", first)) << "used just now: not the oldest";
  cache.keep("3", third);
  EXPECT_TRUE(is_kept("3", third));
  EXPECT_TRUE(is_kept("1", first));
  EXPECT_FALSE(is_kept("2", second));
}

// Two runs at once with folders of their own and one cache: each has its image whole, whoever came first.
TEST(ImageCache, IsSharedByRunsAtTheSameTime) {
  Kept kept;
  const fs::path file = kept.project.put("recipe.json", kRecipe);
  const auto recipe = parse_recipe("sample", file.string(), kRecipe);
  ASSERT_TRUE(recipe);
  constexpr int kRuns = 4, kRounds = 5;
  std::vector<std::string> hashes(kRuns * kRounds);
  std::vector<std::thread> runs;
  for (int run = 0; run < kRuns; ++run) {
    runs.emplace_back([&, run] {
      for (int round = 0; round < kRounds; ++round) {
        ForkingLauncher launcher;
        ImageBuilder builder({*recipe},
                             {.folder = kept.project.folder.path() / fmt::format("out-{}-{}", run, round),
                              .program = fs::read_symlink("/proc/self/exe"),
                              .cache = kept.project.folder.path() / "cache",
                              .keep_images = true,
                              .jobs = 1},
                             launcher);
        const ImageResult image = builder.build({{.name = "sample"}}).at(0);
        hashes[static_cast<std::size_t>(run * kRounds + round)] = image ? image->sha256 : to_text(image.error().error);
      }
    });
  }
  for (std::thread& run : runs) run.join();
  EXPECT_THAT(hashes, testing::Each(testing::Eq(hashes.front())));
  EXPECT_EQ(hashes.front().size(), 64u) << hashes.front();
  EXPECT_EQ(kept.entries().size(), 1u);
}

// Each recipe of this project, in two folders; ci/nightly compares all the variants.
TEST(ImageCache, TwoFoldersGiveTheSameBytes) {
  TestFolder folder;
  const auto build = [&](const char* name) {
    std::vector<Recipe> recipes;
    for (const char* recipe : {"reference", "probe", "zoo"}) {
      const fs::path file = fs::path(source_path("images")) / recipe / "recipe.json";
      recipes.push_back(parse_recipe(recipe, file.string(), read_file(file).value()).value());
    }
    std::vector<ImageRequest> requests;
    for (const char* image : {"reference", "reference-truncated", "probe", "zoo"}) requests.push_back({image, {}, {}});
    ForkingLauncher launcher;
    ImageBuilder builder(std::move(recipes),
                         {.folder = folder.path() / name / "images", .program = fs::read_symlink("/proc/self/exe")},
                         launcher);
    std::map<std::string, std::string> hashes;
    for (const ImageResult& image : builder.build(requests)) {
      EXPECT_TRUE(image) << to_text(image.error().error);
      if (image) hashes[image->name] = image->sha256 + read_file(image->manifest).value();
    }
    return hashes;
  };
  const auto first = build("one"), second = build("a place with a longer name");
  EXPECT_EQ(first.size(), 4u);
  EXPECT_EQ(first, second);
}

}  // namespace
}  // namespace bootrig
