/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the plugin exports, which libcryptsetup's header has only as types of pointers;
 * see crypt_token_open_func and those beside it there.
 */
#pragma once

#include <libcryptsetup.h>

int cryptsetup_token_open(struct crypt_device *cd, int token, char **buffer,
			  size_t *buffer_len, void *usrptr);
int cryptsetup_token_open_pin(struct crypt_device *cd, int token, const char *pin,
			      size_t pin_size, char **buffer, size_t *buffer_len,
			      void *usrptr);
void cryptsetup_token_buffer_free(void *buffer, size_t buffer_len);
int cryptsetup_token_validate(struct crypt_device *cd, const char *json);
void cryptsetup_token_dump(struct crypt_device *cd, const char *json);
const char *cryptsetup_token_version(void);
