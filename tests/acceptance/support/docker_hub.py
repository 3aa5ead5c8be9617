"""Stands in for Docker Hub: a registry on loopback that a proxy leads to."""

import socket
import socketserver
import threading

from . import programs, registry, tls

NAME = "registry-1.docker.io"


class DockerHub:
    """`env` makes programs reach the registry under Docker Hub's name, with `certificate` as the
    one to trust; `connections` counts how often they did. Other names lead nowhere."""

    def __init__(self, workspace):
        authority = tls.Authority(workspace)
        self.certificate = authority.certificate
        self.registry = registry.Registry(workspace, authority=authority, names=[NAME])
        self.connections, self.refused = 0, []
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                target = self.rfile.readline().split()[1].decode()
                while self.rfile.readline().strip():
                    pass
                if target != f"{NAME}:443":
                    outer.refused.append(target)
                    self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                    return
                outer.connections += 1
                host, port = outer.registry.host.split(":")
                with socket.create_connection((host, int(port))) as far:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
                    back = threading.Thread(target=_copy, args=(far, self.connection))
                    back.start()
                    _copy(self.connection, far)
                    back.join()

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.env = {**programs.environment(), "no_proxy": "127.0.0.1",
                    "https_proxy": f"http://127.0.0.1:{self._server.server_address[1]}"}
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def _copy(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass
