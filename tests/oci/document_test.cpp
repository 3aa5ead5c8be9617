#include "base/error.hpp"
#include "base/text.hpp"
#include "oci/image.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using base::cat;
using oci::DocumentKind;

namespace {

constexpr const char* oci_manifest = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* oci_index = "application/vnd.oci.image.index.v1+json";
constexpr const char* oci_config = "application/vnd.oci.image.config.v1+json";
constexpr const char* oci_layer = "application/vnd.oci.image.layer.v1.tar+gzip";

std::string descriptor(const std::string& type, const std::string& size = "10") {
  return cat(R"({"mediaType":")", type, R"(","size":)", size, R"(,"digest":"sha256:)",
             std::string(64, 'a'), "\"}");
}

std::string manifest(const std::string& config_type, const std::string& layer_type,
                     const std::string& more = "") {
  return cat(R"({"schemaVersion":2,)", more, R"("config":)", descriptor(config_type),
             R"(,"layers":[)", descriptor(layer_type), "]}");
}

std::string config(const std::string& runtime, const std::string& rootfs) {
  return cat(R"({"os":"linux","architecture":"arm64","variant":"v8","created":"2020","config":)",
             runtime, R"(,"rootfs":)", rootfs, "}");
}

std::string one_layer() {
  return cat(R"({"type":"layers","diff_ids":["sha256:)", std::string(64, 'b'), "\"]}");
}

}  // namespace

TEST_CASE("index and manifest are told apart by shape, whatever the server labels them") {
  const std::string type =
      GENERATE("", "application/json", "text/plain; charset=utf-8", "application/octet-stream");
  CHECK(oci::document_kind(R"({"manifests":[]})", type) == DocumentKind::index);
  CHECK(oci::document_kind(manifest(oci_config, oci_layer), type) == DocumentKind::manifest);
}

TEST_CASE("a document that could be read in two ways is refused") {
  CHECK_THROWS_AS(oci::document_kind(R"({"manifests":[],"layers":[]})", ""), base::Error);
  CHECK_THROWS_AS(oci::document_kind(R"({"manifests":[],"config":{}})", ""), base::Error);
  CHECK_THROWS_AS(oci::document_kind(R"({"manifests":[]})", oci_manifest), base::Error);
  CHECK_THROWS_AS(oci::document_kind(cat(R"({"mediaType":")", oci_index, R"(","layers":[]})"), ""),
                  base::Error);
  CHECK(oci::document_kind(R"({"manifests":[]})", cat(oci_index, "; charset=utf-8")) ==
        DocumentKind::index);
}

TEST_CASE("retired, foreign and broken documents are refused by name") {
  const auto message = [](const std::string& text, const std::string& type) {
    return message_of([&] { oci::document_kind(text, type); });
  };
  CHECK(message(R"({"schemaVersion":1,"fsLayers":[]})", "").find("schema 1") != std::string::npos);
  CHECK(
      message("{}", "application/vnd.docker.distribution.manifest.v1+prettyjws").find("schema 1") !=
      std::string::npos);
  CHECK(message(R"({"mediaType":"application/vnd.oci.artifact.manifest.v1+json","blobs":[]})", "")
            .find("application/vnd.oci.artifact.manifest.v1+json") != std::string::npos);
  for (const char* text : {"", "[]", "null", "{\"manifests\":", "7", "<html>"}) {
    CAPTURE(text);
    CHECK_FALSE(message(text, "").empty());
  }
}

TEST_CASE("a manifest's config and layers are read") {
  const oci::Manifest read = oci::parse_manifest(manifest(oci_config, oci_layer));
  CHECK(read.config.media_type == oci_config);
  CHECK(read.config.size == 10);
  REQUIRE(read.layers.size() == 1);
  CHECK(read.layers[0].media_type == oci_layer);
  CHECK(read.layers[0].digest.hex() == std::string(64, 'a'));
}

