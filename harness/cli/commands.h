// The program's commands: one file each, one row each in the table of program.cc.
#pragma once

namespace CLI {
class App;
}

namespace bootrig {

// Exit statuses of every command.
inline constexpr int kExitExpected = 0;       // all as expected
inline constexpr int kExitUnexpected = 1;     // something was not
inline constexpr int kExitUntrustworthy = 2;  // there is no trustworthy set of results: bad input, nothing selected

// Adds the command's options to `app` and sets its callback, which stores the exit status in `status`.
void add_run_command(CLI::App& app, int& status);
void add_boot_command(CLI::App& app, int& status);
void add_console_command(CLI::App& app, int& status);
void add_plan_command(CLI::App& app, int& status);
void add_list_command(CLI::App& app, int& status);
void add_build_command(CLI::App& app, int& status);
void add_decode_command(CLI::App& app, int& status);
void add_triage_command(CLI::App& app, int& status);
void add_inspect_command(CLI::App& app, int& status);
void add_explain_command(CLI::App& app, int& status);
void add_history_command(CLI::App& app, int& status);
void add_compare_command(CLI::App& app, int& status);
void add_bisect_command(CLI::App& app, int& status);
void add_merge_command(CLI::App& app, int& status);
void add_prove_command(CLI::App& app, int& status);
void add_record_command(CLI::App& app, int& status);
void add_qualify_command(CLI::App& app, int& status);
void add_doctor_command(CLI::App& app, int& status);
void add_completion_command(CLI::App& app, int& status);
void add_manual_command(CLI::App& app, int& status);

// The whole program's options and commands.
void add_all_commands(CLI::App& app, int& status);

int run_program(int argc, char** argv);

}  // namespace bootrig
