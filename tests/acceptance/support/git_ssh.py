"""Git over SSH: a real sshd on loopback that lets the current user in."""

import os
import pwd

from .workspace import SYSTEM_PATH, listens, run, tool

PASSPHRASE = "phrase-of-the-key"


class GitSsh:
    """A running sshd. `known_hosts` is the line that names its host key.

    With `version_2` it lets through what asks for version 2 of git's protocol, as hosting services
    do; the usual sshd does not. `programs` is a directory with further commands, `settings` is lines
    of sshd_config, `most_logins` how many may be under way.
    """

    def __init__(self, workspace, version_2=False, programs=None, settings="",
                 most_logins=100):
        home = workspace.directory("sshd")
        self._home, self._keys, self.port = home, 0, workspace.free_port()
        self.user = pwd.getpwuid(os.getuid()).pw_name
        host_key = self._make_key("host", "ed25519")
        (home / "authorized").touch()
        config = home / "config"
        config.write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {host_key}\n"
            f"AuthorizedKeysFile {home}/authorized\nPidFile {home}/pid\nStrictModes no\n"
            "UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            f"PermitRootLogin yes\nMaxStartups {most_logins}\nLogLevel VERBOSE\n"
            + ("AcceptEnv GIT_PROTOCOL\n" if version_2 else "")
            + (f"SetEnv PATH={programs}:{SYSTEM_PATH}\n" if programs else "") + settings)
        if os.getuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        workspace.start([tool("sshd"), "-D", "-e", "-f", config], home / "log",
                        lambda: listens(self.port))
        self.known_hosts = self._line_for(host_key.with_suffix(".pub"))

    def _make_key(self, name, kind, passphrase=""):
        self._keys += 1
        path = self._home / f"{self._keys}-{name}"
        size = ["-b", "3072"] if kind == "rsa" else []
        run("ssh-keygen", "-q", "-t", kind, *size, "-N", passphrase, "-C", name, "-f", path)
        return path

    def _line_for(self, public_key):
        kind, key = public_key.read_text().split()[:2]
        return f"[127.0.0.1]:{self.port} {kind} {key}\n"

    def key(self, kind, passphrase=""):
        """A new private key, as text, that may log in."""
        path = self._make_key(kind, kind, passphrase)
        with open(self._home / "authorized", "a", encoding="ascii") as authorized:
            authorized.write(path.with_suffix(".pub").read_text())
        return path.read_text()

    def stranger(self):
        """A private key nobody let in, and the known_hosts line of some other machine's key."""
        path = self._make_key("stranger", "ed25519")
        return path.read_text(), self._line_for(path.with_suffix(".pub"))

    def logins(self):
        """How many there were so far."""
        return (self._home / "log").read_text().count("Accepted publickey")

    def uri(self, repository):
        return f"ssh://{self.user}@127.0.0.1:{self.port}{repository.path}"
