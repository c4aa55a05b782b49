/* SPDX-License-Identifier: MIT */
/* What the system has beside the chip (docs/system.md). */
#ifndef ENGRAM_SYSTEM_H
#define ENGRAM_SYSTEM_H

#include <stdint.h>

/* Write to the console. */
void put_text(const char *text);
void put_number(int32_t value);
void put_bytes(const uint8_t *bytes, uint32_t size);

/* Cycles since the reset. */
uint32_t cycles(void);

/* Whether the chip refused an access of a register since the last call. */
int refused(void);

/* Whether the chip pulls `irq`. */
int interrupted(void);

/* End the program; the simulation ends with the same status. */
void system_end(int status);

#endif
