#include "exception.h"

#include "console.h"
#include "sysreg.h"
#include "variant.h"

static const char* type_name(uint64_t kind) {
  switch (kind & 3) {
    case kSynchronous:
      return "Synchronous";
    case kIrq:
      return "IRQ";
    case kFiq:
      return "FIQ";
    default:
      return "SError";
  }
}

static const char* source_name(uint64_t kind) {
  switch (kind >> 2) {
    case kCurrentSp0:
      return "current EL with SP_EL0";
    case kCurrentSpx:
      return "current EL with SP_ELx";
    case kLower64:
      return "lower EL using AArch64";
    default:
      return "lower EL using AArch32";
  }
}

// The stack pointer that was in use when the exception came.
static uint64_t stack_pointer(const struct context* context) {
  const unsigned from = context->spsr >> 2 & 3;
  if ((context->spsr & 1) == 0) return context->sp_el0;
  if (from == context->level) return context->sp;
  return from == 1 ? read_sysreg(sp_el1) : read_sysreg(sp_el2);
}

void dump(const char* title, const struct context* context) {
  static bool dumping;
  if (dumping) panic("another exception while one was reported");
  dumping = true;
  const unsigned level = (unsigned)context->level;
  struct context wrong = {.level = context->level, .kind = context->kind};
  if (FAULT_IS("empty-dump")) context = &wrong;
  if (FAULT_IS("empty-esr")) {
    wrong = *context;
    wrong.esr = 0;
    context = &wrong;
  }
  say("%s %s, %s, taken to EL%u", title, type_name(context->kind), source_name(context->kind),
      level);
  print("  ESR_EL%u 0x%016lx\n", level, context->esr);
  print("  FAR_EL%u 0x%016lx\n", level, context->far);
  // Where a stage 2 fault was. Only EL2 has it, and stage 2 can be on only when the exception came
  // from below.
  if (level == 2 && context->kind >> 2 >= kLower64) {
    print("  HPFAR_EL2 0x%016lx\n", read_sysreg(hpfar_el2));
  }
  print("  ELR_EL%u 0x%016lx\n", level, context->elr);
  print("  SPSR_EL%u 0x%016lx\n", level, context->spsr);
  print("  SP 0x%016lx\n", stack_pointer(context));
  for (unsigned i = 0; i < 31; ++i) print("  x%u 0x%016lx\n", i, context->x[i]);
  say("end of dump");
}
