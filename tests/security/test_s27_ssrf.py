"""S27: what a plugin fetches reaches no address that it may not: however the address is written, whatever a name server
says and when, wherever a redirect leads. In a network of its own, where all these addresses answer."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fetch"))
import world  # noqa: E402
from world import (DENIED, INVALID, LAN, LAN6, LAN_TOO, LOOPBACK, LOOPBACK6, NEVER, NEVER6, OK, PUBLIC, PUBLIC6, PUBLIC_TOO, UNAVAILABLE, World, answer,  # noqa: E402
                   redirect)

GRANTS = [{}, {"lan": True}, {"loopback": True}, {"lan": True, "loopback": True}]


def setUpModule():
    world.begin()


class SsrfTest(World):
    def reached(self, url, server, **order):
        """Whether a fetch got through; if not, that it was refused and nothing arrived."""
        before = len(server.requests), server.connections
        result = self.fetch(url, **order)
        if result["failure"] == OK:
            return True
        self.fails(DENIED, result, "may not be asked")
        self.assertEqual((len(server.requests), server.connections), before, "it was connected to")
        return False

    def test_every_kind_of_address_for_every_grant(self):
        for address in [PUBLIC, PUBLIC6, LAN, LAN_TOO, LAN6, LOOPBACK, "127.0.0.2", LOOPBACK6, *NEVER, *NEVER6]:
            server = self.serve(answer("reached"), address)
            for grants in GRANTS:
                may = address in (PUBLIC, PUBLIC6) or (address in (LAN, LAN_TOO, LAN6) and grants.get("lan")) \
                    or (address in (LOOPBACK, "127.0.0.2", LOOPBACK6) and grants.get("loopback"))
                with self.subTest(address, **grants):
                    self.assertEqual(self.reached(server.url, server, **grants), bool(may))

    def test_names_are_judged_by_their_addresses(self):
        for address in [LAN, LAN6, LOOPBACK, LOOPBACK6, *NEVER, *NEVER6, "0.0.0.0", "::", "::ffff:127.0.0.1", "::127.0.0.1"]:
            server = self.serve(answer("reached"), "::" if ":" in address else "0.0.0.0")
            world.names["inward.test"] = [address]
            self.assertFalse(self.reached(f"http://inward.test:{server.port}/", server), address)
        self.assertFalse(self.reached(f"http://localhost:{server.port}/", server))
        world.names["metadata.google.internal"] = ["169.254.169.254"]
        self.assertFalse(self.reached(f"http://metadata.google.internal:{server.port}/", server, lan=True, loopback=True))

    def test_other_spellings_of_this_machine(self):
        server = self.serve(answer("reached"), "0.0.0.0")
        for host in ["127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "127.0.0.1.", "127.000.000.001", "0", "0x0",
                     "[::ffff:127.0.0.1%25lo]", "[::1%25lo]", "[::1%lo]", "localhost.", "example.com@127.0.0.1", "127.0.0.1\\@example.com",
                     "%6c%6f%63alhost", "%31%32%37.0.0.1", "\u2460\u2461\u2466.0.0.1", "127\u30020\u30020\u30021", "127.0.0.1 ", " 127.0.0.1", "127.0.0.1\t",
                     "127.0.0.1\n", "example.com\r\nHost: a", "[127.0.0.1]", "[::127.0.0.1", "127.0.0.1,example.com"]:
            with self.subTest(host):
                for grants in [{}, {"lan": True, "loopback": True}]:
                    result = self.fetch(f"http://{host}:{server.port}/", **grants)
                    self.assertIn(result["failure"], (INVALID, DENIED), result)
        result = self.fetch(f"http://example.com#@127.0.0.1:{server.port}/", lan=True, loopback=True)  # a fragment: RFC 3986, 3.5
        self.fails(UNAVAILABLE, result, "example.com is not known")
        for host in ["[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]", "0.0.0.0", "[::]", "[64:ff9b::127.0.0.1]",
                     "[2002:7f00:1::]", "169.254.169.254", "[fe80::1]"]:
            with self.subTest(host):
                for grants in GRANTS:
                    self.fails(DENIED, self.fetch(f"http://{host}:{server.port}/", **grants), "may not be asked")
        self.assertEqual(server.connections, 0)

    def test_other_schemes(self):
        for url in ["file:///etc/passwd", "gopher://127.0.0.1:80/_GET", "ftp://127.0.0.1/", "dict://127.0.0.1:80/", "http:127.0.0.1", "//127.0.0.1/", "ldap://127.0.0.1/",
                    "scp://127.0.0.1/", "telnet://127.0.0.1/", "tftp://127.0.0.1/", "smb://127.0.0.1/", "data:text/plain,x"]:
            self.fails(INVALID, self.fetch(url, loopback=True))

    def test_a_name_that_changes_its_mind(self):
        """The address that was judged is the one that is connected to, and the name is asked once."""
        outside = self.serve(answer("outside"), PUBLIC)
        inside = self.serve(answer("inside"), LOOPBACK, outside.port)
        world.names["rebind.test"] = [[PUBLIC], [LOOPBACK]]
        url = f"http://rebind.test:{outside.port}/"
        self.assertEqual(self.fetch(url)["body"], "outside")
        self.assertFalse(self.reached(url, inside))
        self.assertFalse(self.reached(url, inside, lan=True))
        self.assertEqual(inside.connections, 0)

    def test_a_kept_connection_is_no_way_round(self):
        """With the grant a connection is made and kept; without it the same name does not get to it."""
        inside = self.serve(answer("inside"), LAN)
        world.names["kept.test"] = [[LAN], [PUBLIC]]
        url = f"http://kept.test:{inside.port}/"
        self.assertEqual(self.fetch(url, lan=True)["body"], "inside")
        self.assertNotEqual(self.fetch(url)["failure"], OK)
        self.assertEqual(len(inside.requests), 1)

    def test_a_name_with_addresses_of_both_kinds(self):
        outside = self.serve(answer("outside"), PUBLIC)
        inside = self.serve(answer("inside"), LOOPBACK, outside.port)
        lan = self.serve(answer("lan"), LAN, outside.port)
        for order in [[PUBLIC, LOOPBACK, LAN], [LOOPBACK, LAN, PUBLIC]]:
            world.names["both.test"] = order
            self.assertEqual(self.fetch(f"http://both.test:{outside.port}/")["body"], "outside")
        world.names["down.test"] = [PUBLIC_TOO, LOOPBACK]  # where nothing listens: the other one is not tried instead
        self.assertNotEqual(self.fetch(f"http://down.test:{outside.port}/")["failure"], OK)
        self.assertEqual((inside.connections, lan.connections), (0, 0))

    def test_redirects_inwards(self):
        inner = {address: self.serve(answer("reached"), address) for address in [LAN, LOOPBACK, LAN6, LOOPBACK6, *NEVER, *NEVER6]}
        world.names["inward.test"] = [LOOPBACK]
        for status in (301, 302, 303, 307, 308):
            for address, server in inner.items():
                outer = self.serve(redirect(server.url + "/latest/meta-data/", status), PUBLIC)
                for grants in GRANTS:  # that the owner's URL may lie in the LAN does not let strangers lead there
                    self.assertFalse(self.reached(outer.url, server, **grants), (address, status, grants))
        for to in [f"http://inward.test:{inner[LOOPBACK].port}/", f"//inward.test:{inner[LOOPBACK].port}/"]:
            self.assertFalse(self.reached(self.serve(redirect(to), PUBLIC).url, inner[LOOPBACK], lan=True, loopback=True))
        for to in ["http://2130706433/", "http://0x7f.1/", "http://a@127.0.0.1/", "file:///etc/passwd", "\\\\127.0.0.1\\x", "http:\\\\127.0.0.1"]:
            self.assertNotEqual(self.fetch(self.serve(redirect(to), PUBLIC).url, lan=True, loopback=True)["failure"], OK)

    def test_redirects_outwards_and_aside(self):
        outside, aside = self.serve(answer("outside"), PUBLIC_TOO), self.serve(answer("aside"), LAN_TOO)
        grants = {"lan": True, "loopback": True}
        for start in (LOOPBACK, LAN, PUBLIC):
            self.assertEqual(self.fetch(self.serve(redirect(outside.url), start).url, **grants)["body"], "outside")
        for start in (LOOPBACK, LAN):
            self.assertEqual(self.fetch(self.serve(redirect(aside.url), start).url, **grants)["body"], "aside")
        here = self.serve(answer("here"), LOOPBACK)
        self.assertFalse(self.reached(self.serve(redirect(here.url), LAN).url, here, **grants))
        self.assertFalse(self.reached(self.serve(redirect(aside.url), LOOPBACK).url, aside, loopback=True))

    def test_out_and_in_again(self):
        here = self.serve(answer("here"), LAN)
        back = self.serve(redirect(here.url), PUBLIC)
        self.assertFalse(self.reached(self.serve(redirect(back.url), LAN).url, here, lan=True, loopback=True))

    def test_upgrades_and_streams_have_the_same_rules(self):
        server = self.serve(answer("reached"), LAN)
        world.names["inward.test"] = [LAN]
        for url in [server.url, f"http://inward.test:{server.port}/"]:
            self.fails(DENIED, self.fetch(url, where="upgrade", protocol="tcp"))
            self.assertEqual(self.talomed.post("/api/fetcher/streams", {"url": url}).status, 201)
        self.assertEqual(server.connections, 0)

    def test_words_say_no_address(self):
        world.names["inward.test"] = [LAN]
        result = self.fails(DENIED, self.fetch("http://inward.test/secret?key=s3cret"))
        for secret in (LAN, "s3cret", "/secret"):
            self.assertNotIn(secret, result["words"])


if __name__ == "__main__":
    unittest.main()
