// What the recipe's parameters ask for. They arrive as bare words (-DFAULT=empty-window), so that
// no quoting is needed between the recipe and the compiler, and are compared as text; the
// comparisons are folded at compile time.
#pragma once

#define TEXT_OF_(...) #__VA_ARGS__
#define TEXT_OF(...) TEXT_OF_(__VA_ARGS__)

#define FAULT_IS(name) (__builtin_strcmp(TEXT_OF(FAULT), name) == 0)
#define ENDING_IS(name) (__builtin_strcmp(TEXT_OF(ENDING), name) == 0)
