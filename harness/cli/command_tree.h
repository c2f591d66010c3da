// The program's commands and options as data, out of the same CLI11 tree that reads a command line: what the manual and
// the shells' completion are made of.
#pragma once

#include <string>
#include <vector>

namespace bootrig {

struct OptionInfo {
  std::vector<std::string> names;  // "--target", "-t"; of an argument by position: its one name, "TARGET"
  bool positional = false;
  bool required = false;
  bool repeatable = false;
  bool takes_value = false;
  std::vector<std::string> choices;  // the values allowed, where they are few
  std::string default_value;
  std::string description;
};

struct CommandInfo {
  std::string name;
  std::string summary;
  std::string footer;
  std::vector<OptionInfo> options;
  std::vector<CommandInfo> commands;
};

// Of the whole program.
CommandInfo command_tree();

}  // namespace bootrig
