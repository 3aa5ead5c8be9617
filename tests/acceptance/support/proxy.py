"""An HTTP proxy with a login, as companies have one between their networks."""

import re

from .cutting_line import CuttingLine
from .workspace import listens, tool

USER, PASSWORD = "worker", "pass-of-the-proxy"

SETTINGS = """
Port {port}
Listen 127.0.0.1
LogFile "{log}"
LogLevel Connect
BasicAuth {user} {password}
"""


class Proxy:
    """With an `authority`, the proxy itself is spoken to over TLS."""

    def __init__(self, workspace, authority=None):
        home = workspace.directory("proxy")
        self._log, port = home / "log", workspace.free_port()
        self._host = f"127.0.0.1:{port}"
        settings = home / "tinyproxy.conf"
        settings.write_text(SETTINGS.format(port=port, log=self._log, user=USER,
                                            password=PASSWORD))
        workspace.start([tool("tinyproxy"), "-d", "-c", settings], home / "out",
                        lambda: listens(port))
        self._scheme = "http"
        if authority:
            self._scheme = "https"
            self._host = CuttingLine(self._host, certificate=authority.issue()).address

    def environment(self, password=PASSWORD, **more):
        """The variables that Concourse gives to containers behind the proxy."""
        address = f"{self._scheme}://{USER}:{password}@{self._host}"
        return {"http_proxy": address, "https_proxy": address, **more}

    def tunnel(self, password=PASSWORD):
        """The `https_tunnel` of a repository behind it."""
        host, _, port = self._host.partition(":")
        return {"proxy_host": host, "proxy_port": int(port), "proxy_user": USER,
                "proxy_password": password}

    def asked(self):
        """(method, host and port) of each request so far."""
        return re.findall(r"Request \(file descriptor \d+\): (\w+) (?:http://)?([^/ ]+)",
                          self._log.read_text())
