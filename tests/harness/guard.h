/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory between inaccessible pages: a read or a write past the end (guard_alloc)
 * or before the beginning (guard_alloc_front) ends the test with SIGSEGV, also
 * where assembly does it. Never returns NULL.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

uint8_t *guard_alloc(size_t len);
uint8_t *guard_alloc_front(size_t len);
void guard_free(uint8_t *p);
