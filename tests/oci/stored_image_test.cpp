#include "oci/stored_image.hpp"

#include "base/text.hpp"
#include "oci/support/stored_files.hpp"
#include "support/catch.hpp"

namespace {

using base::cat;
using oci::Digest;

std::string path_of(const Digest& digest) {
  return "blobs/sha256/" + digest.hex();
}

/// A layout that grows; its blobs are named by their digests.
class Layout {
 public:
  Layout() { (*files)["oci-layout"] = R"({"imageLayoutVersion":"1.0.0"})"; }

  Digest blob(const std::string& bytes) {
    (*files)[path_of(Digest::of(bytes))] = bytes;
    return Digest::of(bytes);
  }
  /// The digest and the size of a blob as a descriptor has them.
  std::string entry(const Digest& digest, const std::string& more = "") {
    return cat(R"({"digest":")", digest.text(), R"(","size":)", (*files)[path_of(digest)].size(),
               more, "}");
  }
  Digest image(const std::string& layer, const std::string& architecture = "amd64") {
    const Digest config = blob(config_of(layer, architecture));
    return blob(cat(R"({"schemaVersion":2,"config":)",
                    entry(config, R"(,"mediaType":"application/vnd.oci.image.config.v1+json")"),
                    R"(,"layers":[)",
                    entry(blob(layer), R"(,"mediaType":"application/vnd.oci.image.layer.v1.tar")"),
                    "]}"));
  }
  void list(const std::string& entries) { (*files)["index.json"] = index(entries); }
  static std::string index(const std::string& entries) {
    return cat(R"({"schemaVersion":2,"manifests":[)", entries, "]}");
  }

  std::shared_ptr<Files> files = std::make_shared<Files>();
};

std::string named(const std::string& name) {
  return cat(R"(,"annotations":{"org.opencontainers.image.ref.name":")", name, "\"}");
}

std::string on(const std::string& architecture) {
  return cat(R"(,"platform":{"os":"linux","architecture":")", architecture, "\"}");
}

}  // namespace

TEST_CASE("a layout's only image is found with all its digests", "[stored_image]") {
  Layout layout;
  const Digest manifest = layout.image("layer");
  layout.list(layout.entry(manifest, named("v1")));
  const oci::StoredImage image = find(layout.files);
  CHECK(image.digest == manifest);
  CHECK(image.manifest_digest == manifest);
  CHECK(image.config_digest == Digest::of(config_of("layer")));
  CHECK(image.name == "v1");
  CHECK(image.config.user == "me");
  REQUIRE(image.layers.size() == 1);
  CHECK(image.layers[0].size == 5);
  CHECK(image.layers[0].diff_id == Digest::of("layer"));
  CHECK(text_of(image.layers[0]) == "layer");
  CHECK(text_of(image.layers[0]) == "layer");
}

TEST_CASE("documents and layers that are not what their digests say are refused",
          "[stored_image]") {
  Layout layout;
  const Digest manifest = layout.image("layer");
  layout.list(layout.entry(manifest));
  SECTION("manifest") {
    (*layout.files)[path_of(manifest)] += " ";
    CHECK(contains(refusal_of(layout.files), "does not match its digest"));
  }
  SECTION("configuration") {
    auto& config = (*layout.files)[path_of(Digest::of(config_of("layer")))];
    config.replace(config.find("me"), 2, "we");
    CHECK(contains(refusal_of(layout.files), "does not match its digest"));
  }
  SECTION("layer, of the same size") {
    (*layout.files)[path_of(Digest::of("layer"))] = "lying";
    const auto image = find(layout.files);
    CHECK(contains(message_of([&] { text_of(image.layers[0]); }), "does not match its digest"));
  }
  SECTION("layer, longer") {
    (*layout.files)[path_of(Digest::of("layer"))] += "s";
    const auto image = find(layout.files);
    CHECK(contains(message_of([&] { text_of(image.layers[0]); }), "is longer than the 5 bytes"));
  }
  SECTION("layer, shorter") {
    (*layout.files)[path_of(Digest::of("layer"))] = "laye";
    const auto image = find(layout.files);
    CHECK(contains(message_of([&] { text_of(image.layers[0]); }), "is shorter than the 5 bytes"));
  }
}

