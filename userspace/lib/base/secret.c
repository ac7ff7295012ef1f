// SPDX-License-Identifier: LGPL-2.1-or-later
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/secret.h"

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/*
 * mlock2() without flags is mlock(), which the sanitizers turn into nothing.
 */
static int protect(struct envol *ev, uint8_t *body, size_t size)
{
	if (mprotect(body, size, PROT_READ | PROT_WRITE))
		return envol_error_errno(ev, -ENOMEM,
					 "make memory for a secret writable");
	if (mlock2(body, size, 0))
		return envol_error(ev, -ENOMEM,
				   "lock %zu bytes for a secret in memory: RLIMIT_MEMLOCK is too low; raise it (ulimit -l, LimitMEMLOCK=)",
				   size);
	if (madvise(body, size, MADV_DONTDUMP))
		return envol_error_errno(ev, -errno,
					 "leave a secret out of core dumps");
	if (madvise(body, size, MADV_WIPEONFORK))
		return envol_error_errno(ev, -errno,
					 "keep a secret from children");
	return 0;
}

int envol_secret_alloc(struct envol *ev, struct envol_secret *s, size_t len)
{
	size_t page = page_size(), body_size, mapped;
	uint8_t *map;
	int err;

	assert(!s->data);
	if (len == 0 || len > ENVOL_SECRET_MAX)
		return envol_error(ev, -EINVAL,
				   "secret of %zu bytes: not 1 to %u", len,
				   ENVOL_SECRET_MAX);
	body_size = (len + page - 1) / page * page;
	mapped = body_size + 2 * page;
	map = mmap(NULL, mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return envol_error_errno(ev, -ENOMEM,
					 "allocate memory for a secret");
	err = protect(ev, map + page, body_size);
	if (err) {
		munmap(map, mapped);
		return err;
	}
	s->data = map + page + body_size - len;
	s->len = len;
	s->mapped = mapped;
	return 0;
}

struct envol_secret envol_secret_of(uint8_t *data, size_t len)
{
	size_t page = page_size();

	return (struct envol_secret){
		.data = data, .len = len,
		.mapped = (len + page - 1) / page * page + 2 * page,
	};
}

void envol_secret_wipe(struct envol_secret *s)
{
	size_t page = page_size(), body_size;
	uint8_t *end;

	if (!s->data)
		return;
	body_size = s->mapped - 2 * page;
	end = s->data + s->len;
	explicit_bzero(end - body_size, body_size);
	munmap(end - body_size - page, s->mapped);
	*s = (struct envol_secret)ENVOL_SECRET_INIT;
}

void envol_secret_move(struct envol_secret *dst, struct envol_secret *src)
{
	if (dst == src)
		return;
	envol_secret_wipe(dst);
	*dst = *src;
	*src = (struct envol_secret)ENVOL_SECRET_INIT;
}

void envol_secret_truncate(struct envol_secret *s, size_t len)
{
	size_t cut = s->len - len;

	assert(len <= s->len);
	if (len == 0) {
		envol_secret_wipe(s);
		return;
	}
	memmove(s->data + cut, s->data, len);
	explicit_bzero(s->data, cut);
	s->data += cut;
	s->len = len;
}

bool envol_secret_equal(const struct envol_secret *a,
			const struct envol_secret *b)
{
	const volatile uint8_t *x = a->data, *y = b->data;
	uint8_t differ = 0;
	size_t i;

	if (a->len != b->len || a->len == 0)
		return false;
	for (i = 0; i < a->len; i++)
		differ |= x[i] ^ y[i];
	return differ == 0;
}

int envol_secret_copy(struct envol *ev, struct envol_secret *dst,
		      const uint8_t *data, size_t len)
{
	int err = envol_secret_alloc(ev, dst, len);

	if (err)
		return err;
	memcpy(dst->data, data, len);
	return 0;
}
