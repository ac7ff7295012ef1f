/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public interface of libenvol: the handle. One handle belongs to one thread. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

struct envol;

enum envol_log_level {
	ENVOL_LOG_ERROR,
	ENVOL_LOG_WARNING,
	ENVOL_LOG_INFO,
	ENVOL_LOG_DEBUG,
};

/* Takes one line without a newline, which it must not keep. */
typedef void (*envol_log_fn)(enum envol_log_level level, const char *line,
			     void *data);

/*
 * A handle with the defaults that the setters below name, for envol_free().
 * -ENOMEM.
 */
int envol_new(struct envol **ev) __attribute__((warn_unused_result));

/* NULL is fine. */
void envol_free(struct envol *ev);

/*
 * Lines up to @level go to @fn, with @data; NULL, the default, drops them.
 * @data must outlive the handle or the next call.
 */
void envol_set_log(struct envol *ev, envol_log_fn fn, void *data,
		   enum envol_log_level level);

/*
 * The sentence for the last error of a function that took @ev; "" if there was
 * none. Lives until the next call with @ev.
 */
const char *envol_error_message(const struct envol *ev);

/*
 * Directory of the service keys, copied; default /etc/envol/keys. -EINVAL for
 * a path that is not absolute, -ENOMEM; either leaves what was set.
 */
int envol_set_keystore(struct envol *ev, const char *path)
	__attribute__((warn_unused_result));

/* Directory of what the host remembers; default /var/lib/envol. Otherwise the same. */
int envol_set_state(struct envol *ev, const char *path)
	__attribute__((warn_unused_result));

/*
 * TCTI configuration of the TPM, copied: "" (the default) the default device,
 * "none" never to use one. -ENOMEM leaves what was set.
 */
int envol_set_tpm(struct envol *ev, const char *tcti)
	__attribute__((warn_unused_result));

/*
 * How long one use of a KEK may take, all retries included: 1 to 3600000 ms,
 * default 30000; else -EINVAL.
 */
int envol_set_timeout(struct envol *ev, unsigned int timeout_ms)
	__attribute__((warn_unused_result));

#ifdef __cplusplus
}
#endif
