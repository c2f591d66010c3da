// Every malformed file below fixtures/ has the error that stands beside it, to the letter.
// BOOTRIG_APPROVE=1 rewrites the expectations; the diff is the review.
#include "spec/fixture_files_test.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "base/text.h"

namespace bootrig {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  return read_file(file).value();
}

TEST(Fixtures, EachMistakeHasItsMessage) {
  const bool approve = std::getenv("BOOTRIG_APPROVE") != nullptr;
  std::size_t count = 0;
  for (const std::string& kind : kFixtureKinds) {
    for (const Fixture& fixture : fixtures_in(kind, kFixtures / kind)) {
      if (fixture.file.stem() == "good") continue;  // a companion of others
      SCOPED_TRACE(fixture.display_name);
      const auto result = parse_fixture(fixture, text_of(fixture.file));
      ++count;
      ASSERT_FALSE(result) << "no error was found in it";
      EXPECT_FALSE(result.error().place.empty());
      const std::string error = to_text(result.error()) + "\n";
      if (approve) {
        ASSERT_TRUE(write_file_atomically(fixture.expectation, error));
      }
      ASSERT_TRUE(fs::exists(fixture.expectation)) << "no expectation; the error is: " << error;
      EXPECT_EQ(error, text_of(fixture.expectation));
    }
  }
  EXPECT_GE(count, 40u);
}

TEST(Fixtures, EachExpectationHasItsMistake) {
  for (const auto& entry : fs::recursive_directory_iterator(kFixtures)) {
    const std::string name = entry.path().string();
    if (!name.ends_with(".error.txt")) continue;
    const std::string base = name.substr(0, name.size() - std::string_view(".error.txt").size());
    EXPECT_TRUE(fs::exists(base + ".json") || fs::exists(base + ".transcript") || fs::is_directory(base)) << name;
  }
}

std::vector<Fixture> valid_fixtures() {
  std::vector<Fixture> all;
  for (const std::string& kind : kFixtureKinds) {
    const fs::path folder = kFixtures / "valid" / kind;
    if (!fs::exists(folder)) continue;
    for (Fixture& fixture : fixtures_in(kind, folder)) all.push_back(std::move(fixture));
  }
  return all;
}

TEST(Fixtures, ValidFilesAreTaken) {
  const std::vector<Fixture> fixtures = valid_fixtures();
  EXPECT_GE(fixtures.size(), 10u);
  for (const Fixture& fixture : fixtures) {
    const auto result = parse_fixture(fixture, text_of(fixture.file));
    EXPECT_TRUE(result) << to_text(result.error());
  }
}

// One to four bytes of the text replaced, removed, doubled or swapped for bytes that JSON gives a
// meaning.
std::string mutated(std::string text, std::mt19937& random) {
  constexpr std::string_view kTelling = "{}[]\",:\\/*0-9.eE$ \n\t\xff\x80\x1b";
  const auto below = [&](std::size_t limit) { return static_cast<std::size_t>(random()) % limit; };
  for (std::size_t i = 0, changes = 1 + below(4); i < changes && !text.empty(); ++i) {
    const std::size_t at = below(text.size());
    switch (below(5)) {
      case 0:
        text[at] = static_cast<char>(random());
        break;
      case 1:
        text[at] = kTelling[below(kTelling.size())];
        break;
      case 2:
        text.erase(at, 1 + below(8));
        break;
      case 3:
        text.insert(at, text.substr(below(text.size()), 1 + below(16)));
        break;
      default:
        text.resize(at);
        break;
    }
  }
  return text;
}

TEST(Fixtures, DamagedFilesAreTakenOrRefusedWithAPlace) {
  std::mt19937 random(20260101);  // fixed: every run sees the same files
  const std::vector<Fixture> fixtures = valid_fixtures();
  std::size_t refused = 0;
  for (int i = 0; i < 2000; ++i) {
    const Fixture& fixture = fixtures[static_cast<std::size_t>(i) % fixtures.size()];
    const std::string text = mutated(text_of(fixture.file), random);
    const auto result = parse_fixture(fixture, text);
    if (result) continue;
    ++refused;
    EXPECT_FALSE(result.error().place.empty()) << to_text(result.error()) << "\n" << printable(text);
    EXPECT_FALSE(result.error().message.empty()) << printable(text);
    EXPECT_EQ(to_text(result.error()), printable(to_text(result.error()))) << "an error is safe to print";
  }
  EXPECT_GT(refused, 1000u);
}

}  // namespace
}  // namespace bootrig
