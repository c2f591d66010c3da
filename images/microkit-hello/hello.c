// The one protection domain of the system: it says hello, then waits for notifications, which nobody sends.
#include <microkit.h>

#ifdef ENDING_null_read
struct settings {
  unsigned reserved;
  unsigned brightness;
};

// Nobody has set it.
static const struct settings* volatile settings;

__attribute__((noinline)) static unsigned read_brightness(const volatile struct settings* from) {
  return from->brightness;
}
#endif

void init(void) {
  microkit_dbg_puts("bootrig domain: hello\n");
#ifdef ENDING_null_read
  microkit_dbg_puts("bootrig domain: reads a member of a structure at 0\n");
  if (read_brightness(settings) != 0) microkit_dbg_puts("bootrig domain: it is bright\n");
#endif
  microkit_dbg_puts("bootrig domain: waits\n");
}

void notified(microkit_channel channel) {
  (void)channel;
}
