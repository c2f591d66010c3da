// Exceptions: the state that vectors.S saves, and the dump of it. Loader and kernel share both.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// vectors.S knows the offsets. All values are of the level the exception was taken to, read from
// the machine and not from the build: a loader that faults before it has changed level says so.
struct context {
  uint64_t x[31];
  uint64_t sp;  // SP_ELx of the level taken to, when the exception came
  uint64_t sp_el0;
  uint64_t elr;
  uint64_t spsr;
  uint64_t esr;
  uint64_t far;
  uint64_t kind;  // the vector's number, 0 to 15, as in DDI 0487, D1.4 "exception vectors"
  uint64_t level;
};

// kind & 3
enum { kSynchronous, kIrq, kFiq, kSError };
// kind >> 2
enum { kCurrentSp0, kCurrentSpx, kLower64, kLower32 };
enum { kSvcClass = 0x15 };

static inline unsigned exception_class(const struct context* context) {
  return (context->esr >> 26) & 0x3f;
}

// Points VBAR of the current level at the vectors.
void install_vectors(void);

// Each program's own: what to do. Returning resumes what was interrupted.
void handle_exception(struct context* context);

// "<program name>: <title> Synchronous, lower EL using AArch64, taken to EL1" and the registers,
// raw, one a line. Once only: the program cannot go on afterwards.
void dump(const char* title, const struct context* context);
