#include "cli/completion.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace bootrig {
namespace {

// What a value is the name of; `command`: "" stands for every command.
struct Kind {
  const char* command;
  const char* option;
  const char* what;
};
constexpr Kind kKinds[] = {
    {"", "--target", "targets"},     {"", "TARGET", "targets"},    {"", "--matrix", "matrices"},
    {"", "SELECTION", "scenarios"},  {"build", "IMAGE", "images"}, {"console", "IMAGE", "images"},
    {"explain", "CAUSE", "causes"},  {"list", "WHAT", "lists"},    {"record", "SCENARIO", "scenarios"},
    {"", "--scenario", "scenarios"},
};

// Words as a shell would take them apart; of quotes and backslashes alone. The last is unfinished.
std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words{""};
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char letter = line[i];
    if (quote != 0 ? letter == quote : letter == '\'' || letter == '"') {
      quote = quote != 0 ? 0 : letter;
    } else if (quote == 0 && letter == '\\' && i + 1 < line.size()) {
      words.back() += line[++i];
    } else if (quote == 0 && (letter == ' ' || letter == '\t')) {
      if (!words.back().empty()) words.emplace_back();
    } else {
      words.back() += letter;
    }
  }
  return words;
}

const OptionInfo* find_option(const CommandInfo& command, std::string_view name) {
  for (const OptionInfo& option : command.options) {
    if (std::ranges::find(option.names, name) != option.names.end()) return &option;
  }
  return nullptr;
}

// A command line up to its last word.
struct Line {
  const CommandInfo* command = nullptr;  // the innermost that was named
  const OptionInfo* awaits = nullptr;    // an option that the last word is the value of
  std::size_t positionals = 0;           // before the last word
  std::string project;
};

Line read_line(const CommandInfo& program, const std::vector<std::string>& words) {
  Line line{.command = &program};
  for (std::size_t i = 1; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (line.awaits != nullptr) {
      if (line.awaits->names.front() == "--project") line.project = word;
      line.awaits = nullptr;
    } else if (word.starts_with("-")) {
      const OptionInfo* option = find_option(*line.command, word);
      if (option != nullptr && option->takes_value) line.awaits = option;
      if (word.starts_with("--project=")) line.project = word.substr(word.find('=') + 1);
    } else {
      const auto inner = std::ranges::find(line.command->commands, word, &CommandInfo::name);
      if (inner == line.command->commands.end()) {
        ++line.positionals;
      } else {
        line.command = &*inner;
      }
    }
  }
  return line;
}

std::vector<std::string> values_of(const Line& line, const OptionInfo& option, const NameSource& names) {
  if (!option.choices.empty()) return option.choices;
  for (const Kind& kind : kKinds) {
    const bool here = *kind.command == '\0' || line.command->name == kind.command;
    if (here && std::ranges::find(option.names, kind.option) != option.names.end()) {
      return names(kind.what, line.project);
    }
  }
  return {};
}

const OptionInfo* positional_at(const CommandInfo& command, std::size_t index) {
  const OptionInfo* last = nullptr;
  for (const OptionInfo& option : command.options) {
    if (!option.positional) continue;
    last = &option;
    if (index-- == 0) return last;
  }
  return last != nullptr && last->repeatable ? last : nullptr;
}

std::vector<std::string> option_names(const CommandInfo& command) {
  std::vector<std::string> names;
  for (const OptionInfo& option : command.options) {
    if (!option.positional) names.insert(names.end(), option.names.begin(), option.names.end());
  }
  return names;
}

// "scenario@target": behind the '@' a target.
std::vector<std::string> cells_of(const std::string& scenario, const Line& line, const NameSource& names) {
  std::vector<std::string> cells;
  for (const std::string& target : names("targets", line.project)) cells.push_back(scenario + "@" + target);
  return cells;
}

std::vector<std::string> candidates(const Line& line, const std::string& last, const NameSource& names) {
  if (line.awaits != nullptr) return values_of(line, *line.awaits, names);
  const std::size_t equals = last.find('=');
  if (last.starts_with("--") && equals != last.npos) {
    const OptionInfo* option = find_option(*line.command, last.substr(0, equals));
    if (option == nullptr) return {};
    std::vector<std::string> words = values_of(line, *option, names);
    for (std::string& word : words) word.insert(0, last, 0, equals + 1);
    return words;
  }
  if (last.starts_with("-")) return option_names(*line.command);
  std::vector<std::string> words;
  for (const CommandInfo& command : line.command->commands) words.push_back(command.name);
  const OptionInfo* positional = positional_at(*line.command, line.positionals);
  if (positional == nullptr) return words;
  const std::size_t at = last.find('@');
  if (positional->names.front() == "SELECTION" && at != last.npos) return cells_of(last.substr(0, at), line, names);
  const std::vector<std::string> values = values_of(line, *positional, names);
  words.insert(words.end(), values.begin(), values.end());
  return words;
}

// Readline breaks words at '@', '=' and ':' too, and takes what is behind the last of them.
constexpr const char* kBash = R"sh(# bash completion of bootrig: source <(bootrig completion bash)
_bootrig() {
  local line=${COMP_LINE:0:COMP_POINT} word before candidate
  word=${line##*[[:space:]]}
  before=${word%"${word##*[@=:]}"}
  COMPREPLY=()
  while IFS= read -r candidate; do
    COMPREPLY+=("${candidate#"$before"}")
  done < <("${COMP_WORDS[0]}" completion --line "$line" 2>/dev/null)
}
complete -o bashdefault -o default -F _bootrig bootrig
)sh";

constexpr const char* kZsh = R"sh(#compdef bootrig
# zsh completion of bootrig: source <(bootrig completion zsh)
_bootrig() {
  local -a candidates
  candidates=(${(f)"$(${words[1]} completion --line "${(j: :)words[1,CURRENT]}" 2>/dev/null)"})
  if (( $#candidates )); then compadd -a candidates; else _files; fi
}
compdef _bootrig bootrig
)sh";

constexpr const char* kFish = R"sh(# fish completion of bootrig: bootrig completion fish | source
complete -c bootrig -a '(bootrig completion --line (commandline -cp) 2>/dev/null)'
)sh";

}  // namespace

std::vector<std::string> complete_line(const CommandInfo& program, std::string_view line, const NameSource& names) {
  const std::vector<std::string> words = words_of(line);
  if (words.size() < 2) return {};
  std::vector<std::string> found = candidates(read_line(program, words), words.back(), names);
  std::erase_if(found, [&](const std::string& word) { return !word.starts_with(words.back()); });
  return found;
}

Result<std::string> completion_script(const std::string& shell) {
  if (shell == "bash") return kBash;
  if (shell == "zsh") return kZsh;
  if (shell == "fish") return kFish;
  const std::vector<std::string> shells{"bash", "zsh", "fish"};
  return fail(fmt::format("there is no completion for '{}'; there is one for {}{}", printable(shell), one_of(shells),
                          did_you_mean(shell, shells)));
}

}  // namespace bootrig
