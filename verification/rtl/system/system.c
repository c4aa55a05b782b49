/* SPDX-License-Identifier: MIT */
#include "system.h"

#include <stddef.h>

enum { REFUSED = 7, CONSOLE, CYCLES, END_OF_TEXT = 4 };

static volatile uint32_t *const PLACES = (volatile uint32_t *)0x40010000u;

/* The compiler calls these two by itself. */
void *memcpy(void *to, const void *from, size_t size) {
    uint8_t *target = to;
    const uint8_t *source = from;
    while (size--) *target++ = *source++;
    return to;
}

void *memset(void *to, int value, size_t size) {
    uint8_t *target = to;
    while (size--) *target++ = (uint8_t)value;
    return to;
}

void put_text(const char *text) {
    while (*text) PLACES[CONSOLE] = (uint8_t)*text++;
}

void put_number(int32_t value) {
    char digits[12];
    char *next = digits + sizeof digits - 1;
    uint32_t left = value < 0 ? 0 - (uint32_t)value : (uint32_t)value;
    *next = 0;
    do *--next = (char)('0' + left % 10);
    while (left /= 10);
    if (value < 0) *--next = '-';
    put_text(next);
}

void put_bytes(const uint8_t *bytes, uint32_t size) {
    static const char DIGITS[] = "0123456789abcdef";
    for (; size; --size, ++bytes) {
        PLACES[CONSOLE] = (uint8_t)DIGITS[*bytes >> 4];
        PLACES[CONSOLE] = (uint8_t)DIGITS[*bytes & 15];
    }
}

uint32_t cycles(void) { return PLACES[CYCLES]; }

int refused(void) { return PLACES[REFUSED] != 0; }

/* VexRiscv has the external interrupts that are not masked in one register, and the mask in another. */
int interrupted(void) {
    uint32_t pending;
    __asm__ volatile("csrw 0xbc0, %0" : : "r"(1));
    __asm__ volatile("csrr %0, 0xfc0" : "=r"(pending));
    return pending & 1;
}

void system_end(int status) {
    PLACES[CONSOLE] = END_OF_TEXT;
    PLACES[CONSOLE] = (uint8_t)status;
}
