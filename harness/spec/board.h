// BoardSpec: what a profile says of real hardware beyond a machine's keys: its console, its power, how an image gets onto
// it, and how its firmware is talked into starting the image. Plain data; machine/board_machine.h acts on it.
//
// Commands are argument lists, run without a shell in bootrig's working folder. In them, and in the texts of boot steps,
// names in braces are filled in: {image} (the file), {name} (as deployed), {load}, {entry} and {size} (hexadecimal, with
// 0x), {sha256}, {crc32} and {place}.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "json/reader.h"

namespace bootrig {

using CommandLine = std::vector<std::string>;

// The console: one of them.
struct BoardSerial {
  std::string device;              // "/dev/ttyUSB0": a serial port
  std::string pty;                 // a pseudo terminal: no speed is set
  std::string tcp_host, tcp_port;  // a raw TCP port, as ser2net offers it
  CommandLine command;             // a program whose terminal is the console, as `labgrid-client console`
  unsigned baud = 115200;          // of a serial port: 8N1, no flow control
};

struct BoardPower {
  CommandLine on, off, reset;  // on and off, or reset alone; empty: there is none
  Duration timeout = std::chrono::seconds(30);
  unsigned retries = 1;  // further tries of a command that failed, and of a boot whose steps were not met
};

// Before power-on. Neither: the board finds its image by itself, or a boot step sends it.
struct BoardDeploy {
  CommandLine command;
  std::filesystem::path folder;  // the image is copied into it, whole or not at all, as `name`
  std::string name;              // empty: the image file's own
  bool flat = false;             // not the ELF file, but its segments as they lie in memory
  Duration timeout = std::chrono::seconds(60);
};

// A step that drives the firmware: what is awaited, or what is sent once all before was met: a text, or the image itself.
struct BootStep {
  std::string place;  // for errors: "targets/x.json:/machine/boot-steps/2"
  std::optional<std::string> expect, send;
  bool upload = false;  // by YMODEM
  Duration within = std::chrono::seconds(30);
};

// Exclusive use: a lock file of this host's, and, for boards of a farm, the farm's own commands.
struct BoardLease {
  std::filesystem::path lock;  // never empty: by default it is named after the console, in /tmp
  Duration wait = std::chrono::minutes(10);
  CommandLine acquire, release;
};

struct BoardSpec {
  std::string name;                          // the target's
  std::string place;                         // what {place} stands for
  std::optional<std::uint64_t> memory_base;  // where its RAM begins; not stated: not checked
  BoardSerial serial;
  BoardPower power;
  BoardDeploy deploy;
  std::vector<BootStep> boot_steps;
  BoardLease lease;
};

// What the names in braces stand for.
using BoardWords = std::map<std::string, std::string, std::less<>>;
std::string fill_in(std::string_view text, const BoardWords& words);
CommandLine fill_in(const CommandLine& command, const BoardWords& words);

// "serial port /dev/ttyUSB0 at 115200 baud", "tcp:localhost:2001", ...
std::string to_text(const BoardSerial& serial);

// Reads the keys of a machine of kind "board" that others do not have. `name`: the target's.
void read_board(JsonReader& json, const std::string& name, BoardSpec& board);
// Those keys.
std::span<const std::string> board_keys();

}  // namespace bootrig
