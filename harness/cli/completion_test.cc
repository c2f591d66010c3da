// Completion: what is offered where, and a real bash that asks. The manual: every command and option is in it.
#include "cli/completion.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/manual.h"
#include "cli/program_test.h"
#include "testing/paths.h"

namespace bootrig {
namespace {

using Names = std::vector<std::string>;

Names names(std::string_view what, const std::string& project) {
  if (what == "targets") return {"virt", "virt-el2" + project};
  if (what == "scenarios") return {"good/idle", "good/off", "bad/hang"};
  if (what == "images") return {"guest", "guest-off"};
  if (what == "causes") return {"hang", "null-pointer"};
  return {};
}

Names complete(const std::string& line) {
  return complete_line(command_tree(), line, names);
}

TEST(Completion, CommandsAndOptions) {
  EXPECT_EQ(complete("bootrig co"), (Names{"console", "compare", "completion"}));
  EXPECT_EQ(complete("bootrig boot --ta"), Names{"--target"});
  EXPECT_EQ(complete("bootrig history im"), Names{"import"});
  EXPECT_EQ(complete("bootrig nothing x"), Names{});
  EXPECT_EQ(complete("bootrig"), Names{});
  EXPECT_EQ(complete(""), Names{});
  const Names all = complete("bootrig ");
  EXPECT_EQ(std::ranges::count(all, "run"), 1);
  EXPECT_EQ(std::ranges::count(all, "manual"), 1);
}

TEST(Completion, Values) {
  EXPECT_EQ(complete("bootrig boot a.elf --target vi"), (Names{"virt", "virt-el2"}));
  EXPECT_EQ(complete("bootrig boot a.elf -t "), (Names{"virt", "virt-el2"}));
  EXPECT_EQ(complete("bootrig boot a.elf --target=virt-"), Names{"--target=virt-el2"});
  EXPECT_EQ(complete("bootrig boot a.elf --triage o"), (Names{"on", "off"}));
  EXPECT_EQ(complete("bootrig boot "), Names{}) << "a file";
  EXPECT_EQ(complete("bootrig boot a.elf --output "), Names{}) << "a folder";
  EXPECT_EQ(complete("bootrig run --project p good/idle@virt-"), Names{"good/idle@virt-el2p"});
  EXPECT_EQ(complete("bootrig run --project='p q' x --target virt-"), Names{"virt-el2p q"});
  EXPECT_EQ(complete("bootrig run bad/hang@virt good/"), (Names{"good/idle", "good/off"}));
  EXPECT_EQ(complete("bootrig console v"), (Names{"virt", "virt-el2"}));
  EXPECT_EQ(complete("bootrig console virt g"), (Names{"guest", "guest-off"}));
  EXPECT_EQ(complete("bootrig build guest gu"), (Names{"guest", "guest-off"}));
  EXPECT_EQ(complete("bootrig explain null"), Names{"null-pointer"});
  EXPECT_EQ(complete("bootrig record good/i"), Names{"good/idle"});
  EXPECT_EQ(complete("bootrig run --scenario bad"), Names{"bad/hang"});
}

TEST(Completion, AShellThatIsNone) {
  const Finished finished = bootrig({"completion", "bsh"});
  EXPECT_EQ(finished.code, 2);
  EXPECT_EQ(finished.err,
            "bootrig: there is no completion for 'bsh'; there is one for 'bash', 'zsh' or 'fish'; did you mean "
            "'bash'?\n");
  for (const std::string shell : {"zsh", "fish"}) {
    const Finished script = bootrig({"completion", shell});
    EXPECT_EQ(script.code, 0);
    EXPECT_NE(script.out.find("completion --line"), std::string::npos) << shell;
  }
}

// What readline would put in the words' place.
Names in_bash(const std::string& line) {
  const std::string script = fmt::format(
      "source <({0} completion bash); COMP_LINE={1}; COMP_POINT=${{#COMP_LINE}}; COMP_WORDS=({0}); _bootrig;"
      "printf '%s\\n' \"${{COMPREPLY[@]}}\"; complete -p bootrig >&2",
      build_path("bootrig"), shell_quote({line}));
  ForkingLauncher launcher;
  const auto result = run_command(launcher, {.argv = {"bash", "--norc", "-c", script}, .folder = small_project()},
                                  Deadline::after(SteadyClock().now(), std::chrono::seconds(60)));
  EXPECT_TRUE(result && result->status.code == 0) << line;
  Names words;
  const std::string output = result ? result->output : "";
  for (const std::string_view word : split_lines(output)) words.emplace_back(word);
  EXPECT_EQ(words.empty() ? "" : words.back(), "complete -o bashdefault -o default -F _bootrig bootrig");
  if (!words.empty()) words.pop_back();
  return words;
}

TEST(Completion, ARealBash) {
  EXPECT_EQ(in_bash("bootrig doc"), Names{"doctor"});
  EXPECT_EQ(in_bash("bootrig run good/o"), Names{"good/off"});
  EXPECT_EQ(in_bash("bootrig run good/off@virt-el1-gicv2"), Names{"virt-el1-gicv2"})
      << "'@' begins a word of readline's";
  EXPECT_EQ(in_bash("bootrig console virt guest-o"), Names{"guest-off"});
  EXPECT_EQ(in_bash("bootrig boot --target=virt-el3"), Names{"virt-el3"});
}

void expect_told(const CommandInfo& command, const std::string& page) {
  for (const OptionInfo& option : command.options) {
    for (const std::string& name : option.names) {
      EXPECT_NE(page.find(name), std::string::npos) << command.name << " " << name;
    }
  }
  for (const CommandInfo& inner : command.commands) {
    EXPECT_NE(page.find("bootrig " + (command.name == "bootrig" ? "" : command.name + " ") + inner.name),
              std::string::npos)
        << inner.name;
    expect_told(inner, page);
  }
}

// As man(1) shows it: groff finds nothing wrong, and nothing is lost.
TEST(Manual, HasEveryCommandAndOption) {
  const Finished page = bootrig({"manual"});
  EXPECT_EQ(page.code, 0);
  const TestFolder folder;
  const auto file = folder.put("bootrig.1", page.out);
  ForkingLauncher launcher;
  const auto shown = run_command(launcher, {.argv = {"groff", "-man", "-ww", "-Tutf8", "-P-cbou", "-rLL=200n", file}},
                                 Deadline::after(SteadyClock().now(), std::chrono::seconds(60)));
  if (!shown) GTEST_SKIP() << to_text(shown.error());
  EXPECT_EQ(shown->status.code, 0);
  EXPECT_EQ(shown->output.find("warning"), std::string::npos) << shown->output.substr(0, 2000);
  expect_told(command_tree(), shown->output);
}

}  // namespace
}  // namespace bootrig
