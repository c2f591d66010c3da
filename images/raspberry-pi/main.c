// A kernel of a few lines for a Raspberry Pi: says at which level it was entered, and what the device tree that it was
// handed says of the board. Nothing in it is of one board but the UART, which the recipe states.

#include "console.h"
#include "exception.h"
#include "sysreg.h"
#include "tree.h"
#include "variant.h"

const char program_name[] = "bootrig kernel";

enum { kTreeSizeMax = 2 << 20 };  // booting.rst: a device tree has at most 2 MiB

_Noreturn void handle_exception(struct context* context) {
  dump("EXCEPTION", context);
  halt();
}

static const char* model_of(const struct tree* tree) {
  struct tree_node root = {0};
  uint32_t size = 0;
  if (!tree_next(tree, &root)) return "a board without a name";
  const unsigned char* bytes = tree_property(tree, &root, "model", &size);
  return bytes != NULL && size > 0 && bytes[size - 1] == '\0' ? (const char*)bytes : "a board without a name";
}

static void tell_board(uint64_t tree_address) {
  struct tree tree;
  const char* problem = tree_address == 0 ? "there is none" : tree_open(&tree, (const void*)tree_address, kTreeSizeMax);
  if (problem != NULL) {
    say("device tree at 0x%016lx: %s", tree_address, problem);
    return;
  }
  struct machine machine = {0};
  machine_read(&machine, &tree);
  say("%s", model_of(&tree));
  for (unsigned i = 0; i < machine.memory_count; ++i) {
    const uint64_t start = machine.memory[i].start, size = machine.memory[i].size;
    say("memory 0x%016lx..0x%016lx, %lu MiB", start, start + size, size >> 20);
  }
}

// A function pointer that text was written over.
static void call_through_text(void) {
  static const char text[8] __attribute__((aligned(8))) = "console";
  void (*call)(void) = *(void (*const volatile*)(void))text;
  call();
}

// PSCI SYSTEM_OFF (Arm DEN 0022), of which the firmware of a Pi 3 knows nothing.
static void power_off(void) {
  register uint64_t x0 __asm__("x0") = 0x84000008;
  say("powers off");
  __asm__ volatile("smc #0" : "+r"(x0) : : "memory");
  say("is still on");
}

_Noreturn void kernel_main(uint64_t tree_address) {
  console_open(UART);
  say("entered at EL%u", current_level());
  if (FAULT_IS("no-vectors")) __asm__ volatile("udf #0");
  install_vectors();
  tell_board(tree_address);
  if (FAULT_IS("undefined")) __asm__ volatile("udf #0");
  if (FAULT_IS("wild-call")) call_through_text();
  say("hello");
  if (FAULT_IS("smc")) power_off();
  halt();
}