TEST_CASE("what a layout lacks is named", "[stored_image]") {
  Layout layout;
  const Digest manifest = layout.image("layer");
  layout.list(layout.entry(manifest));
  for (const Digest& blob : {manifest, Digest::of("layer"), Digest::of(config_of("layer"))}) {
    const std::string kept = (*layout.files)[path_of(blob)];
    layout.files->remove(path_of(blob));
    CHECK(contains(refusal_of(layout.files), "the layout has no " + path_of(blob)));
    (*layout.files)[path_of(blob)] = kept;
  }
  layout.files->remove("oci-layout");
  CHECK(contains(refusal_of(layout.files), "no file oci-layout"));
  (*layout.files)["oci-layout"] = R"({"imageLayoutVersion":"2.0.0"})";
  CHECK(contains(refusal_of(layout.files), "version 2.0.0 is not known"));
}

TEST_CASE("an index that no registry would give is refused", "[stored_image]") {
  Layout layout;
  layout.list("");
  CHECK(contains(refusal_of(layout.files), "index.json: it lists no image"));
  (*layout.files)["index.json"] = "[";
  CHECK(contains(refusal_of(layout.files), "not valid JSON"));
  (*layout.files)["index.json"] = Layout::index("").append(5'000'000, ' ');
  CHECK(contains(refusal_of(layout.files), "more than the limit"));
  // An index that lists itself cannot exist; one below another below another can.
  Digest nested = layout.image("layer");
  for (int i = 0; i < 8; ++i) nested = layout.blob(Layout::index(layout.entry(nested)));
  layout.list(layout.entry(nested));
  CHECK(contains(refusal_of(layout.files), "nested deeper than"));
}

TEST_CASE("a registry's index is known by its own digest", "[stored_image]") {
  Layout layout;
  const Digest image = layout.image("one");
  const Digest other = layout.image("two", "arm64");
  layout.list(layout.entry(image, on("amd64")) + "," + layout.entry(other, on("arm64")));
  const std::string index = (*layout.files)["index.json"];
  CHECK(find(layout.files).digest == Digest::of(index));
  CHECK(find(layout.files).manifest_digest == image);
  const auto on_arm = find(layout.files, {{"linux", "arm64", ""}, "", "", {}});
  CHECK(on_arm.digest == Digest::of(index));
  CHECK(on_arm.manifest_digest == other);
  CHECK(contains(refusal_of(layout.files, {{"linux", "s390x", ""}, "", "", {}}), "linux/arm64"));
}

TEST_CASE("an index with one image is told from a list with one image", "[stored_image]") {
  Layout layout;
  const Digest image = layout.image("one");
  layout.list(layout.entry(image, on("amd64")));
  const std::string index = (*layout.files)["index.json"];
  CHECK(find(layout.files).digest == image);
  CHECK(find(layout.files, amd64("", Digest::of(index))).digest == Digest::of(index));
  layout.blob(index);
  CHECK(find(layout.files).digest == Digest::of(index));
  (*layout.files)["single-image-digest"] = image.text() + "\n";
  CHECK(find(layout.files).digest == image);
}

TEST_CASE("the digest it was pulled by decides, unless the layout has another image",
          "[stored_image]") {
  Layout layout;
  const Digest one = layout.image("one");
  const Digest two = layout.image("two");
  layout.list(layout.entry(one, named("a")) + "," + layout.entry(two, named("b")));
  CHECK(find(layout.files, amd64("", two)).digest == two);
  layout.list(layout.entry(one));
  CapturedLog log;
  CHECK(oci::find_stored_image(layout.files, amd64("", two), log).digest == one);
  CHECK(contains(log.text(), "the layout holds another image"));
}

TEST_CASE("of several images the tag's is taken, never just any", "[stored_image]") {
  Layout layout;
  const Digest one = layout.image("one");
  const Digest two = layout.image("two");
  layout.list(layout.entry(one, named("v1")) + "," + layout.entry(two, named("host:5/x:v2")));
  CHECK(find(layout.files, amd64("v1")).digest == one);
  CHECK(find(layout.files, amd64("v2")).digest == two);
  for (const char* tag : {"", "v3", "2"}) {
    INFO(tag);
    CHECK(contains(refusal_of(layout.files, amd64(tag)), "several images (host:5/x:v2, v1)"));
  }
  // The same image under two names is one image.
  layout.list(layout.entry(one, named("v1")) + "," + layout.entry(one, named("v2")));
  CHECK(find(layout.files).digest == one);
}

