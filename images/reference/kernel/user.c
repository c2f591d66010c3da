// The user thread: its own tables, EL0, and the system calls.
//
// At EL1 the tables are stage 1, below TTBR0_EL1. At EL2 they are stage 2, below VTTBR_EL2, and
// stage 1 is off (HCR_EL2.DC): as seL4 does on a hypervisor build. In both the thread sees its
// image at the address it is linked to, and nothing else.

#include "cache.h"
#include "calls.h"
#include "console.h"
#include "kernel.h"
#include "mmu.h"
#include "platform.h"
#include "sysreg.h"
#include "variant.h"

#define PAGE __attribute__((aligned(4096)))
PAGE uint64_t user_l0[512];
// Stage 2 begins here: 40 bits are two concatenated tables of level 1, 8 KiB aligned.
__attribute__((aligned(8192))) uint64_t user_l1[1024];
PAGE uint64_t user_l2[512];
PAGE uint64_t user_l3[512];

// Of a domain that has nothing, and that comes after one that faulted: tables to the last level, so that a walk of them
// ends as one of the thread's does.
static __attribute__((aligned(8192))) uint64_t idle_l1[1024];
PAGE static uint64_t idle_l0[512];
PAGE static uint64_t idle_l2[512];
PAGE static uint64_t idle_l3[512];

static struct user user;

// The thread's data is spoilt: "domain-page", "domain-access-flag".
static int spoils_domain(void) {
  return FAULT_IS("domain-page") || FAULT_IS("domain-access-flag");
}

// Stage 2 descriptors (DDI 0487, D8.3): normal write-back memory, readable and writable.
#define STAGE2_NORMAL (15ul << 2)
#define STAGE2_READ_WRITE (3ul << 6)

static uint64_t page(uint64_t physical) {
  const uint64_t common =
      physical | DESCRIPTOR_PAGE | DESCRIPTOR_INNER_SHAREABLE | DESCRIPTOR_ACCESSED;
  if (current_level() == 2) return common | STAGE2_NORMAL | STAGE2_READ_WRITE;
  return common | DESCRIPTOR_ATTRIBUTE(kAttributeNormal) | DESCRIPTOR_USER | DESCRIPTOR_NOT_GLOBAL;
}

static void build_tables(void) {
  const uint64_t first = user.start - user.offset, last = user.end - user.offset;
  if (first / (2 * MIB) != (last - 1) / (2 * MIB) || last > GIB) {
    panic("user image 0x%016lx..0x%016lx: does not fit one table", first, last);
  }
  user_l0[0] = physical_of(user_l1) | DESCRIPTOR_TABLE;
  user_l1[0] = physical_of(user_l2) | DESCRIPTOR_TABLE;
  user_l2[first / (2 * MIB)] = physical_of(user_l3) | DESCRIPTOR_TABLE;
  for (uint64_t at = first; at < last; at += 4096) {
    user_l3[at / 4096 % 512] = page(at + user.offset);
  }
  // The last page holds the end of the stack, the one before it data (user/user.ld).
  uint64_t* const data = &user_l3[(last - 1) / 4096 % 512 - 1];
  if (FAULT_IS("domain-page")) *data = 0;
  if (FAULT_IS("domain-access-flag")) *data &= ~DESCRIPTOR_ACCESSED;
  dsb();
}

static void use_stage1(uint64_t table) {
  write_sysreg(ttbr0_el1, table);
  isb();
  __asm__ volatile("tlbi vmalle1\n dsb sy\n isb" : : : "memory");
}

static void use_stage2(uint64_t table) {
  enum { kVm = 1 << 0, kDefaultCacheable = 1 << 12 };
  const uint64_t range = read_sysreg(id_aa64mmfr0_el1) & 15;
  // T0SZ 24 (40 bits), start at level 1, walks inner shareable and write-back, 4 KiB, RES1.
  const uint64_t vtcr = 24 | 1 << 6 | 1 << 8 | 1 << 10 | 3 << 12 | 1ul << 31;
  write_sysreg(vtcr_el2, vtcr | (range < 5 ? range : 5) << 16);
  write_sysreg(vttbr_el2, table);
  write_sysreg(sctlr_el1, 0x30d00800);
  write_sysreg(hcr_el2, read_sysreg(hcr_el2) | kVm | kDefaultCacheable);
  isb();
  __asm__ volatile("tlbi vmalls12e1\n dsb sy\n isb" : : : "memory");
}

