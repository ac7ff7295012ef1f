# SPDX-License-Identifier: GPL-2.0-or-later
"""Who holds KEKs, on this machine's loopback; guests reach it at HOST."""
import os
import pathlib
import subprocess
import sys
import tempfile

from guest import start
from tools import TESTS, free_port, listens, run, until

sys.path.insert(0, str(TESTS / "keyvault"))
from lib import Double  # noqa: E402  pylint: disable=wrong-import-position

# QEMU's user network, laid so that its host is where a cloud has its metadata service: a
# managed identity takes no other address.
HOST = "169.254.169.254"
NET = ["-netdev", f"user,id=net,net=169.254.169.0/24,host={HOST},dns=169.254.169.3,dhcpstart=169.254.169.15",
       "-device", "virtio-net-pci,netdev=net"]
SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "94618"


class Vault:
    """The double of Key Vault; a managed identity is let in."""

    kek = "https://corp.vault.azure.net/keys/root"

    def __init__(self):
        self.double = Double()

    def settings(self, host):
        def at(url):
            return url.replace("127.0.0.1", host)
        return {"https": {"proxy": at(self.double.proxy), "identity": "managed",
                          "identity_endpoint": at(self.double.imds),
                          "ca_file": self.double.ca if host == "127.0.0.1" else "/etc/envol/vault-ca.pem"}}

    def settings_with_a_secret(self, host):
        """As an application: its secret is where it is only for who unseals it."""
        settings = self.settings(host)
        del settings["https"]["identity_endpoint"]
        settings["https"].update(identity="secret", tenant=self.double.tenant, client_id=self.double.client_id,
                                 client_secret_file="/etc/envol/vault.secret")
        return settings

    def files(self):
        return {"etc/envol/vault-ca.pem": self.double.read("ca")}

    def tell(self, verb, **said):
        self.double.told.close()    # it does not keep a connection for as long as a boot takes
        return self.double.tell(verb, **said)

    def down(self):
        self.tell("fault", do="close", place="proxy", method="CONNECT")

    def up(self):
        self.tell("heal")

    def enable(self, enabled):
        self.tell("key", name="root", vault="corp", enabled=enabled)

    def stop(self):
        self.double.stop()


class Kmip:
    """PyKMIP with one key."""

    def __init__(self):
        self.top = tempfile.TemporaryDirectory(prefix="envol-kmip-")
        self.port = free_port()
        top = pathlib.Path(self.top.name)
        run([TESTS / "kmip" / "certificates.py", top])
        (top / "server.conf").write_text(
            f"[server]\nhostname=127.0.0.1\nport={self.port}\ncertificate_path={top}/server.pem\n"
            f"key_path={top}/server.key\nca_path={top}/ca.pem\nauth_suite=TLS1.2\n"
            f"enable_tls_client_auth=True\nlogging_level=INFO\ndatabase_path={top}/database\n")
        (top / "client.conf").write_text("[client]\n")
        with open(top / "out", "wb") as out:
            self.process = start(["/usr/bin/python3", "-W", "ignore", "/usr/bin/pykmip-server", "-f",
                                  top / "server.conf", "-l", top / "server.log"], stdout=out, stderr=out)
        until("PyKMIP", lambda: listens(self.port), 60)
        uid = run([TESTS / "kmip" / "key", "new"], env=dict(
            os.environ, ENVOL_KMIP=self.top.name, ENVOL_KMIP_ADDRESS=f"127.0.0.1:{self.port}")).strip()
        self.kek = f"kmip://kmip.test/{uid}"

    def settings(self, host):
        there = self.top.name if host == "127.0.0.1" else "/etc/envol/kmip"
        return {"kmip": {"servers": f"{host}:{self.port}", "server_name": "kmip.test",
                         "ca_file": f"{there}/ca.pem", "certificate_file": f"{there}/client.pem",
                         "key_file": f"{there}/client.key"}}

    def files(self):
        return {f"etc/envol/kmip/{name}": (pathlib.Path(self.top.name) / name).read_text()
                for name in ("ca.pem", "client.pem", "client.key")}

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.top.cleanup()


class SoftHsm:
    """A token in files: they are a part of the machine that boots."""

    def __init__(self, seed):
        self.tokens = seed / "var" / "lib" / "softhsm" / "tokens"
        self.tokens.mkdir(parents=True, mode=0o700)
        self.pin = seed / "etc" / "envol" / "token.pin"
        self.pin.write_text(PIN + "\n")
        self.pin.chmod(0o600)
        self.conf = seed.parent / "softhsm2.conf"
        self.conf.write_text(f"directories.tokendir = {self.tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
        environment = dict(os.environ, SOFTHSM2_CONF=str(self.conf))
        run(["softhsm2-util", "--init-token", "--free", "--label", "hsm", "--pin", PIN, "--so-pin", PIN],
            env=environment)
        slots = run(["softhsm2-util", "--show-slots"], env=environment)
        self.serial = next(line.split()[2] for line in slots.splitlines()
                           if "Serial number:" in line and len(line.split()) > 2)
        self.kek = f"pkcs11:token=hsm;serial={self.serial};object=root"
        conf = seed / "etc" / "softhsm" / "softhsm2.conf"
        conf.parent.mkdir(parents=True)
        conf.write_text("directories.tokendir = /var/lib/softhsm/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")

    def settings(self, host):
        here = host == "127.0.0.1"
        return {"pkcs11": {"module": SOFTHSM,
                           "environment": f"SOFTHSM2_CONF={self.conf if here else '/etc/softhsm/softhsm2.conf'}"},
                f"pkcs11 token=hsm;serial={self.serial}":
                    {"pin_file": self.pin if here else "/etc/envol/token.pin"}}

    def files(self):
        return {}

    def stop(self):
        pass