TEST_CASE("of several images with the tag the repository's is taken", "[stored_image]") {
  Layout layout;
  const Digest one = layout.image("one");
  const Digest two = layout.image("two");
  layout.list(layout.entry(one, named("a:v1")) + "," + layout.entry(two, named("b:v1")) + "," +
              layout.entry(two, named("v1")));
  CHECK(find(layout.files, amd64("v1", {}, "a")).digest == one);
  CHECK(find(layout.files, amd64("v1", {}, "b")).name == "b:v1");
  CHECK(find(layout.files, amd64("v1", two, "b")).name == "b:v1");
  CHECK(contains(refusal_of(layout.files, amd64("v1", {}, "c")), "several images (a:v1, b:v1, v1"));
}

TEST_CASE("of images without names the oldest is not taken for the one that was meant",
          "[stored_image]") {
  Layout layout;
  const std::string one = layout.entry(layout.image("one"));
  const std::string two = layout.entry(layout.image("two"));
  layout.list(one + "," + two);
  CHECK(contains(refusal_of(layout.files), "several images for linux/amd64, and nothing says"));
  const std::string arm = layout.entry(layout.image("three", "arm64"));
  layout.list(one + "," + one + "," + arm + "," + layout.entry(layout.blob("{}")));
  CHECK(text_of(find(layout.files).layers[0]) == "one");
  layout.list(layout.entry(layout.image("one"), named("v1")) + "," + two);
  CHECK(contains(refusal_of(layout.files), "several images for linux/amd64"));
  CHECK(text_of(find(layout.files, amd64("v1")).layers[0]) == "one");
  const Digest nested = layout.blob(Layout::index(two));
  layout.list(layout.entry(nested) + "," + one);
  CHECK(contains(refusal_of(layout.files), "several images for linux/amd64"));
  // Whose index it is, is known here: a registry's, in which the first image counts.
  const Digest known = Digest::of((*layout.files)["index.json"]);
  CHECK(find(layout.files, amd64("", known)).digest == known);
}

TEST_CASE("an image with several names is found by each of them", "[stored_image]") {
  Layout layout;
  const Digest one = layout.image("one");
  const Digest two = layout.image("two");
  const std::string names =
      layout.entry(one, named("x:v1")) + "," + layout.entry(one, named("x:latest"));
  layout.list(names + "," + layout.entry(two, named("y:v2")));
  for (const char* tag : {"v1", "latest"}) {
    INFO(tag);
    CHECK(find(layout.files, amd64(tag)).digest == one);
    CHECK(find(layout.files, amd64(tag)).name == cat("x:", tag));
    CHECK(find(layout.files, amd64(tag, one)).name == cat("x:", tag));
  }
  CHECK(find(layout.files, amd64("v2")).digest == two);
  CHECK(contains(refusal_of(layout.files), "several images (x:latest, x:v1, y:v2)"));
  layout.list(names);
  CHECK(find(layout.files, amd64("latest")).name == "x:latest");
  CHECK(find(layout.files, amd64("v3")).name == "x:v1");
}

TEST_CASE("images for several platforms under one name are not taken for several images",
          "[stored_image]") {
  const auto named_on = [](const std::string& name, const std::string& architecture) {
    return named(name) + on(architecture);
  };
  Layout layout;
  const Digest amd = layout.image("amd");
  const Digest arm = layout.image("arm", "arm64");
  const std::string both =
      layout.entry(arm, named_on("v1", "arm64")) + "," + layout.entry(amd, named_on("v1", "amd64"));
  const Digest other = layout.image("other");
  const std::string more = "," + layout.entry(other, named_on("v2", "amd64")) + "," +
                           layout.entry(amd, named_on("latest", "amd64"));
  for (const std::string& entries : {both, both + more}) {
    layout.list(entries);
    CHECK(find(layout.files, amd64("v1")).digest == amd);
    CHECK(find(layout.files, {{"linux", "arm64", ""}, "", "v1", {}}).digest == arm);
    CHECK(contains(refusal_of(layout.files, {{"linux", "s390x", ""}, "", "v1", {}}),
                   "not made for linux/s390x; it has linux/arm64, linux/amd64"));
  }
  CHECK(contains(refusal_of(layout.files), "several images (latest, v1, v2)"));
  layout.list(both);
  CHECK(find(layout.files).digest == amd);
  // What does not tell them apart still has to be said.
  layout.list(both + "," + layout.entry(other, named_on("v1", "amd64")));
  CHECK(contains(refusal_of(layout.files, amd64("v1")), "several images (v1)"));
  layout.list(both + "," + layout.entry(other, named("v1")));
  CHECK(contains(refusal_of(layout.files, amd64("v1")), "several images (v1)"));
}

