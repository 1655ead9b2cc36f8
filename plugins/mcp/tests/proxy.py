"""A proxy that adds a token, for clients that cannot be told one. One request a connection."""

import socket
import threading


class TokenProxy:
    def __init__(self, port, token):
        self.port_behind, self.token = port, token
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self.serve, args=[client], daemon=True).start()

    def serve(self, client):
        with client:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = client.recv(65536)
                if not piece:
                    return
                head += piece
            first, rest = head.split(b"\r\n", 1)
            lines = [line for line in rest.split(b"\r\n\r\n", 1)[0].split(b"\r\n") if not line.lower().startswith((b"connection:", b"authorization:"))]
            lines += [b"Connection: close", b"Authorization: Bearer " + self.token.encode()]
            with socket.create_connection(("127.0.0.1", self.port_behind)) as server:
                server.sendall(first + b"\r\n" + b"\r\n".join(lines) + b"\r\n\r\n" + head.split(b"\r\n\r\n", 1)[1])
                there = threading.Thread(target=self.pump, args=[client, server], daemon=True)
                there.start()
                self.pump(server, client)

    def pump(self, source, target):
        try:
            while piece := source.recv(65536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            for each in (source, target):  # one side has gone: so does the other
                try:
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # was closed already
