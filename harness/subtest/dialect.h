// What the readers of the dialects share. For the subtest room alone.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "subtest/subtest.h"

namespace bootrig::subtest {

inline constexpr std::size_t kNameMax = 512;
inline constexpr std::size_t kSubtestsMax = 100'000;
inline constexpr std::size_t kProblemsMax = 100;

// Takes complete lines without their end. Copied to tell what would be missing if the console ended now.
class Dialect {
 public:
  virtual ~Dialect() = default;
  virtual void take_line(std::string_view line, std::uint64_t number) = 0;
  virtual std::unique_ptr<Dialect> copy() const = 0;
  // The console has ended.
  virtual SubtestFacts finish() = 0;

 protected:
  void add(Subtest subtest);
  void problem(std::string text);

  SubtestFacts facts_;
};

std::unique_ptr<Dialect> make_ktap();
std::unique_ptr<Dialect> make_junit();

}  // namespace bootrig::subtest
