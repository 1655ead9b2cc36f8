"""An engine that is reached by TCP: plain, and by TLS with certificates on both sides. The engine is real; what speaks TLS
before it is Python's."""

import pathlib
import select
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

from engine_case import Engine, Events, Talomed, needs_engine, wait_until


def openssl(folder, *args):
    subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)


def certificates(folder):
    """ca.pem, and by it cert.pem and key.pem for a client, server.pem and server.key for 127.0.0.1; other-… of nobody."""
    for ca in ("ca", "other-ca"):
        openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={ca}", "-keyout", f"{ca}.key", "-out", f"{ca}.pem")
    for name, key, certificate, extension in (("client", "key.pem", "cert.pem", "extendedKeyUsage=clientAuth"),
                                              ("server", "server.key", "server.pem", "subjectAltName=IP:127.0.0.1")):
        openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", f"{name}.csr")
        pathlib.Path(folder, f"{name}.ext").write_text(extension + "\n")
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                "-extfile", f"{name}.ext", "-out", certificate)


class Door:
    """A TCP port of this machine that leads to the engine's socket, by TLS if there is a context."""

    def __init__(self, engine, context=None):
        self.engine, self.context = str(engine.socket), context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.connections = []
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut()

    def cut(self):
        for each in self.connections:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            if self.context:
                client = self.context.wrap_socket(client, server_side=True)
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(self.engine)
        except OSError:
            client.close()
            return
        self.connections += [client, engine]
        try:
            self.pump(client, engine)
        except OSError:
            pass
        client.close()
        engine.close()

    def pump(self, client, engine):
        """One thread for both ways: a TLS object is not two threads' to use. The end of the engine's answer is told by TLS, as an engine does."""
        while True:
            pending = self.context and client.pending()
            ready = [client] if pending else select.select([client, engine], [], [])[0]
            for source, sink in ((client, engine), (engine, client)):
                if source not in ready:
                    continue
                data = source.recv(65536)
                if data:
                    sink.sendall(data)
                    continue
                if self.context and sink is client:
                    client.settimeout(1)
                    client.unwrap()
                return


@needs_engine
class RemoteEngineTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = cls.enterClassContext(Engine())
        cls.engine.import_busybox()
        cls.engine.run("web", "sh", "-c", "echo hello; sleep 86400")
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="talome-tls-"))
        certificates(cls.folder)
        cls.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        cls.context.load_cert_chain(f"{cls.folder}/server.pem", f"{cls.folder}/server.key")
        cls.context.load_verify_locations(f"{cls.folder}/ca.pem")
        cls.context.verify_mode = ssl.CERT_REQUIRED

    def server(self, door, **env):
        talomed = self.enterContext(Talomed(env={"DOCKER_SOCKET": None, "DOCKER_HOST": f"tcp://127.0.0.1:{door.port}", **env}))
        talomed.login()
        return talomed

    def whole(self, talomed, door):
        wait_until(lambda: talomed.get("/api/containers").status == 200, 10)
        self.assertEqual(talomed.get("/api/containers").json[0]["name"], "web")
        answer = talomed.post("/api/containers/web/exec", {"command": "echo over there"})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json["stdout"], "over there\n")
        self.assertIn("hello", talomed.get("/api/containers/web/logs").text)
        with Events(talomed.port, "/api/containers/web/logs?follow=true", talomed.token) as stream:
            self.assertEqual(stream.json()["text"], "hello")
        with Events(talomed.port, "/api/containers/events", talomed.token) as events:
            self.engine.cli("pause", "web")
            self.assertEqual(events.next()[0], "container.paused")
            self.engine.cli("unpause", "web")
        wait_until(lambda: talomed.get("/api/containers").json[0]["status"] == "running", 5)
        door.cut()
        self.engine.cli("pause", "web")
        wait_until(lambda: (answer := talomed.get("/api/containers")).status == 200 and answer.json[0]["status"] == "paused", 10)
        self.engine.cli("unpause", "web")

    def test_plain(self):
        door = self.enterContext(Door(self.engine))
        self.whole(self.server(door), door)

    def test_tls(self):
        door = self.enterContext(Door(self.engine, self.context))
        self.whole(self.server(door, DOCKER_TLS_VERIFY="1", DOCKER_CERT_PATH=self.folder), door)

    def test_an_engine_that_is_not_who_it_should_be(self):
        door = self.enterContext(Door(self.engine, self.context))
        with tempfile.TemporaryDirectory() as other:
            for name, source in (("ca.pem", "other-ca.pem"), ("cert.pem", "cert.pem"), ("key.pem", "key.pem")):
                pathlib.Path(other, name).write_bytes(pathlib.Path(self.folder, source).read_bytes())
            talomed = self.server(door, DOCKER_CERT_PATH=other)
            answer = talomed.get("/api/containers")
            self.assertEqual(answer.status, 503, answer)
            self.assertIn("not who it should be", answer.json["error"])
        talomed = self.server(door, DOCKER_CERT_PATH="/nonexistent")
        self.assertIn("cannot be read", talomed.get("/api/containers").json["error"])

    def test_gone(self):
        door = Door(self.engine)
        door.close()
        answer = self.server(door).get("/api/containers")
        self.assertEqual(answer.status, 503, answer)
        self.assertIn("refused", answer.json["error"])


if __name__ == "__main__":
    unittest.main()
