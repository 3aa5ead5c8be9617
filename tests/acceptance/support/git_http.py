"""Git over HTTP and HTTPS the way servers offer it: nginx, fcgiwrap and `git http-backend`."""

import os
import re
import socket

from .workspace import listens, log_up_to_now, run, tool

USER, PASSWORD = "writer", "pass-of-the-git-server"

SETTINGS = """
daemon off;
master_process off;
pid {home}/nginx.pid;
error_log {home}/log warn;
events {{ worker_connections 64; }}
http {{
  access_log {home}/access;
  client_body_temp_path {home}/body;
  proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi;
  scgi_temp_path {home}/scgi;
  client_max_body_size {limit};
  server {{
    listen 127.0.0.1:{port}{tls};
    {certificate}
    {lfs}
    location / {{
      {login}
      {chunked}
      fastcgi_pass unix:{home}/cgi;
      fastcgi_read_timeout 300s;
      fastcgi_param SCRIPT_FILENAME {backend};
      fastcgi_param GIT_PROJECT_ROOT {root};
      fastcgi_param GIT_HTTP_EXPORT_ALL 1;
      {protocol}
      fastcgi_param PATH_INFO $uri;
      fastcgi_param QUERY_STRING $query_string;
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param CONTENT_TYPE $content_type;
      {body}
      fastcgi_param REMOTE_USER $remote_user;
      fastcgi_param REMOTE_ADDR $remote_addr;
    }}
  }}
}}
"""


class GitHttp:
    """Serves every bare repository below `root`, with basic authentication unless `open_to_all`.

    With `streaming`, git sees of a request's body what has come, also when the rest never does.
    Without `version_2` it answers in version 0 of git's protocol, as servers do that drop the
    header which asks for more. Without `chunked` it wants to know how long a body is, as servers
    and proxies do that pass on nothing else. `lfs` is the LfsServer that answers below each repository.
    """

    def __init__(self, workspace, root, authority=None, open_to_all=False, body_limit="0",
                 version_2=True, lfs=None, streaming=False, chunked=True):
        home = workspace.directory("nginx")
        # Hosts have the LFS server at the same address, below each repository.
        large = (f"location ~ /info/lfs/ {{ proxy_pass {lfs.url}; }}" if lfs else "")
        self._home = home
        port = workspace.free_port()
        scheme = "https" if authority else "http"
        self.url = f"{scheme}://127.0.0.1:{port}"
        certificate = login = ""
        if authority:
            pem, key = authority.issue()
            certificate = f"ssl_certificate {pem}; ssl_certificate_key {key};"
        if not open_to_all:
            (home / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
            login = f'auth_basic "git"; auth_basic_user_file {home}/users;'
        # Headers reach the program without being named here; this one can be emptied.
        protocol = ("fastcgi_param GIT_PROTOCOL $http_git_protocol;" if version_2
                    else 'fastcgi_param HTTP_GIT_PROTOCOL "";')
        # git http-backend waits for ever, and busily, for a body that is shorter than its length.
        body = ("fastcgi_request_buffering off;" if streaming else
                "fastcgi_ignore_client_abort on; fastcgi_param CONTENT_LENGTH $content_length;")
        backend = run("git", "--exec-path").stdout.decode().strip() + "/git-http-backend"
        settings = home / "nginx.conf"
        settings.write_text(SETTINGS.format(
            home=home, port=port, tls=" ssl" if authority else "", certificate=certificate,
            login=login, backend=backend, root=root, limit=body_limit,
            protocol=protocol, lfs=large, body=body,
            chunked="" if chunked else "if ($http_transfer_encoding) { return 411; }"))
        workspace.start([tool("fcgiwrap"), "-c", "4", "-s", f"unix:{home}/cgi"], home / "cgi.log",
                        lambda: _answers(home / "cgi"))
        workspace.start([tool("nginx"), "-e", home / "log", "-p", home, "-c", settings],
                        home / "out", lambda: listens(port))

    def uri(self, repository):
        return f"{self.url}/{os.path.basename(repository.path)}"

    def source(self, repository, **more):
        """The `git` part of a source that may write to the repository."""
        return {"uri": self.uri(repository), "username": USER, "password": PASSWORD, **more}

    def clone_uri(self, repository):
        """The address with its login in it, for stock git."""
        return self.uri(repository).replace("://", f"://{USER}:{PASSWORD}@")

    def served(self):
        """(method, path without query, bytes of the answer) of each request so far."""
        log = log_up_to_now(self.url, self._home / "access")
        found = re.findall(r'"(\w+) ([^ ?"]+)[^"]*" \d+ (\d+) ', log)
        return [(method, path, int(size)) for method, path, size in found]


def _answers(path):
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
