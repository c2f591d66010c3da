// bootrig: boots AArch64 images on every target, judges what the console says, explains what failed.
#include "cli/commands.h"

int main(int argc, char** argv) {
  return bootrig::run_program(argc, argv);
}
