"""A private certificate authority, as companies have one."""

from .workspace import run


class Authority:
    """Issues certificates; `certificate` is its own, as PEM text, in `file`."""

    def __init__(self, workspace):
        self._workspace = workspace
        home = workspace.directory("authority")
        self._key, self.file = home / "ca.key", home / "ca.pem"
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", "/CN=Example Root", "-keyout", self._key, "-out", self.file)
        self.certificate = self.file.read_text()

    def issue(self, *more, days=2, bits=2048):
        """A certificate and key file for a server on loopback, and for `more` names."""
        home = self._workspace.directory("certificate")
        key, request, pem, names = (home / one for one in ("key", "csr", "pem", "names"))
        run("openssl", "req", "-newkey", f"rsa:{bits}", "-nodes", "-subj", "/CN=127.0.0.1",
            "-keyout", key, "-out", request)
        names.write_text("subjectAltName=" + ",".join(
            ["IP:127.0.0.1", "DNS:localhost", *(f"DNS:{name}" for name in more)]))
        run("openssl", "x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self._key,
            "-CAcreateserial", "-days", str(days), "-extfile", names, "-out", pem)
        return pem, key
