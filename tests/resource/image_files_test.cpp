#include "resource/image_files.hpp"

#include <sys/stat.h>

#include <fstream>

#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/scratch_dir.hpp"

namespace fs = std::filesystem;

namespace {

const std::string digest = "sha256:" + std::string(64, 'a');

/// A directory with files of an image artifact.
class Artifact {
 public:
  Artifact& put(const std::string& name, const std::string& bytes) {
    std::ofstream(dir_ / name, std::ios::binary) << bytes;
    return *this;
  }
  fs::path operator/(const std::string& name) const { return dir_ / name; }
  resource::ImageFiles read() const { return resource::read_image_files(dir_.path()); }
  std::string refusal() const {
    return message_of([&] { read(); });
  }

 private:
  ScratchDir dir_;
};

}  // namespace

TEST_CASE("the files of a get hold what other programs expect there") {
  oci::ImageConfig config;
  config.user = "1000:1000";
  config.env = std::vector<std::string>{"PATH=/bin", "QUOTE=\"\xc3\xa9<&>"};
  config.cmd = std::vector<std::string>{};
  CHECK(resource::encode_metadata(config) ==
        "{\"cmd\":[],\"entrypoint\":null,\"env\":[\"PATH=/bin\",\"QUOTE=\\\"\xc3\xa9<&>\"],"
        "\"user\":\"1000:1000\"}\n");
  CHECK(resource::encode_metadata({}) ==
        "{\"cmd\":null,\"entrypoint\":null,\"env\":null,\"user\":\"\"}\n");
  CHECK(resource::encode_labels({}) == "{}\n");
  CHECK(resource::encode_labels({{"b", "2"}, {"a", "1"}}) == "{\"a\":\"1\",\"b\":\"2\"}\n");
}

TEST_CASE("an image of endless labels does not keep a step from ending") {
  std::map<std::string, std::string> labels;
  for (int i = 0; i < 1'000'000; ++i) labels[std::to_string(i)] = "";
  const std::string text = resource::encode_labels(labels);
  CHECK(text.starts_with(R"({"0":"","1":"","10":"",)"));
  CHECK(text.size() == 11'888'892);
}

TEST_CASE("an image is the same whichever tool wrote its files") {
  const std::string normal =
      "{\"cmd\":null,\"entrypoint\":[\"/init\"],\"env\":[\"PATH=/bin\"],\"user\":\"app\"}\n";
  Artifact ours;
  ours.put("metadata.json", normal).put("labels.json", "{\"a\":\"1\",\"b\":\"2\"}\n");
  ours.put("repository", "busybox").put("tag", "1").put("digest", digest);
  Artifact registry_image;
  registry_image.put("metadata.json",
                     R"({"env":["PATH=/bin"],"user":"app","cmd":null,"entrypoint":["/init"]})");
  registry_image.put("labels.json", R"({"b":"2","a":"1"})");
  registry_image.put("repository", "busybox").put("tag", "1").put("digest", digest);
  Artifact by_hand;
  by_hand.put("metadata.json",
              "{\n  \"user\": \"app\",\n  \"entrypoint\": [ \"/init\" ],\r\n"
              "  \"env\": [ \"PATH=\\u002fbin\" ],\n  \"comment\": 1.5\n}\n");
  by_hand.put("labels.json", "{\"a\": \"1\",\n \"b\": \"2\"}\n");
  by_hand.put("repository", "busybox\n").put("tag", " 1\r\n").put("digest", digest + "\n");

  for (const Artifact* artifact : {&ours, &registry_image, &by_hand}) {
    const auto files = artifact->read();
    CHECK(files.metadata == normal);
    CHECK(files.labels == "{\"a\":\"1\",\"b\":\"2\"}\n");
    CHECK(files.repository == "busybox");
    CHECK(files.tag == "1");
    CHECK(files.digest == digest);
    CHECK(files.user == "app");
  }
}

TEST_CASE("metadata.json alone is enough") {
  Artifact artifact;
  const auto files = artifact.put("metadata.json", "{}").read();
  CHECK(files.metadata == resource::encode_metadata({}));
  CHECK(files.labels == "{}\n");
  CHECK(files.repository.empty());
  CHECK(files.tag.empty());
  CHECK(files.digest.empty());
  artifact.put("labels.json", "null");
  CHECK(artifact.read().labels == "{}\n");
}

TEST_CASE("a directory that is no image says what is missing") {
  CHECK(contains(Artifact().refusal(), ": no metadata.json; params.image must name a directory"));
}

TEST_CASE("damaged files are refused by name") {
  Artifact artifact;
  CHECK(artifact.put("metadata.json", "").refusal() == "metadata.json: is not valid JSON");
  CHECK(artifact.put("metadata.json", "[]").refusal() ==
        "metadata.json: expected an object, got a list");
  CHECK(artifact.put("metadata.json", R"({"env":"A=1"})").refusal() ==
        "metadata.json.env: expected a list, got a string");
  CHECK(artifact.put("metadata.json", R"({"env":["A=1",2]})").refusal() ==
        "metadata.json.env[1]: expected a string, got a number");
  CHECK(artifact.put("metadata.json", R"({"user":0})").refusal() ==
        "metadata.json.user: expected a string, got a number");
  CHECK(artifact.put("metadata.json", R"({"cmd":{}})").refusal() ==
        "metadata.json.cmd: expected a list, got an object");
  CHECK(artifact.put("metadata.json", "{\"user\":\"\xff\"}").refusal() ==
        "metadata.json: is not valid JSON");
  artifact.put("metadata.json", "{}");
  CHECK(artifact.put("labels.json", R"({"a":1})").refusal() ==
        "labels.json.a: expected a string, got a number");
  CHECK(artifact.put("labels.json", "{").refusal() == "labels.json: is not valid JSON");
  artifact.put("labels.json", "{}");
  CHECK(contains(artifact.put("tag", "one\ntwo\n").refusal(), "/tag: expected one line"));
}

TEST_CASE("files of a hostile image do not lead out of it, hang or fill the memory") {
  for (const char* name : {"metadata.json", "labels.json", "repository", "tag", "digest"}) {
    CAPTURE(name);
    Artifact artifact;
    artifact.put("metadata.json", "{}");
    artifact.put("elsewhere", "{}");
    fs::remove(artifact / name);
    fs::create_symlink("elsewhere", artifact / name);
    CHECK(contains(artifact.refusal(), std::string("/") + name + ": is a symbolic link"));
    fs::remove(artifact / name);
    REQUIRE(::mkfifo((artifact / name).c_str(), 0600) == 0);
    CHECK(contains(artifact.refusal(), std::string("/") + name + ": is not a regular file"));
    fs::remove(artifact / name);
    artifact.put(name, "");
    fs::resize_file(artifact / name, uint64_t{1} << 40U);
    CHECK(contains(artifact.refusal(), std::string("/") + name + ": is larger than "));
  }
}