TEST_CASE("what cannot be a root file system is refused, naming its type") {
  struct Case {
    const char *config_type, *layer_type, *named;
  };
  const Case example = GENERATE(
      Case{"application/vnd.cncf.helm.config.v1+json", oci_layer, "helm"},
      Case{"application/vnd.oci.empty.v1+json", oci_layer, "vnd.oci.empty"},
      Case{"application/vnd.docker.plugin.v1+json", oci_layer, "plugin"},
      Case{oci_config, "application/vnd.in-toto+json", "in-toto"},
      Case{oci_config, "application/vnd.dev.cosign.simplesigning.v1+json", "cosign"},
      Case{oci_config, "application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "encrypted"});
  CHECK(contains(
      message_of([&] { oci::parse_manifest(manifest(example.config_type, example.layer_type)); }),
      example.named));
}

TEST_CASE("images of old tools, which guessed the type of the configuration, are no artifacts") {
  const std::string type =
      GENERATE("", "application/octet-stream", "application/json", "text/html; charset=utf-8");
  CHECK_NOTHROW(oci::parse_manifest(manifest(type.c_str(), oci_layer)));
}

TEST_CASE("an encrypted image is not told as a signature") {
  const std::string type = "application/vnd.oci.image.layer.v1.tar+gzip+encrypted";
  const std::string said =
      message_of([&] { oci::parse_manifest(manifest(oci_config, type.c_str())); });
  CHECK(said ==
        "the image is encrypted: manifest.layers[0] is " + type + "; name an image that is not");
}

TEST_CASE("a copy knows the blobs of what is no image, too") {
  const auto blobs = oci::parse_blobs(manifest("application/x-config", "application/vnd.in-toto"));
  REQUIRE(blobs.size() == 2);
  CHECK(blobs[0].media_type == "application/x-config");
  CHECK(blobs[1].media_type == "application/vnd.in-toto");
  CHECK(oci::parse_blobs(R"({"schemaVersion":2,"layers":[]})").empty());
  CHECK_THROWS_AS(oci::parse_blobs(R"({"config":{"size":1,"digest":"../../etc"}})"), base::Error);
}

TEST_CASE("descriptors with impossible values are refused") {
  const auto with_config = [](const std::string& text) {
    return cat(R"({"layers":[],"config":)", text, "}");
  };
  CHECK_NOTHROW(oci::parse_manifest(with_config(descriptor(oci_config))));
  for (const std::string& text :
       {descriptor(oci_config, "-1"), descriptor(oci_config, "1.5"),
        descriptor(oci_config, "\"10\""), descriptor(oci_config, "99999999999999999999"),
        std::string("{}"), std::string("[]"), std::string("null"),
        cat(R"({"mediaType":")", oci_config, R"(","size":1,"digest":"sha256:../x"})")}) {
    CAPTURE(text);
    CHECK_THROWS_AS(oci::parse_manifest(with_config(text)), base::Error);
  }
}

TEST_CASE("an index's entries keep platform, annotations and artifact type") {
  const oci::Index index = oci::parse_index(
      cat(R"({"annotations":{"a":"b"},"manifests":[{"mediaType":")", oci_manifest,
          R"(","size":3,"digest":"sha256:)", std::string(64, 'c'),
          R"(","platform":{"os":"linux","architecture":"arm","variant":"v7","os.features":["x"]},)",
          R"("annotations":{"k":"v"},"artifactType":"t","urls":["https://x"]}]})"));
  CHECK(index.annotations.at("a") == "b");
  REQUIRE(index.manifests.size() == 1);
  const oci::Descriptor& entry = index.manifests[0];
  CHECK(entry.platform == oci::Platform{"linux", "arm", "v7"});
  CHECK(entry.annotations.at("k") == "v");
  CHECK(entry.artifact_type == "t");
  CHECK(entry.urls == std::vector<std::string>{"https://x"});
}

TEST_CASE("what an index says of another platform's image does not make it unreadable") {
  const auto entry = [](const std::string& digest, const std::string& more = "") {
    return cat(R"({"size":3,"digest":")", digest, "\"", more, "}");
  };
  const std::string known = "sha256:" + std::string(64, 'c');
  const auto read = [&](const std::string& other) {
    return oci::parse_index(cat(R"({"manifests":[)", other, ",", entry(known), "]}"));
  };
  const oci::Index index = read(entry("blake3:" + std::string(64, '0')));
  REQUIRE(index.manifests.size() == 1);
  CHECK(index.manifests[0].digest.text() == known);
  REQUIRE(index.unknown_digests.size() == 1);
  CHECK(index.unknown_digests[0] == "blake3:" + std::string(64, '0'));
  CHECK(contains(message_of([&] {
                   oci::select_platform({{}, {}, index.unknown_digests}, {});
                 }),
                 "left out is blake3:00"));

  const oci::Index annotated = read(entry(known, R"(,"annotations":{"n":1,"o":{},"t":"x"})"));
  REQUIRE(annotated.manifests.size() == 2);
  CHECK(annotated.manifests[0].annotations.size() == 1);
  CHECK(annotated.manifests[0].annotations.at("t") == "x");

  for (const char* broken : {"sha256:00", "sha512:00", "blake3", "blake3:", ":00", "b:a:b",
                             "../x:00", "x:../..", "x:a/b"}) {
    CAPTURE(broken);
    CHECK_THROWS_AS(read(entry(broken)), base::Error);
  }
}

TEST_CASE("an image configuration is read as a runtime would") {
  const oci::ImageConfig read = oci::parse_config(
      config(R"({"User":"1:2","Env":["A=b"],"Entrypoint":["/x"],"Cmd":[],"Labels":{"l":"v"}})",
             one_layer()),
      1);
  CHECK(read.platform == oci::Platform{"linux", "arm64", "v8"});
  CHECK(read.user == "1:2");
  CHECK(read.env == std::vector<std::string>{"A=b"});
  CHECK(read.entrypoint == std::vector<std::string>{"/x"});
  CHECK(read.cmd == std::vector<std::string>{});
  CHECK(read.labels.at("l") == "v");
  CHECK(read.created == "2020");
  REQUIRE(read.diff_ids.size() == 1);
}

TEST_CASE("null and missing lists stay apart from empty ones") {
  const std::string runtime = GENERATE("null", "{}", R"({"Env":null,"User":null,"Labels":null})");
  const oci::ImageConfig read = oci::parse_config(config(runtime, one_layer()), 1);
  CHECK(read.user.empty());
  CHECK_FALSE(read.env);
  CHECK_FALSE(read.entrypoint);
  CHECK_FALSE(read.cmd);
  CHECK(read.labels.empty());
}

TEST_CASE("a configuration that does not fit its layers is refused") {
  CHECK_THROWS_AS(oci::parse_config(config("{}", one_layer()), 2), base::Error);
  CHECK_THROWS_AS(oci::parse_config(config("{}", one_layer()), 0), base::Error);
  for (const char* rootfs :
       {"null", "[]", R"({"type":"layers+base","diff_ids":[]})",
        R"({"type":"layers","diff_ids":["x"]})", R"({"type":"layers","diff_ids":{}})"}) {
    CAPTURE(rootfs);
    CHECK_THROWS_AS(oci::parse_config(config("{}", rootfs), 0), base::Error);
  }
  CHECK_NOTHROW(oci::parse_config(config("{}", R"({"type":"layers","diff_ids":null})"), 0));
  CHECK_THROWS_AS(oci::parse_config(config(R"({"Env":"A=b"})", one_layer()), 1), base::Error);
}
