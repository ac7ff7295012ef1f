// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/provider/credential.h"
#include "userspace/lib/provider/kmip/server.h"
#include "userspace/lib/provider/settings.h"
#include "userspace/lib/provider/signer.h"

#define SERVERS_MAX 16u

/* What all servers of a place have in common. */
struct access {
	struct envol *ev;
	const struct envol_kmip_place *place;
	struct envol_tls_options tls;
	struct envol_tls_signer signer;
	struct envol_deadline deadline;	/* of the signer */
	struct envol_secret key, password;
	const char *username, *version;
	struct envol_kmip_place servers[SERVERS_MAX];
	unsigned int n_servers;
};

static const char *setting(const struct access *access, const char *key)
{
	return envol_setting(access->ev, "kmip", access->place->subject, key);
}

static int read_file(struct access *access, const char *key, struct envol_secret *secret)
{
	int err = envol_credential_read(access->ev, "kmip", key,
					setting(access, key), secret);

	/* -ENOENT would be taken for a KEK that is not there. */
	return err ? envol_error_while(access->ev, err == -ENOENT ? -EINVAL : err, "%s", key) :
		     0;
}

static int missing(const struct access *access, const char *key)
{
	return envol_error(access->ev, -EINVAL,
			   "%s is not set: section [kmip %s] of envol.conf has to say how this server is reached; see envol.conf(5)",
			   key, access->place->subject);
}

static bool has_section(const struct access *access)
{
	const char *subject;
	size_t i;

	for (i = 0; (subject = envol_setting_subject(access->ev, "kmip", i)); i++)
		if (strcmp(subject, access->place->subject) == 0)
			return true;
	return false;
}

/*
 * A certificate proves who we are and gives nothing away; a password is the server's
 * from then on. A URI may come from a disk, and lead to any server that this CA knows.
 */
static int take_password(struct access *access)
{
	if (!access->username || !setting(access, "password_file"))
		return 0;
	if (!has_section(access))
		return envol_error(access->ev, -EACCES,
				   "a password is sent to no server that the settings do not name: section [kmip %s] of envol.conf makes it one that may have it",
				   access->place->subject);
	return read_file(access, "password_file", &access->password);
}

static int sign(void *data, const char *algorithm, const uint8_t *digest, size_t len,
		struct envol_blob *signature)
{
	struct access *access = data;

	return envol_signer_sign(access->ev, access->signer.name, algorithm, digest, len,
				 access->deadline, signature);
}

/* In a file, or in a token, which then signs. */
static int take_key(struct access *access)
{
	const char *uri = setting(access, "client_key");

	if (uri && access->tls.key_file)
		return envol_error(access->ev, -EINVAL,
				   "key_file and client_key are both set for %s: the key is in a file or in a token",
				   access->place->subject);
	if (!uri && !access->tls.key_file)
		return missing(access, "key_file (or client_key)");
	if (!uri)
		return read_file(access, "key_file", &access->key);
	access->signer = (struct envol_tls_signer){
		.ev = access->ev, .name = uri, .sign = sign, .data = access,
	};
	access->tls.signer = &access->signer;
	return 0;
}

static int take_credentials(struct access *access)
{
	int err = 0;

	access->tls.ca_file = setting(access, "ca_file");
	access->tls.certificate_file = setting(access, "certificate_file");
	access->tls.key_file = setting(access, "key_file");
	access->tls.server_name = setting(access, "server_name");
	access->tls.key = &access->key;
	access->username = setting(access, "username");
	access->version = setting(access, "version");
	if (!access->tls.ca_file)
		return missing(access, "ca_file");
	if (!access->tls.certificate_file)
		return missing(access, "certificate_file");
	err = take_key(access);
	return err ? err : take_password(access);
}

static int take_servers(struct access *access)
{
	const char *list = setting(access, "servers");
	_cleanup_free_ char *copy = list ? strdup(list) : NULL;
	char *word, *rest;
	int err;

	if (!list) {
		access->servers[access->n_servers++] = *access->place;
		return 0;
	}
	if (!copy)
		return envol_error(access->ev, -ENOMEM, "out of memory");
	for (word = strtok_r(copy, " \t,", &rest); word; word = strtok_r(NULL, " \t,", &rest)) {
		if (access->n_servers == SERVERS_MAX)
			return envol_error(access->ev, -EINVAL, "servers: more than %u",
					   SERVERS_MAX);
		err = envol_kmip_scheme_place(access->ev, word,
					      &access->servers[access->n_servers++]);
		if (err)
			return envol_error_while(access->ev, err, "servers");
	}
	return access->n_servers ? 0 : envol_error(access->ev, -EINVAL, "servers: none");
}

/* "1.4": the rule lets nothing else through. */
static struct envol_kmip_version parse_version(const char *text)
{
	return (struct envol_kmip_version){ text[0] - '0', text[2] - '0' };
}

static int connect_to(struct access *access, const struct envol_kmip_place *server,
		      struct envol_deadline deadline, struct envol_kmip_client *client)
{
	int err;

	client->ev = access->ev;
	client->deadline = access->deadline = deadline;
	client->username = access->username;
	snprintf(client->server, sizeof(client->server), "%s", server->subject);
	err = envol_kmip_client_init(client);
	if (!err && access->password.len)
		err = envol_secret_copy(access->ev, &client->password,
					access->password.data, access->password.len);
	if (!err)
		err = envol_tls_open(access->ev, server->host, server->port, &access->tls,
				     deadline, &client->tls);
	if (!err && access->version)
		client->version = parse_version(access->version);
	else if (!err)
		err = envol_kmip_client_discover(client);
	if (err)
		envol_kmip_client_wipe(client);
	return err;
}

static int connect_to_one(struct access *access, struct envol_deadline deadline,
			  struct envol_kmip_client *client)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < access->n_servers; i++) {
		unsigned int left = access->n_servers - i;
		struct envol_deadline until = deadline;

		if (left > 1)
			until = envol_deadline_in(envol_deadline_left_ms(deadline) / left);
		err = connect_to(access, &access->servers[i], until, client);
		if (!err) {
			client->deadline = deadline;
			return 0;
		}
		/* No other server is to be asked where our own key does not sign. */
		if (access->signer.err)
			return err;
		if (left > 1)
			envol_log_warning(access->ev, "%s; the next server is tried",
					  envol_error_message(access->ev));
	}
	return err;
}

int envol_kmip_server_connect(struct envol *ev, const struct envol_kmip_place *place,
			      struct envol_deadline deadline,
			      struct envol_kmip_client *client)
{
	struct access access = { .ev = ev, .place = place };
	int err = take_credentials(&access);

	if (!err)
		err = take_servers(&access);
	if (!err)
		err = connect_to_one(&access, deadline, client);
	envol_secret_wipe(&access.key);
	envol_secret_wipe(&access.password);
	return err;
}
