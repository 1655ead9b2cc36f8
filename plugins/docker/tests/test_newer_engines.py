"""Engines that are newer than the one that can be had here: their answers as the published descriptions of API 1.44, 1.51 and 1.52
have them, with what those versions have added and left out, played by a server on a unix socket."""

import copy
import http.server
import json
import pathlib
import re
import socketserver
import struct
import tempfile
import threading
import unittest

from engine_case import Talomed, wait_until

ID = "5f1c8d6f0a4e2b7c9d3e1f0a2b4c6d8e0f1a3b5c7d9e2f4a6b8c0d1e3f5a7b9c"
IMAGE = "sha256:9ae97d36d26566ff84e8893c64a6dc4fe8ca6d1144bf5b87b2b85a32def253c7"

# API 1.41. Each later version changes it as said below.
LISTED = {"Id": ID, "Names": ["/web"], "Image": "nginx:1.27", "ImageID": IMAGE, "Command": "nginx -g 'daemon off;'", "Created": 1760000000,
          "Ports": [{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}, {"IP": "::", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}],
          "Labels": {"com.docker.compose.project": "site"}, "State": "running", "Status": "Up 2 minutes (healthy)", "HostConfig": {"NetworkMode": "site_default"},
          "NetworkSettings": {"Networks": {"site_default": {"IPAMConfig": None, "Links": None, "Aliases": None, "NetworkID": "c" * 64, "EndpointID": "d" * 64,
                                                            "Gateway": "172.18.0.1", "IPAddress": "172.18.0.2", "IPPrefixLen": 16, "IPv6Gateway": "", "GlobalIPv6Address": "", "GlobalIPv6PrefixLen": 0, "MacAddress": "02:42:ac:12:00:02"}}},
          "Mounts": []}
