// SPDX-License-Identifier: LGPL-2.1-or-later
/* Weak: a program without any provider has no such section. */
#include <pthread.h>
#include <string.h>

#include "userspace/lib/provider/child.h"
#include "userspace/lib/provider/provider.h"

extern const struct envol_scheme *const __start_envol_schemes[]
	__attribute__((weak));
extern const struct envol_scheme *const __stop_envol_schemes[]
	__attribute__((weak));
extern const struct envol_provider *const __start_envol_providers[]
	__attribute__((weak));
extern const struct envol_provider *const __stop_envol_providers[]
	__attribute__((weak));

#define PROVIDERS_MAX 32

static struct envol_provider_info infos[PROVIDERS_MAX];
static size_t n_infos;
static pthread_once_t infos_once = PTHREAD_ONCE_INIT;

const struct envol_scheme *envol_registry_scheme(const char *scheme)
{
	const struct envol_scheme *const *it;

	for (it = __start_envol_schemes; it < __stop_envol_schemes; it++)
		if (strcmp((*it)->scheme, scheme) == 0)
			return *it;
	return NULL;
}

const struct envol_provider *
envol_registry_next(const struct envol_provider *provider)
{
	const struct envol_provider *const *it;
	bool passed = provider == NULL;

	for (it = __start_envol_providers; it < __stop_envol_providers; it++) {
		if (passed)
			return *it;
		passed = *it == provider;
	}
	return NULL;
}

const struct envol_provider *envol_registry_provider(const char *scheme)
{
	const struct envol_provider *provider = NULL;

	do
		provider = envol_registry_next(provider);
	while (provider && strcmp(provider->scheme, scheme) != 0);
	return provider;
}

static int by_scheme(const void *a, const void *b)
{
	const struct envol_provider_info *x = a, *y = b;

	return strcmp(x->scheme, y->scheme);
}

static void fill_infos(void)
{
	const struct envol_scheme *const *it;

	for (it = __start_envol_schemes;
	     it < __stop_envol_schemes && n_infos < PROVIDERS_MAX; it++)
		infos[n_infos++] = (struct envol_provider_info){
			(*it)->scheme, (*it)->summary
		};
	qsort(infos, n_infos, sizeof(infos[0]), by_scheme);
}

size_t envol_provider_list(const struct envol_provider_info **providers)
{
	pthread_once(&infos_once, fill_infos);
	*providers = infos;
	return n_infos;
}

bool envol_provider_is_installed(struct envol *ev, const char *scheme)
{
	return envol_child_is_installed(ev, scheme);
}