void enter_user(uint64_t entry, uint64_t spsr);

void user_start(const struct user* from_loader) {
  enum { kSpsrEl0Masked = 0xf << 6 };
  user = *from_loader;
  build_tables();
  if (current_level() == 2) {
    use_stage2(physical_of(user_l1));
  } else {
    use_stage1(physical_of(user_l0));
  }
  say("user thread at EL0 by stage %u tables, entry 0x%016lx", current_level(), user.entry);
  enter_user(user.entry, kSpsrEl0Masked);
  __builtin_unreachable();
}

// As a kernel does that runs somebody else before it tells of a fault: the tables are no longer those of the fault.
void user_leave(void) {
  if (!spoils_domain()) return;
  const uint64_t first = user.start - user.offset;
  idle_l0[0] = physical_of(idle_l1) | DESCRIPTOR_TABLE;
  idle_l1[0] = physical_of(idle_l2) | DESCRIPTOR_TABLE;
  idle_l2[first / (2 * MIB)] = physical_of(idle_l3) | DESCRIPTOR_TABLE;
  dsb();
  if (current_level() == 2) {
    use_stage2(physical_of(idle_l1));
  } else {
    use_stage1(physical_of(idle_l0));
  }
}

// Bytes of the thread's, read where the kernel sees them.
static uint64_t print_call(uint64_t address, uint64_t size) {
  const uint64_t first = user.start - user.offset, last = user.end - user.offset;
  if (address < first || address > last || size > last - address) return (uint64_t)-1;
  put_bytes((const void*)virtual_of(address + user.offset), size);
  return 0;
}

// At EL1 the user thread's tables are in place of the loader's lower ones: nothing is at 0x10.
static void read_null(void) {
  uint64_t value;
  __asm__ volatile("ldr %0, [%1, #16]" : "=r"(value) : "r"(0ul));
}

// What lies there is the word of a bad pointer; nothing is mapped.
static void call_garbage(void) {
  void (*volatile where)(void) = (void (*)(void))0x6f6f2064616200ul;
  where();
}

// FEAT_LSE, which an Armv8.0 CPU does not have.
static void add_by_one_instruction(void) {
  uint64_t word = 0;
  __asm__ volatile(".arch_extension lse\n ldadd %1, xzr, [%0]" : : "r"(&word), "r"(1ul) : "memory");
}

// As a kernel does that forgets who switches the registers on, or has taken them from a thread.
static void use_floating_point(void) {
  enum { kCpacrFpen = 3 << 20, kCptrTfp = 1 << 10 };  // DDI 0487, CPACR_EL1.FPEN, CPTR_EL2.TFP
  if (current_level() == 2)
    write_sysreg(cptr_el2, read_sysreg(cptr_el2) | kCptrTfp);
  else
    write_sysreg(cpacr_el1, read_sysreg(cpacr_el1) & ~(uint64_t)kCpacrFpen);
  isb();
  __asm__ volatile(".arch_extension fp\n fmov d0, xzr");
}

static __attribute__((noinline)) uint64_t greet_nobody(uint64_t value) {
  __asm__ volatile("" : "+r"(value));
  return value + 1;
}

// What a copy does that is too long.
static void write_over_code(void) {
  volatile uint32_t* const code = (volatile uint32_t*)(uintptr_t)greet_nobody;
  for (unsigned i = 0; i < 4; ++i) code[i] = 0;
  cache_clean((uintptr_t)code, (uintptr_t)(code + 4));
  __asm__ volatile("ic iallu\n dsb sy\n isb");
  greet_nobody(0);
}

void user_call(struct context* context) {
  if (FAULT_IS("atomics")) add_by_one_instruction();
  if (FAULT_IS("floating-point")) use_floating_point();
  if (FAULT_IS("overwritten")) write_over_code();
  if (FAULT_IS("kernel-null-read") || FAULT_IS("empty-dump")) read_null();
  if (FAULT_IS("wild-call")) call_garbage();
  switch (context->x[8]) {
    case kCallPrint:
      context->x[0] = print_call(context->x[0], context->x[1]);
      return;
    case kCallYield:
      context->x[0] = 0;
      return;
    case kCallIdle:
      halt();
    case kCallPowerOff:
      power_off();
    case kCallReset:
      reset();
    default:
      context->x[0] = (uint64_t)-1;
  }
}