INSPECTED = {"Id": ID, "Created": "2025-10-09T08:53:20.1Z", "Path": "nginx", "Args": ["-g", "daemon off;"], "Image": IMAGE, "Name": "/web", "RestartCount": 0,
             "State": {"Status": "running", "Running": True, "Paused": False, "Restarting": False, "OOMKilled": False, "Dead": False, "Pid": 0, "ExitCode": 0, "Error": "",
                       "StartedAt": "2025-10-09T08:53:21.2Z", "FinishedAt": "0001-01-01T00:00:00Z", "Health": {"Status": "healthy", "FailingStreak": 0, "Log": []}},
             "HostConfig": {"NetworkMode": "site_default", "RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}},
             "Mounts": [{"Type": "volume", "Name": "data", "Source": "/var/lib/docker/volumes/data/_data", "Destination": "/data", "Driver": "local", "Mode": "z", "RW": True, "Propagation": ""}],
             "Config": {"Hostname": "5f1c8d6f0a4e", "Tty": False, "Env": ["PASSWORD=s3cret"], "Cmd": ["nginx", "-g", "daemon off;"], "Entrypoint": None, "Image": "nginx:1.27",
                        "Labels": {"com.docker.compose.project": "site"}, "MacAddress": ""},
             "NetworkSettings": {"Bridge": "", "HairpinMode": False, "SecondaryIPAddresses": None, "IPAddress": "", "Networks": copy.deepcopy(LISTED["NetworkSettings"]["Networks"])}}
IMAGES = [{"Id": IMAGE, "ParentId": "", "RepoTags": ["nginx:1.27"], "RepoDigests": ["nginx@" + IMAGE], "Created": 1758000000, "Size": 192000000, "VirtualSize": 192000000,
           "SharedSize": -1, "Labels": None, "Containers": -1}]
NETWORKS = [{"Name": "site_default", "Id": "c" * 64, "Created": "2025-10-09T08:53:19Z", "Scope": "local", "Driver": "bridge", "EnableIPv6": False,
             "IPAM": {"Driver": "default", "Options": None, "Config": [{"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"}]}, "Internal": False, "Attachable": False,
             "Ingress": False, "ConfigFrom": {"Network": ""}, "ConfigOnly": False, "Containers": {}, "Options": {}, "Labels": {}}]
EVENT = {"status": "pause", "id": ID, "from": "nginx:1.27", "Type": "container", "Action": "pause", "Actor": {"ID": ID, "Attributes": {"image": "nginx:1.27", "name": "web"}},
         "scope": "local", "time": 1760000300, "timeNano": 1760000300000000000}


def answers_of(version):
    """The answers of a version: path without the version to body."""
    listed, inspected, images, networks, event = map(copy.deepcopy, (LISTED, INSPECTED, IMAGES, NETWORKS, EVENT))
    if version >= 44:
        images[0].pop("VirtualSize")
        inspected["Config"].pop("MacAddress")
        for endpoint in (*inspected["NetworkSettings"]["Networks"].values(), *listed["NetworkSettings"]["Networks"].values()):
            endpoint.update(DNSNames=["web", ID[:12]], DriverOpts=None, GwPriority=0)
    if version >= 48:
        networks[0]["EnableIPv4"] = True
        listed["ImageManifestDescriptor"] = inspected["ImageManifestDescriptor"] = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": IMAGE, "size": 2295}
        images[0]["Descriptor"] = {"mediaType": "application/vnd.oci.image.index.v1+json", "digest": IMAGE, "size": 10229}
    if version >= 51:
        images[0]["Containers"] = 1
        for empty in ("Hostname", "Entrypoint"):
            inspected["Config"].pop(empty)
        for old in ("Bridge", "HairpinMode", "SecondaryIPAddresses", "IPAddress"):
            inspected["NetworkSettings"].pop(old)
    if version >= 52:
        listed["Health"] = {"Status": "healthy", "FailingStreak": 0}
        for old in ("status", "id", "from"):
            event.pop(old)
    return {"/containers/json": [listed], f"/containers/{ID}/json": inspected, "/images/json": images, "/networks": networks,
            f"/networks/{'c' * 64}": networks[0], "event": event}


class FakeEngine(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, api, least, name):
        self.api, self.least, self.name = api, least, name
        self.answers, self.asked, self.streams, self.paused = answers_of(api), [], [], False
        self.folder = tempfile.TemporaryDirectory(prefix="talome-fake-")
        self.path = pathlib.Path(self.folder.name, "docker.sock")
        super().__init__(str(self.path), Handler)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()
        self.folder.cleanup()

    def pause(self):
        self.answers["/containers/json"][0]["State"] = self.answers[f"/containers/{ID}/json"]["State"]["Status"] = "paused"
        for stream in self.streams:
            stream.chunk(json.dumps(self.answers["event"]).encode() + b"\n")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "talomed"

    def log_message(self, *_):
        pass

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def answer(self, status, body, kind="application/json"):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Api-Version", f"1.{self.server.api}")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        engine = self.server
        engine.asked.append(self.path)
        path = self.path.split("?")[0]
        if path == "/version":
            return self.answer(200, {"Version": engine.name, "ApiVersion": f"1.{engine.api}", "MinAPIVersion": f"1.{engine.least}", "Os": "linux", "Arch": "amd64"})
        version, path = re.fullmatch(r"(?:/v1\.(\d+))?(/.*)", path).groups()
        if int(version or engine.api) < engine.least:
            return self.answer(400, {"message": f"client version 1.{version} is too old. Minimum supported API version is 1.{engine.least}, please upgrade your client to a newer version"})
        if int(version or engine.api) > engine.api:
            return self.answer(400, {"message": f"client version 1.{version} is too new. Maximum supported API version is 1.{engine.api}"})
        if path == "/_ping":
            return self.answer(200, b"OK", "text/plain; charset=utf-8")
        if path == "/events":
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.flush()
            engine.streams.append(self)
            self.rfile.read(1)  # until talomed leaves
            return None
        if path == f"/containers/{ID}/logs":
            line = b"2025-10-09T08:53:21.300000000Z started\n"
            return self.answer(200, struct.pack(">BxxxL", 1, len(line)) + line, "application/vnd.docker.multiplexed-stream")
        if path in engine.answers:
            return self.answer(200, engine.answers[path])
        return self.answer(404, {"message": "page not found"})


class NewerEnginesTest(unittest.TestCase):
    def test_what_is_spoken_and_shown(self):
        for api, least, name, spoken in ((41, 12, "20.10.24", 41), (44, 24, "25.0.3", 44), (51, 24, "28.5.1", 51), (52, 44, "29.1.0", 51)):
            with self.subTest(name), FakeEngine(api, least, name) as engine, Talomed(docker=engine.path) as talomed:
                talomed.login()
                wait_until(lambda: talomed.get("/api/containers").status == 200, 10)
                shown = talomed.get("/api/containers?stats=false").json
                self.assertEqual([(each["id"], each["name"], each["status"], each["open"]["port"]) for each in shown], [(ID[:12], "web", "running", 8080)])
                self.assertEqual(shown[0]["ports"], [{"host": 8080, "container": 80, "protocol": "tcp"}])
                detail = talomed.get("/api/containers/web")
                self.assertEqual((detail.status, detail.json["health"], detail.json["restartPolicy"], detail.json["command"], detail.json["env"]),
                                 (200, "healthy", "always", ["nginx", "-g", "daemon off;"], ["PASSWORD"]))
                self.assertEqual(detail.json["networks"][0]["ipAddress"], "172.18.0.2")
                self.assertEqual(talomed.get("/api/containers/web/logs").text, "2025-10-09T08:53:21.300000000Z started\n")
                images = talomed.get("/api/images")
                self.assertEqual((images.status, images.json[0]["tags"], images.json[0]["sizeBytes"], images.json[0]["containers"]), (200, ["nginx:1.27"], 192000000, ["web"]))
                networks = talomed.get("/api/networks")
                self.assertEqual((networks.status, networks.json[0]["name"], networks.json[0]["subnet"]), (200, "site_default", "172.18.0.0/16"))
                wait_until(lambda: engine.streams, 5)
                engine.pause()
                wait_until(lambda: talomed.get("/api/containers?stats=false").json[0]["status"] == "paused", 5)
                versions = {re.match(r"/v1\.(\d+)/", path)[1] for path in engine.asked if path != "/version"}
                self.assertEqual(versions, {str(spoken)})

    def test_too_old_and_too_new(self):
        for api, least, name, words in ((40, 12, "19.03.15", "1.41 (Docker 20.10) or newer is needed"), (70, 60, "40.0.0", "1.51 is the newest")):
            with self.subTest(name), FakeEngine(api, least, name) as engine, Talomed(docker=engine.path) as talomed:
                talomed.login()
                wait_until(lambda: engine.asked, 5)
                answer = talomed.get("/api/containers")
                self.assertEqual(answer.status, 503, answer)
                self.assertIn(words, answer.json["error"])


if __name__ == "__main__":
    unittest.main()
