// Words, numbers and bytes: small pure functions over text that more than one room needs.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace bootrig {

// "2s", "500ms", "1m30s", "1h". A unit is required. Errors name the text and the form allowed.
Result<Duration> parse_duration(std::string_view text);
// The shortest exact form of at most two units: "1m30s", "10s", "250ms".
std::string format_duration(Duration duration);

// Bytes: "256M", "1G", "64K", "4096". Powers of 1024; "1GB", "1GiB" and "1g" are refused with the form meant.
Result<std::uint64_t> parse_size(std::string_view text);
std::string format_size(std::uint64_t bytes);

// "0x40000000" (hex only, underscores allowed between digits).
Result<std::uint64_t> parse_address(std::string_view text);

// A whole number, decimal digits alone.
Result<std::uint64_t> parse_count(std::string_view text);

// The candidate nearest in spelling, or empty when none is near (at most a third of its letters differ).
std::string_view nearest_spelling(std::string_view word, std::span<const std::string> candidates);
// "; did you mean 'x'?" or "", for the end of an error sentence.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);
// "'a', 'b' or 'c'"
std::string one_of(std::span<const std::string> words);

std::vector<std::string_view> split_lines(std::string_view text);  // without the '\n'; no last empty line
std::vector<std::string_view> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);

// Shell-like glob: '*', '?' and '[abc]' classes are NOT special when they belong to a testcase's [key=value] part:
// only '*' and '?' are. Matches the whole text.
bool glob_match(std::string_view pattern, std::string_view text);

// UTF-8 with every ill-formed sequence replaced by U+FFFD; well-formed text comes back unchanged.
std::string scrub_utf8(std::string_view bytes);
// For a terminal: scrubbed, and C0, DEL and C1 controls other than '\n' and '\t' shown as \xNN.
std::string printable(std::string_view bytes);

// The command line as a person would paste it into a shell.
std::string shell_quote(const std::vector<std::string>& argv);

}  // namespace bootrig
