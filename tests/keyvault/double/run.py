# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything put together: `start` runs it."""
import os
import ssl

from . import ca, server, tokens
from .world import (AUTHORITIES, CLIENT_ID, CLUSTER, IDENTITY_ID, READER_ID, SUFFIXES, TENANT,
                    World)

LOCAL = ["localhost", "127.0.0.1"]


def write(path, text, mode=0o600):
    with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, mode), "w") as f:
        f.write(text)
    return path


class Double:
    """A running double; facts says where everything is."""

    def __init__(self, directory, arc_directory=None):
        directory = os.path.realpath(directory)
        os.makedirs(directory, mode=0o700, exist_ok=True)

        def at(name):
            return os.path.join(directory, name)

        self.world = world = World()
        world.arc_directory = arc_directory or at("tokens")
        os.makedirs(world.arc_directory, mode=0o700, exist_ok=True)
        key, certificate = ca.client("envol double")
        world.certificate = certificate
        world.reset()
        authority, stranger = ca.Authority("envol double CA"), ca.Authority("some other CA")
        names = LOCAL + ["*." + suffix for suffix in SUFFIXES] + list(AUTHORITIES)

        def tls(name, pem, highest=None):
            return server.context(write(at(name), pem), highest)

        good = tls("server.pem", authority.server(names))
        contexts = {
            "stranger": tls("stranger.pem", stranger.server(names)),
            "expired": tls("expired.pem", authority.server(names, expired=True)),
            "misnamed": tls("misnamed.pem", authority.server(["elsewhere.example"])),
            "old": server.context(at("server.pem"), ssl.TLSVersion.TLSv1_1),
        }
        ports = {place: server.Listener(world, place, good).port
                 for place in ("envol", "other", "hsm")}
        bad = {name: server.Listener(world, "envol", context).port
               for name, context in contexts.items()}
        identity = server.Listener(world, "identity").port
        control = server.Listener(world, "control").port
        proxy = server.Listener(world, "proxy", None, server.Proxy)
        proxy.routes = lambda host: ports["hsm" if SUFFIXES.get(host.partition(".")[2])
                                          else "envol"] \
            if host in AUTHORITIES or host.partition(".")[2] in SUFFIXES else None
        world.authority = lambda host: (f"https://{AUTHORITIES[0]}"
                                        if host.partition(".")[2].split(":")[0] in SUFFIXES
                                        else f"https://localhost:{ports['envol']}")
        federated = tokens.sign(world.cluster_key, {
            "aud": [tokens.EXCHANGE], "iss": CLUSTER[0], "sub": CLUSTER[1],
            "iat": int(world.now()), "nbf": int(world.now()), "exp": int(world.now()) + 7200})
        self.facts = {
            "CA": write(at("ca.pem"), authority.pem, 0o644),
            "VAULT": f"https://localhost:{ports['envol']}",
            "OTHER": f"https://localhost:{ports['other']}",
            "HSM": f"https://localhost:{ports['hsm']}",
            "AUTHORITY": f"https://localhost:{ports['envol']}",
            "TENANT": TENANT, "CLIENT_ID": CLIENT_ID, "READER_ID": READER_ID,
            "IDENTITY_ID": IDENTITY_ID,
            "IDENTITY_OID": world.applications[IDENTITY_ID].oid,
            "SECRET_FILE": write(at("client-secret"), world.secret),
            "CERTIFICATE_FILE": write(at("client.pem"), key + certificate),
            "FEDERATED_TOKEN_FILE": write(at("federated-token"), federated),
            "IMDS": f"http://127.0.0.1:{identity}",
            "APP_SERVICE": f"http://127.0.0.1:{identity}/msi/token",
            "IDENTITY_HEADER_FILE": write(at("identity-header"), world.identity_header),
            "ARC": f"http://127.0.0.1:{identity}/metadata/identity/oauth2/token",
            "ARC_DIRECTORY": world.arc_directory,
            "PROXY": f"http://127.0.0.1:{proxy.port}",
            "CONTROL": f"http://127.0.0.1:{control}",
            **{name.upper(): f"https://localhost:{port}" for name, port in bad.items()},
        }
        write(at("facts"), "".join(f"{name}={value}\n" for name, value in self.facts.items()))
