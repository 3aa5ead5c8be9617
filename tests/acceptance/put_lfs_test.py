#!/usr/bin/python3
"""put with git.lfs: large files are with the LFS server before the branch moves."""

import json
import shutil
import unittest

from support import git_http, git_ssh, programs
from support.case import AS_ROOT
from support.cutting_line import CuttingLine
from support.git_repo import ENVIRONMENT, stock_clone
from support.hook import HOOK, hooked
from support.lfs_case import SIZE, LfsCase
from support.lfs_client import SETTINGS, environment, git
from support.lfs_server import LfsServer
from support.workspace import run


class PutLfs(LfsCase):
    def test_a_stock_clone_with_git_lfs_has_every_byte(self):
        repository, _ = self.published()
        self.assertEqual(repository.fsck(), [])
        clone = self.clone(repository)
        self.assertEqual(git(clone, "status", "--porcelain"), b"")
        self.assertEqual(self.lfs.unverified, set())

    def test_every_large_file_is_a_pointer_and_no_other_one(self):
        repository, _ = self.published()
        clone = stock_clone(repository.file_uri, self.work.fresh("bare-clone"), depth=1)
        paths = [b"rootfs/" + path for path in self.large]
        said = run("git", "-C", clone, "check-attr", "-z", "--stdin", "filter", "text",
                   input=b"\0".join(paths), env=ENVIRONMENT).stdout.split(b"\0")
        self.assertEqual(set(zip(said[1::3], said[2::3])), {(b"filter", b"lfs"), (b"text", b"unset")})
        self.assertEqual(len(said) // 3, 2 * len(paths))
        listed = git(clone, "lfs", "ls-files", "--name-only").split(b"\n")
        self.assertNotIn(b"rootfs/opt/small", listed)
        for name in (b"small", b"starts"):
            filtered = git(clone, "check-attr", "filter", b"rootfs/opt/" + name)
            self.assertIn(b"unspecified", filtered)
        pointer = (clone / "rootfs/opt/program").read_text()
        self.assertTrue(pointer.startswith("version https://git-lfs.github.com/spec/v1\n"), pointer)

    def test_get_brings_the_image_back_exactly(self):
        repository, _ = self.published()
        source = {"git": self.source(repository)}
        self.assert_same_image(self.get_newest(source))
        del source["git"]["lfs"]
        self.assert_same_image(self.get_newest(source))

    @unittest.skipUnless(AS_ROOT, "only root can restore owners")
    def test_the_hook_completes_what_git_lfs_fetched(self):
        repository, _ = self.published()
        settings = {**SETTINGS, "core.hooksPath": ".rootfs/hooks"}
        clone = stock_clone(self.http.clone_uri(repository), self.work.fresh("clone"), depth=1,
                            env=environment(**settings))
        self.assert_same_image(clone)
        with self.assertRaisesRegex(RuntimeError, "git-lfs did not fetch it"):
            stock_clone(repository.file_uri, self.work.fresh("clone"), depth=1, env=hooked())

    @unittest.skipUnless(AS_ROOT, "only root can restore owners")
    def test_the_hook_completes_a_version_with_a_further_large_file_of_several_names(self):
        repository, _ = self.published()
        hooks = self.work.directory("hooks")  # git-lfs adds one of its own.
        shutil.copy(HOOK, hooks)
        env = {**ENVIRONMENT, **environment(**{"core.hooksPath": str(hooks)})}
        clone = stock_clone(self.http.clone_uri(repository), self.work.fresh("clone"), env=env)
        file = self.inputs / "large/rootfs/opt/further"  # Where the image has a .gitattributes.
        file.write_bytes(b"f" * SIZE)
        self.addCleanup(file.unlink)
        for name in ("further, again", "further, once more"):
            other_name = file.with_name(name)
            other_name.hardlink_to(file)
            self.addCleanup(other_name.unlink)
            self.put("large", self.source(repository))
            run("git", "-C", clone, "pull", "-q", env=env)
            run("git", "-C", clone, "checkout", "-q", repository.tip(), env=env)
            self.assert_same_image(clone)
            self.assertEqual(git(clone, "status", "--porcelain"), b"")

    def test_what_the_server_has_is_not_sent_again(self):
        repository, _ = self.published()
        uploads, batches = self.lfs.count("upload"), self.lfs.count("batch")
        self.put("large", self.source(repository))
        self.assertEqual(self.lfs.count("batch"), batches + 1)
        self.put("large", self.source(repository, tmpdir_env=True))
        self.assertEqual(len(repository.history()), 2)
        self.assertEqual(self.lfs.count("batch"), batches + 2)
        self.assertEqual(self.lfs.count("upload"), uploads)

    def test_a_mirror_that_lacks_the_files_gets_them_from_the_next_put(self):
        repository, version = self.published()
        self.lfs.objects.clear()
        self.assertEqual(self.put("large", self.source(repository)), version)
        self.assertEqual(len(repository.history()), 1)
        self.clone(repository)

    def test_an_image_from_the_registry_goes_the_same_way(self):
        repository = self.repository()
        source = self.source_of("large", git=self.source(repository))
        self.succeeded(programs.put(source, self.inputs))
        self.assertGreater(self.lfs.count("upload"), 0)
        clone = stock_clone(self.http.clone_uri(repository), self.work.fresh("clone"), depth=1,
                            env=environment())
        program = self.inputs / "large/rootfs/bin/busybox"
        self.assertEqual((clone / "rootfs/bin/busybox").read_bytes(), program.read_bytes())

    def test_the_largest_file_of_the_server_is_no_limit_for_git_lfs(self):
        repository, _ = self.published(max_file_size="1MB")
        self.clone(repository)

    def test_credentials_stay_where_they_belong_and_out_of_the_log(self):
        self.lfs.failures = {"upload": [500], "verify": [500]}
        repository = self.repository()
        source = self.source_of("large", git=self.source(repository), debug=True)
        outcome = programs.put(source, self.inputs, image="large")
        self.succeeded(outcome)
        self.assertIn("trying again", outcome.log)
        self.assert_no_secrets(outcome.log)
        self.assert_nobody_else_saw_the_password()

    def test_a_redirect_takes_no_credentials_along(self):
        repository = self.repository()
        name = repository.path.name
        self.lfs.redirects["batch"] = f"{self.lfs.storage_url}/{name}/info/lfs/objects/batch"
        self.refused(self.source(repository), "401", tag="large")
        self.assertEqual([(request["at"], bool(request["authorization"]))
                          for request in self.lfs.seen], [("api", True), ("storage", False)])

    def test_what_passes_is_tried_again(self):
        self.lfs.failures = {"batch": [503, 429], "upload": [500], "verify": [502]}
        self.lfs.cuts = {"upload": [70_000]}
        self.lfs.stale = 2
        repository, _ = self.published()
        self.clone(repository)

    def test_an_answer_that_has_expired_is_asked_for_again(self):
        self.lfs.expires_in = 1
        repository, _ = self.published()
        self.assertGreater(self.lfs.count("batch"), self.lfs.count("upload"))
        self.lfs.expires_in = 3600  # git-lfs itself gives up at once.
        self.clone(repository)

    def test_a_refusal_says_why_and_leaves_the_branch_alone(self):
        for step in ("batch", "upload", "verify"):
            for status, word in ((401, "git.username"), (403, "access"), (404, "git.lfs.url"),
                                 (413, "larger"), (422, "take"), (507, "storage")):
                with self.subTest(step=step, status=status):
                    repository = self.repository()
                    self.lfs.objects.clear()
                    self.lfs.failures = {step: [status] * 50}
                    log = self.refused(self.source(repository), str(status), word, tag="large")
                    self.assert_no_secrets(log)
                    self.assertIsNone(repository.tip())

    def test_a_file_that_the_server_refuses_is_named(self):
        self.lfs.object_errors = {None: (422, "we do not like it")}
        repository = self.repository()
        self.refused(self.source(repository), "bin/busybox", "422", "we do not like it", tag="large")
        self.assertIsNone(repository.tip())
        self.assertEqual(self.lfs.count("upload"), 0)

    def test_another_kind_of_server_is_named(self):
        for more, word in (({"transfer": "tus"}, "tus"), ({"hash_algo": "blake"}, "blake"),
                           ({"objects": "none"}, "objects")):
            self.lfs.more = more
            repository = self.repository()
            self.refused(self.source(repository), word, tag="large")
            self.assertIsNone(repository.tip())

    def test_a_server_elsewhere_is_found_by_clones(self):
        other = git_http.GitHttp(self.work, self.repositories)
        repository = self.repository()
        self.lfs.user = ""
        url = f"{self.lfs.url}/all/large/files"
        self.put("large", other.source(repository, lfs={"threshold": "100kB", "url": url}))
        self.assertNotIn("Basic", "".join(one["authorization"] for one in self.lfs.seen))
        self.assertIn(url, repository.show(".lfsconfig").decode())
        self.clone(repository, uri=other.clone_uri(repository))
        self.assert_same_image(self.get_newest(
            {"git": other.source(repository, lfs={"url": url})}))

    def test_who_lacks_the_login_of_a_server_elsewhere_is_told_where_it_goes(self):
        repository = self.repository()
        other = git_http.GitHttp(self.work, self.repositories)
        url = f"{self.lfs.url}/x"
        source = other.source(repository, lfs={"threshold": "100kB", "url": url})
        # The login of the repository, which is right for the LFS server, too, does not go there.
        self.refused(source, "401", "https://user:password@", "source.git.lfs.url", tag="large")
        with_login = url.replace("://", f"://{git_http.USER}:{git_http.PASSWORD}@")
        self.put("large", {**source, "lfs": {"threshold": "100kB", "url": with_login}})

    def test_a_login_in_the_address_is_for_that_server_only(self):
        repository = self.repository()
        url = self.lfs.url.replace("://", f"://{git_http.USER}:{git_http.PASSWORD}@") + "/x"
        git_source = {"uri": repository.file_uri, "lfs": {"threshold": "100kB", "url": url}}
        source = self.source_of("large", git=git_source, debug=True)
        outcome = programs.put(source, self.inputs, image="large")
        self.succeeded(outcome)
        self.assert_no_secrets(outcome.log)
        self.assertNotIn(git_http.PASSWORD, repository.show(".lfsconfig").decode())
        self.assert_nobody_else_saw_the_password()

    def test_a_local_repository_keeps_them_where_git_lfs_looks(self):
        repository = self.repository()
        source = {"uri": repository.file_uri, "lfs": {"threshold": "100kB"}}
        self.put("large", source)
        self.clone(repository, uri=repository.file_uri)
        self.assert_same_image(self.get_newest({"git": source}))
        shutil.rmtree(repository.path / "lfs")
        destination = self.work.directory("get")
        outcome = programs.get({"git": source}, {"ref": repository.tip()}, destination)
        self.failed(outcome, "lfs/objects", "missing")
        self.assertEqual(list(destination.iterdir()), [])


class PutLfsOverSsh(LfsCase):
    def setUp(self):
        self.lfs = LfsServer(git_http.USER, git_http.PASSWORD)
        self.bin = self.work.directory("bin")
        self.sshd = git_ssh.GitSsh(self.work, programs=self.bin)
        self.key = self.sshd.key("ed25519")

    def source(self, repository, **more):
        return {"uri": self.sshd.uri(repository), "private_key": self.key,
                "known_hosts": self.sshd.known_hosts, "lfs": {"threshold": "100kB"}, **more}

    def answer_with(self, script):
        path = self.bin / "git-lfs-authenticate"
        path.write_text(f'#!/bin/sh\necho "$@" >>{self.bin}/asked\n{script}\n')
        path.chmod(0o755)

    def login(self, authorization):
        return json.dumps({"href": f"{self.lfs.url}/x", "header": {"Authorization": authorization},
                           "expires_in": 3600})

    def answer_with_login(self):
        self.answer_with(f"echo '{self.login(self.lfs.login)}'")

    def test_a_server_that_hangs_up_now_and_then_is_asked_again_for_the_login_too(self):
        self.answer_with_login()
        repository = self.repository()
        port = str(self.sshd.port)
        line = CuttingLine(f"127.0.0.1:{port}", every_other=True)
        self.addCleanup(line.close)
        source = {key: value.replace(port, line.address.split(":")[1])
                  if key in ("uri", "known_hosts") else value
                  for key, value in self.source(repository).items()}
        self.put("large", source)
        self.assert_same_image(self.get_newest({"git": source}))

    def test_the_login_comes_over_ssh(self):
        repository = self.repository()
        self.answer_with_login()
        outcome = programs.put({"git": self.source(repository), "debug": True}, self.inputs,
                               image="large")
        self.succeeded(outcome)
        self.assert_no_secrets(outcome.log)
        self.assertNotIn(self.lfs.login.split()[1], outcome.log)
        self.assert_same_image(self.get_newest({"git": self.source(repository)}))
        self.assertEqual((self.bin / "asked").read_text().splitlines(),
                         [f"{repository.path} upload", f"{repository.path} download"])

    def test_a_login_that_ended_early_is_asked_for_again(self):
        ended = self.login("Basic bG9naW46dGhhdCBoYXMgZW5kZWQ=")
        self.answer_with(f"if [ $(wc -l <{self.bin}/asked) = 1 ]; then echo '{ended}'\n"
                         f"else echo '{self.login(self.lfs.login)}'; fi")
        repository = self.repository()
        self.put("large", self.source(repository))
        self.assertEqual((self.bin / "asked").read_text().splitlines(),
                         [f"{repository.path} upload"] * 2)
        self.assert_same_image(self.get_newest({"git": self.source(repository)}))

    def test_a_login_that_is_never_right_is_not_asked_for_without_end(self):
        self.answer_with(f"echo '{self.login('Basic bG9naW46dGhhdCBpcyB3cm9uZw==')}'")
        repository = self.repository()
        self.refused(self.source(repository), "the LFS server wants a login", tag="large")
        self.assertEqual((self.bin / "asked").read_text().splitlines(),
                         [f"{repository.path} upload"] * 2)

    def test_a_host_without_git_lfs_says_what_to_do(self):
        repository = self.repository()
        for script, word in (("echo no such command >&2; exit 127", "no such command"),
                             ("echo no JSON", "JSON")):
            self.answer_with(script)
            self.refused(self.source(repository), "git-lfs-authenticate", word, tag="large")
            self.assertIsNone(repository.tip())


if __name__ == "__main__":
    unittest.main()
