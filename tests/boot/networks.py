# SPDX-License-Identifier: GPL-2.0-or-later
"""How a machine comes to its vault: by which card, which address, which name - or not at all."""
import socket

from ground import ini
from guest import SCALE
from names import Names
from peers import HOST, NET
from suite import PROMPT, boot, deep, proof
from tools import until

# Its cable leads nowhere.
SILENT = ["-netdev", "hubport,id=silent,hubid=7", "-device", "virtio-net-pci,netdev=silent"]
STATIC = "169.254.169.77"
DHCP = b"\x63\x82\x53\x63"    # stands in all of its messages: RFC 2131, 3


def opens_by_the_recovery_key(s, m, what):
    """The stock helper has nobody asked for three minutes where a card is missing."""
    m.expect(PROMPT, 90)
    began, asked = m.when("scripts/local-top"), m.when(PROMPT)
    assert asked - began < 15 * SCALE, f"asked {asked - began:.0f} s after the scripts began"
    m.type(s.g.recovery.read_text().strip())
    proof(m)
    opened = m.when("proof: root")
    assert opened - began < 60 * SCALE, f"root was there {opened - began:.0f} s after the scripts began"
    print(f"# {what}: asked {asked - began:.1f} s after the scripts began, root was there after "
          f"{opened - began:.1f} s", flush=True)
    m.wait_end()


@boot
def the_network_card_is_missing(s):
    """The question does not wait for it, and neither does what the key opens."""
    with s.guest("no-card", s.g.volumes([s.g.keks["vault"]], names=["root"])) as m:
        opens_by_the_recovery_key(s, m, "without a network card")


@deep
def the_card_that_the_command_line_names_is_missing(s):
    with s.guest("other-card", s.g.volumes([s.g.keks["vault"]], names=["root"]),
                 f"init=/usr/local/sbin/proof rw ip={STATIC}::{HOST}:255.255.255.0::eth7:off", net=NET) as m:
        opens_by_the_recovery_key(s, m, "without the card that ip= names")


@deep
def an_address_by_the_command_line(s):
    """On the second of two cards, with a server of names; nobody there is asked for an address."""
    names = Names(HOST)
    names.answers = True
    frames = s.g.dir / "static.pcap"
    dump = ["-object", f"filter-dump,id=dump,netdev=net,file={frames}"]
    settings = s.g.vault.settings(HOST)
    settings["https"]["proxy"] = settings["https"]["proxy"].replace(HOST, "proxy.test")
    at = f"ip={STATIC}::{HOST}:255.255.255.0::eth1:off:169.254.169.3"
    try:
        with s.guest("static", s.g.volumes([s.g.keks["vault"]], names=["root"]),
                     f"init=/usr/local/sbin/proof rw net.ifnames=0 {at}", net=SILENT + NET + dump,
                     files={"etc/envol/envol.conf": ini(settings)}, under=names.command) as m:
            proof(m, 200)
            m.wait_end()
            assert names.asked, "nobody asked the server of names that ip= names"
        seen = frames.read_bytes()
        assert socket.inet_aton(STATIC) in seen, "no frame has the address that ip= names"
        assert DHCP not in seen, "DHCP was asked for an address"
    finally:
        names.stop()


@deep
def names_are_found_late_by_one_of_two_cards(s):
    """The first card's cable leads nowhere; the server of names answers when it was asked."""
    names = Names(HOST)
    settings = s.g.kmip.settings(HOST)
    settings["kmip"]["servers"] = settings["kmip"]["servers"].replace(HOST, "kmip.test")
    try:
        with s.guest("names", s.g.volumes([s.g.keks["kmip"]], names=["root"]), net=SILENT + NET,
                     files={"etc/envol/envol.conf": ini(settings)}, under=names.command) as m:
            m.expect(PROMPT, 90)
            until("who asks for the name", lambda: names.asked, 120)
            m.expect(r"kmip.test.*try \d+ in", 150)
            names.answers = True
            m.expect("volume root is open", 150)
            proof(m)
            m.wait_end()
    finally:
        names.stop()