TEST_CASE("a layout is not refused, nor another platform's image taken, for one entry's digest",
          "[stored_image]") {
  const std::string other =
      R"({"digest":"blake3:00","size":1,"platform":{"architecture":"arm64"}})";
  Layout layout;
  const Digest image = layout.image("one");
  layout.list(layout.entry(image, named("v1") + on("amd64")) + "," + other);
  CHECK(find(layout.files).manifest_digest == image);
  CHECK(contains(refusal_of(layout.files, {{"linux", "arm64", ""}, "", "", {}}),
                 "not made for linux/arm64; it has linux/amd64; left out is blake3:00"));
  layout.list(other);
  CHECK(contains(refusal_of(layout.files), "blake3:00"));
}

TEST_CASE("what is no image does not make an index of a list, with a digest that nobody knows",
          "[stored_image]") {
  Layout layout;
  const Digest image = layout.image("one");
  const std::string other =
      layout.entry(layout.blob("<xml/>"), R"(,"mediaType":"application/xml")");
  const std::string artifact =
      layout.entry(layout.blob(R"({"layers":[]})"), R"(,"artifactType":"application/spdx+json")");
  for (const std::string& more : {on("amd64"), named("v1"), on("amd64") + named("v1")}) {
    INFO(more);
    for (const std::string& entries :
         {layout.entry(image, more) + "," + other, other + "," + layout.entry(image, more)}) {
      layout.list(entries);
      CHECK(find(layout.files).digest == image);
      CHECK(find(layout.files).name == (contains(more, "v1") ? "v1" : ""));
    }
  }
  layout.list(artifact + "," + layout.entry(image, on("amd64") + named("v1")));
  CHECK(find(layout.files).digest == image);
  CHECK(find(layout.files).name == "v1");
  // A name is for the lists of layouts; without one, it is a registry's own index.
  layout.list(artifact + "," + layout.entry(image, on("amd64")));
  CHECK(find(layout.files).digest == Digest::of((*layout.files)["index.json"]));
  // Of another platform's image it is no name.
  layout.list(layout.entry(image, on("amd64") + named("v1")) + "," +
              layout.entry(layout.image("two", "arm64"), on("arm64")));
  CHECK(text_of(find(layout.files, {{"linux", "arm64", ""}, "", "", {}}).layers[0]) == "two");
  // The only one there is may be one with an old or a made-up type.
  layout.list(layout.entry(image, R"(,"mediaType":"application/json")"));
  CHECK(find(layout.files).digest == image);
}

TEST_CASE("what is kept beside an image is not taken for another", "[stored_image]") {
  Layout layout;
  const Digest image = layout.image("one");
  const std::string aside = layout.entry(layout.blob(R"({"manifests":[]})"));
  for (const std::string& name : {named("v1"), std::string()}) {
    layout.list(aside + "," + layout.entry(image, name));
    CHECK(find(layout.files).digest == image);
  }
  // A list of what refers to the image, as oras copies it, leads back to it.
  const std::string list = layout.entry(layout.blob(Layout::index(layout.entry(image))),
                                        R"(,"artifactType":"application/spdx+json")");
  layout.list(list + "," + layout.entry(image));
  CHECK(find(layout.files).digest == image);
  layout.list(layout.entry(layout.blob(Layout::index(layout.entry(image)))) + "," +
              layout.entry(image));
  CHECK(text_of(find(layout.files).layers[0]) == "one");
  for (const char* repository : {"", "host:5/x:"}) {
    const std::string tag = cat(repository, "sha256-", image.hex(), ".sig");
    const std::string signature = layout.entry(layout.blob(R"({"manifests":[]})"), named(tag));
    layout.list(signature + "," + layout.entry(image, named("x:v1")));
    CHECK(find(layout.files).digest == image);
    CHECK(find(layout.files).name == "x:v1");
  }
}
