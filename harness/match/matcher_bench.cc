// matcher_bench: how fast the matcher reads a console, against a floor: one regular expression of
// the same signatures, searched once over the whole text. Prints "matcher.ratio_64k 0.83 (floor 410
// MB/s, matcher 340 MB/s)", one line for each size of chunk; a figure is the median of the rounds,
// and the ratio is that of the medians.
//
//   matcher_bench [megabytes]   default 200

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "match/expectations.h"
#include "match/matcher.h"

namespace bootrig {
namespace {

constexpr std::size_t kArmed = 20;
constexpr std::size_t kRounds = 5;
constexpr std::size_t kChunks[] = {64 * 1024, 4 * 1024, 512};

// About 60 bytes a line; one line in 50 is coloured, one in 8 ends in "\r\n". Nothing in it is a
// signature.
std::string make_log(std::size_t size) {
  std::string log;
  log.reserve(size + 200);
  for (std::uint64_t i = 0; log.size() < size; ++i) {
    const std::uint64_t noise = (i * 6364136223846793005u + 1442695040888963407u) >> 33;
    switch (noise % 5) {
      case 0:
        log += fmt::format("[{:5}.{:06}] pci 0000:00:{:02x}.0: BAR {}: assigned [mem {:#x}]", i / 1000, noise % 1000000,
                           noise % 32, noise % 6, noise << 12);
        break;
      case 1:
        log += fmt::format("LDR|INFO: region: {:#010x}   addr: {:#018x}   size: {:#x}", noise % 9, noise << 12, noise);
        break;
      case 2:
        log += fmt::format("[{:5}.{:06}] CPU{}: Booted secondary processor", i / 1000, noise % 1000000, noise % 8);
        break;
      case 3:
        log += fmt::format("(XEN) d0v{}: Loading zImage from {:#x} to {:#x}", noise % 4, noise, noise + 4096);
        break;
      default:
        log += fmt::format("worker {}: error rate {} of {}, no fault so far", noise % 16, noise % 7, noise);
    }
    if (noise % 50 == 7) log += " \x1b[32mok\x1b[0m";
    log += noise % 8 == 3 ? "\r\n" : "\n";
  }
  log.resize(size);
  return log;
}

std::shared_ptr<const Expectations> armed_expectations() {
  ExpectationsBuilder builder;
  for (const SignatureInfo& signature : default_signatures().subspan(kArmed)) {
    CHECK(builder.disarm("", signature.name).has_value());
  }
  return builder.build();
}

std::string armed_alternation() {
  std::string expression;
  for (const SignatureInfo& signature : default_signatures().first(kArmed)) {
    expression += (expression.empty() ? "(?m:" : "|(?m:") + signature.pattern + ")";
  }
  return expression;
}

double seconds(auto&& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double floor_seconds(std::string_view log) {
  RE2::Options options;
  options.set_encoding(RE2::Options::EncodingLatin1);
  const RE2 alternation(armed_alternation(), options);
  return seconds([&] {
    re2::StringPiece rest(log.data(), log.size());
    CHECK(!RE2::FindAndConsume(&rest, alternation));
  });
}

double matcher_seconds(std::string_view log, std::size_t chunk) {
  Matcher matcher(armed_expectations());
  const double elapsed = seconds([&] {
    for (std::size_t at = 0; at < log.size(); at += chunk) matcher.feed(log.substr(at, chunk));
    matcher.finish();
  });
  CHECK(!matcher.hit() && matcher.bytes() == log.size());
  return elapsed;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::string size_name(std::size_t chunk) {
  return chunk >= 1024 ? fmt::format("{}k", chunk / 1024) : fmt::format("{}", chunk);
}

int run(std::size_t megabytes) {
  const std::string log = make_log(megabytes * 1000 * 1000);
  std::vector<double> floor;
  std::vector<std::vector<double>> matcher(std::size(kChunks));
  for (std::size_t round = 0; round < kRounds; ++round) {
    floor.push_back(floor_seconds(log));
    for (std::size_t i = 0; i < std::size(kChunks); ++i) matcher[i].push_back(matcher_seconds(log, kChunks[i]));
  }
  const double megabytes_floor = static_cast<double>(megabytes) / median(floor);
  for (std::size_t i = 0; i < std::size(kChunks); ++i) {
    const double speed = static_cast<double>(megabytes) / median(matcher[i]);
    fmt::print("matcher.ratio_{} {:.2f} (floor {:.0f} MB/s, matcher {:.0f} MB/s)\n", size_name(kChunks[i]),
               speed / megabytes_floor, megabytes_floor, speed);
  }
  return 0;
}

}  // namespace
}  // namespace bootrig

int main(int argc, char** argv) {
  const int megabytes = argc > 1 ? std::atoi(argv[1]) : 200;
  if (megabytes <= 0) {
    fmt::print(stderr, "usage: matcher_bench [megabytes]\n");
    return 2;
  }
  return bootrig::run(static_cast<std::size_t>(megabytes));
}
