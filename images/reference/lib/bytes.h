// Bytes and text. The compiler may call memcpy and memset on its own.
#pragma once

#include <stdbool.h>
#include <stddef.h>

void* memcpy(void* restrict to, const void* restrict from, size_t size);
void* memset(void* to, int byte, size_t size);
int memcmp(const void* left, const void* right, size_t size);

bool text_equal(const char* left, const char* right);
