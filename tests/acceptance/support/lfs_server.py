"""A git-lfs server: batch API, basic transfers and verify, which can be told to misbehave."""

import base64
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MEDIA_TYPE = "application/vnd.git-lfs+json"
TOKEN = "token-that-only-the-storage-may-see"
SIGNATURE = "signature-in-the-address-of-an-object"


class LfsServer:
    """Keeps objects in memory. The API and the storage answer at two origins, as they often do.

    `user` and `password` guard the API, `token` the storage. `failures` maps a step (batch, upload,
    verify, download) to statuses that it answers in turn before it behaves; `cuts` maps upload or
    download to byte counts after which the connection breaks; `object_errors` maps an oid, or None
    for all, to a (code, message); `stale` counts actions that are handed out with a token that is
    not accepted; `redirects` maps a step to where it is sent on.
    """

    def __init__(self, user="", password=""):
        self.user, self.password = user, password
        self.objects, self.unverified = {}, set()
        self.failures, self.cuts, self.object_errors, self.redirects = {}, {}, {}, {}
        self.stale, self.ranges, self.lies = 0, True, {}
        self.more, self.expires_in = {}, 3600
        self.seen, self._lock = [], threading.Lock()
        self.api = self._serve()
        self._storage = self._serve()
        self.url, self.storage_url = (f"http://127.0.0.1:{server.server_address[1]}"
                                      for server in (self.api, self._storage))

    def _serve(self):
        server = _Server(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05},
                         daemon=True).start()
        return server

    @property
    def login(self):
        """The header that opens the API."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()

    def add(self, content):
        oid = hashlib.sha256(content).hexdigest()
        self.objects[oid] = content
        return oid

    def count(self, step):
        return sum(1 for request in self.seen if request["step"] == step)

    def note(self, step, handler, body=b""):
        with self._lock:
            self.seen.append({"step": step, "at": "api" if handler.server is self.api else "storage",
                              "authorization": handler.headers.get("Authorization", ""),
                              "headers": dict(handler.headers), "path": handler.path,
                              "body": body})

    def next_of(self, table, step):
        with self._lock:
            return table[step].pop(0) if table.get(step) else None

    def answer(self, request):
        operation = request["operation"]
        return {"transfer": "basic", "hash_algo": "sha256",
                "objects": [self._answer(operation, wanted) for wanted in request["objects"]],
                **self.more}

    def _answer(self, operation, wanted):
        oid, answer = wanted["oid"], {"oid": wanted["oid"], "size": wanted["size"]}
        error = self.object_errors.get(oid, self.object_errors.get(None))
        if operation == "download" and oid not in self.objects:
            error = error or (404, "Object does not exist")
        if error:
            return {**answer, "error": {"code": error[0], "message": error[1]}}
        if operation == "upload" and oid in self.objects and oid not in self.unverified:
            return answer
        token = TOKEN
        with self._lock:
            if self.stale > 0:
                self.stale -= 1
                token = "token-that-has-expired"

        def action(path):
            return {"href": f"{self.storage_url}/{path}/{oid}?signature={SIGNATURE}",
                    "header": {"Authorization": f"RemoteAuth {token}"},
                    "expires_in": self.expires_in}

        if operation == "download":
            return {**answer, "authenticated": True, "actions": {"download": action("storage")}}
        return {**answer, "authenticated": True,
                "actions": {"upload": action("storage"), "verify": action("verify")}}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Clients that hang up are part of the tests."""


def _handler(lfs):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def reply(self, status, content=b"", kind=MEDIA_TYPE, **headers):
            if isinstance(content, (dict, list)):
                content = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(content)

        def body(self):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def hang_up(self):
            self.close_connection = True
            self.connection.close()

        def misbehaves(self, step):
            """Whether the request got what was planned for this step."""
            if step in lfs.redirects and self.server is lfs.api:
                self.reply(307, Location=lfs.redirects[step])
                return True
            status = lfs.next_of(lfs.failures, step)
            if status is None:
                return False
            # Servers like to quote what was wrong with a request.
            self.reply(status, {"message": f"planned: {self.headers.get('Authorization')} "
                                           f"{self.path}"})
            return True

        def allowed(self):
            if self.headers.get("Authorization") == f"RemoteAuth {TOKEN}":
                return True
            self.reply(403, {"message": "signature is not valid (any more)"})
            return False

        def do_POST(self):
            body = self.body()
            if self.path.endswith("/objects/batch"):
                return self.batch(body)
            if self.path.startswith("/verify/"):
                return self.verify(body)
            return self.reply(404, {"message": "Not found"})

        def batch(self, body):
            lfs.note("batch", self, body)
            if self.misbehaves("batch"):
                return None
            if lfs.user and self.headers.get("Authorization") != lfs.login:
                return self.reply(401, {"message": "Credentials needed"},
                                  LFS_Authenticate='Basic realm="Git LFS"',
                                  WWW_Authenticate='Basic realm="Git LFS"')
            accepts = self.headers.get("Accept", ""), self.headers.get("Content-Type", "")
            if not all(kind.startswith(MEDIA_TYPE) for kind in accepts):
                return self.reply(406, {"message": "not the media type of git-lfs"})
            return self.reply(200, lfs.answer(json.loads(body)))

        def verify(self, body):
            lfs.note("verify", self, body)
            if self.misbehaves("verify") or not self.allowed():
                return
            wanted = json.loads(body)
            content = lfs.objects.get(wanted["oid"])
            if content is None or len(content) != wanted["size"]:
                self.reply(404, {"message": "the object has not arrived"})
                return
            lfs.unverified.discard(wanted["oid"])
            self.reply(200, {})

        def do_PUT(self):
            lfs.note("upload", self)
            cut = lfs.next_of(lfs.cuts, "upload")
            if cut is not None:
                self.rfile.read(cut)
                self.hang_up()
                return
            content = self.body()
            if self.misbehaves("upload") or not self.allowed():
                return
            oid = re.split("[/?]", self.path)[2]
            if hashlib.sha256(content).hexdigest() != oid:
                self.reply(422, {"message": "not what its name says"})
                return
            lfs.objects[oid] = content
            lfs.unverified.add(oid)
            self.reply(200, b"", kind="text/plain")

        def do_GET(self):
            lfs.note("download", self)
            if self.misbehaves("download") or not self.allowed():
                return
            oid = re.split("[/?]", self.path)[2]
            content = lfs.lies.get(oid, lfs.objects.get(oid))
            start, status, headers = 0, 200, {}
            wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            if wanted and lfs.ranges:
                start, status = int(wanted[1]), 206
                headers["Content_Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            cut = lfs.next_of(lfs.cuts, "download")
            if cut is None:
                self.reply(status, content[start:], "application/octet-stream", **headers)
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(content) - start))
            if headers:
                self.send_header("Content-Range", headers["Content_Range"])
            self.end_headers()
            self.wfile.write(content[start:start + cut])
            self.wfile.flush()
            self.hang_up()

    return Handler
