#include "base/text.hpp"
#include "oci/support/stored_files.hpp"
#include "support/catch.hpp"

namespace {

using base::cat;
using oci::Digest;

std::shared_ptr<Files> archive(const std::string& manifest) {
  auto files = std::make_shared<Files>();
  (*files)["manifest.json"] = manifest;
  (*files)["config"] = config_of("layer");
  (*files)["a/layer.tar"] = "layer";
  return files;
}

}  // namespace

TEST_CASE("what docker save wrote is read by its manifest.json", "[saved_image]") {
  const auto files =
      archive(R"([{"Config":"config","RepoTags":["a/b:1"],"Layers":["a/layer.tar"]}])");
  const oci::StoredImage image = find(files);
  CHECK_FALSE(image.digest);
  CHECK_FALSE(image.manifest_digest);
  CHECK(image.config_digest == Digest::of(config_of("layer")));
  CHECK(image.name == "a/b:1");
  REQUIRE(image.layers.size() == 1);
  CHECK(image.layers[0].diff_id == Digest::of("layer"));
  CHECK(image.layers[0].size == 5);
  CHECK(text_of(image.layers[0]) == "layer");
  CHECK(find(files, amd64("", Digest::of("x"))).digest == Digest::of("x"));
  CHECK_FALSE(find(files, amd64("", image.config_digest)).digest);
  (*files)["manifest.json"] = R"([{"Config":"config","RepoTags":null,"Layers":["a/layer.tar"]}])";
  CHECK(find(files).name.empty());
}

TEST_CASE("an image saved without a name is found beside an index of nothing", "[saved_image]") {
  const auto files = archive(R"([{"Config":"config","RepoTags":null,"Layers":["a/layer.tar"]}])");
  (*files)["oci-layout"] = R"({"imageLayoutVersion":"1.0.0"})";
  for (const char* list : {"null", "[]"}) {
    (*files)["index.json"] = cat(R"({"schemaVersion":2,"manifests":)", list, "}");
    CHECK(find(files).config_digest == Digest::of(config_of("layer")));
  }
  // What is damaged is no reason to look elsewhere.
  (*files)["index.json"] = "{";
  CHECK(contains(refusal_of(files), "index.json"));
}

TEST_CASE("a manifest.json that does not fit the archive is refused", "[saved_image]") {
  const auto refusal = [](const std::string& manifest) { return refusal_of(archive(manifest)); };
  CHECK(contains(refusal("[]"), "manifest.json: it lists no image"));
  CHECK(contains(refusal("{}"),
                 "manifest.json: it is a registry's, as in the form dir: of skopeo and podman, and "
                 "not that of docker save; copy the image to oci-archive: or docker-archive:"));
  CHECK(contains(refusal(R"([{"Config":"none","Layers":["a/layer.tar"]}])"),
                 "it names none, which is not there"));
  CHECK(contains(refusal(R"([{"Config":"config","Layers":["b"]}])"),
                 "it names b, which is not there"));
  CHECK(contains(refusal(R"([{"Config":"config","Layers":[]}])"),
                 "1 layers (diff_ids), its manifest 0"));
  CHECK(contains(refusal(R"([{"Config":"config","Layers":["a/layer.tar","a/layer.tar"]}])"),
                 "1 layers (diff_ids), its manifest 2"));
  CHECK(contains(refusal(R"([{"Layers":["a/layer.tar"]}])"), "Config"));
  CHECK(contains(refusal(std::string(5'000'000, ' ')), "more than the limit"));
  CHECK(contains(refusal_of(std::make_shared<Files>()), "neither index.json nor manifest.json"));
}

TEST_CASE("a configuration is compared with the digest in its name", "[saved_image]") {
  const std::string hex = Digest::of(config_of("layer")).hex();
  for (const std::string& name : {hex + ".json", "sha256:" + hex, "blobs/sha256/" + hex}) {
    INFO(name);
    const auto files = archive(cat(R"([{"Config":")", name, R"(","Layers":["a/layer.tar"]}])"));
    (*files)[name] = config_of("layer");
    CHECK(refusal_of(files).empty());
    (*files)[name] += "\n";
    CHECK(contains(refusal_of(files), "does not match the digest in its name"));
  }
}

TEST_CASE("of several images in an archive the tag's is taken", "[saved_image]") {
  const std::string first =
      R"({"Config":"config","RepoTags":["a:1","a:2"],"Layers":["a/layer.tar"]})";
  const std::string second = R"({"Config":"other","RepoTags":["b:3"],"Layers":["b.tar"]})";
  const auto files = archive(cat("[", first, ",", second, "]"));
  (*files)["other"] = config_of("second");
  (*files)["b.tar"] = "second";
  CHECK(find(files, amd64("2")).name == "a:2");
  CHECK(text_of(find(files, amd64("3")).layers[0]) == "second");
  CHECK(contains(refusal_of(files), "2 images (a:1, a:2, b:3)"));
  CHECK(contains(refusal_of(files, amd64("4")), "2 images (a:1, a:2, b:3)"));
}

TEST_CASE("of several images with the same tag the repository's is taken", "[saved_image]") {
  const std::string first = R"({"Config":"config","RepoTags":["host:5/a:1","c:1"],"Layers":["l"]})";
  const std::string second =
      R"({"Config":"config","RepoTags":["c:2", "library/b:1"],"Layers":["m"]})";
  const auto files = archive(cat("[", first, ",", second, "]"));
  (*files)["l"] = "layer";
  (*files)["m"] = "layer";
  CHECK(find(files, amd64("1", {}, "host:5/a")).name == "host:5/a:1");
  CHECK(find(files, amd64("1", {}, "c")).name == "c:1");
  CHECK(find(files, amd64("1", {}, "docker.io/b")).name == "library/b:1");
  // Perhaps the image was pulled through a mirror.
  CHECK(find(files, amd64("2", {}, "host:5/a")).name == "c:2");
  for (const char* other : {"", "a", "host:5/b", "not a name"}) {
    INFO(other);
    CHECK(contains(refusal_of(files, amd64("1", {}, other)), "2 images (host:5/a:1, c:1, c:2"));
  }
}
