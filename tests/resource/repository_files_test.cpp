#include "resource/repository_files.hpp"

#include "base/text.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

namespace {

resource::ImageFiles image_files() {
  resource::ImageFiles files;
  files.metadata = "{}\n";
  files.labels = "{}\n";
  files.repository = "registry.test/team/app";
  files.tag = "1.2";
  files.digest = "sha256:" + std::string(64, 'a');
  return files;
}

git::Snapshot published(const resource::ImageFiles& files) {
  git::Snapshot snapshot;
  resource::add_repository_files(files, snapshot);
  snapshot.hash();
  return snapshot;
}

/// The bytes of each file at the top of the tree.
std::map<std::string, std::string> top_files(const git::Snapshot& snapshot) {
  const auto objects = snapshot.objects_outside({});
  const auto bytes_of = [&](const git::Oid& id) {
    for (const auto& object : objects) {
      if (object.id != id) continue;
      if (object.content == nullptr) return std::string(object.bytes);
      std::string bytes(static_cast<size_t>(object.size), '\0');
      object.content->read_at(0, bytes);
      return bytes;
    }
    throw base::Error("no object " + id.hex());
  };
  std::map<std::string, std::string> files;
  for (const auto& entry : git::parse_tree(bytes_of(snapshot.tree()))) {
    files[entry.name] = bytes_of(entry.id);
  }
  return files;
}

}  // namespace

TEST_CASE("the same image gives the same tree, another one does not") {
  const git::Oid tree = published(image_files()).tree();
  CHECK(published(image_files()).tree() == tree);
  for (std::string resource::ImageFiles::*part :
       {&resource::ImageFiles::metadata, &resource::ImageFiles::labels,
        &resource::ImageFiles::repository, &resource::ImageFiles::tag,
        &resource::ImageFiles::digest}) {
    resource::ImageFiles other = image_files();
    (other.*part) += "x";
    CHECK(published(other).tree() != tree);
  }
}

TEST_CASE("the files beside rootfs are those of a get, and git must not change them") {
  const auto files = top_files(published(image_files()));
  CHECK(files.at("metadata.json") == "{}\n");
  CHECK(files.at("labels.json") == "{}\n");
  CHECK(files.at("repository") == "registry.test/team/app");
  CHECK(files.at("tag") == "1.2");
  CHECK(files.at("digest") == image_files().digest);
  CHECK(contains(files.at(".gitattributes"), "* -text"));
  CHECK(files.count(".rootfs") == 1);
  CHECK(files.size() == 8);
}

TEST_CASE("what is not known of an image is left out") {
  resource::ImageFiles files;
  files.metadata = "{}\n";
  files.labels = "{}\n";
  const auto published_files = top_files(published(files));
  CHECK(published_files.size() == 5);
  CHECK(published_files.count("digest") == 0);
  CHECK(contains(published_files.at("README.md"), "# an image\n"));
  CHECK(contains(published_files.at("README.md"), "unknown"));
  files.repository = "app";
  CHECK(resource::image_name(files) == "app");
}

TEST_CASE("the published README names the image and has no mark left") {
  const std::string readme = top_files(published(image_files())).at("README.md");
  CHECK(contains(readme, "# registry.test/team/app:1.2\n"));
  CHECK(contains(readme, "`" + image_files().digest + "`"));
  CHECK_FALSE(contains(readme, "@IMAGE@"));
  CHECK_FALSE(contains(readme, "@DIGEST@"));
}

TEST_CASE("names that hold the marks of the README neither loop nor spread") {
  resource::ImageFiles files = image_files();
  files.repository = "@IMAGE@";
  files.digest = "@DIGEST@@IMAGE@";
  CHECK(contains(top_files(published(files)).at("README.md"), "# @IMAGE@:1.2\n"));
}

TEST_CASE("a name cannot forge links or code in the published README") {
  resource::ImageFiles files = image_files();
  files.tag = "`[x](https://evil.test)\n# Heading\x1b[31m<a href=https://evil.test>";
  const std::string readme = top_files(published(files)).at("README.md");
  CHECK_FALSE(contains(readme, "[x]"));
  CHECK_FALSE(contains(readme, "<a"));
  CHECK_FALSE(contains(readme, "\n# Heading"));
  CHECK_FALSE(contains(readme, "\x1b"));
}

TEST_CASE("a commit message names the image and its digest") {
  CHECK(resource::commit_message(image_files()) ==
        "Publish registry.test/team/app:1.2\n\nImage: registry.test/team/app:1.2\nDigest: " +
            image_files().digest + "\n");
  CHECK(resource::commit_message({}) == "Publish an image\n\nImage: an image\nDigest: unknown\n");
}

TEST_CASE("no commit is invisible to the stock git resource") {
  for (const char* mark : {"[ci skip]", "[skip ci]", "[ci\tskip]", "[ci\nskip]", "[CI Skip]"}) {
    for (std::string resource::ImageFiles::*part :
         {&resource::ImageFiles::repository, &resource::ImageFiles::tag,
          &resource::ImageFiles::digest}) {
      resource::ImageFiles files = image_files();
      (files.*part) = mark;
      const std::string message = resource::commit_message(files);
      CHECK(message.find_first_of("[]") == std::string::npos);
      CHECK(base::split(message, '\n').size() == 5);
    }
    // Also when the mark comes about where two parts meet.
    resource::ImageFiles files = image_files();
    files.repository = "[ci";
    files.tag = "skip]";
    CHECK(resource::commit_message(files).find_first_of("[]") == std::string::npos);
  }
}
