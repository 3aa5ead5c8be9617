#include "base/text.hpp"
#include "registry/support/fake_registry.hpp"
#include "support/catch.hpp"

using base::cat;

namespace {

const oci::Platform amd64{"linux", "amd64", ""};
const oci::Platform arm64{"linux", "arm64", ""};

oci::Descriptor without_platform(oci::Descriptor descriptor) {
  descriptor.platform.reset();
  return descriptor;
}

}  // namespace

TEST_CASE("an index leads to the image for the platform") {
  FakeRegistry fake;
  const oci::Descriptor first = fake.add_image(amd64);
  const oci::Descriptor second = fake.add_image(arm64);
  const oci::Descriptor index = fake.add_index({first, second});
  CHECK(fake.client().fetch_image(index.digest, amd64).manifest_digest == first.digest);
  const registry::Image image = fake.client().fetch_image(index.digest, arm64);
  CHECK(image.manifest_digest == second.digest);
  CHECK(image.manifest.layers.size() == 1);
  CHECK(image.config.platform.architecture == "arm64");
}

TEST_CASE("nested indexes are followed, but not for ever") {
  FakeRegistry fake;
  const oci::Descriptor image = fake.add_image(amd64);
  oci::Descriptor index = fake.add_index({image});
  for (int depth = 0; depth < 3; ++depth) index = fake.add_index({index});
  CHECK(fake.client().fetch_image(index.digest, amd64).manifest_digest == image.digest);
  index = fake.add_index({index});
  CHECK(contains(message_of([&] { fake.client().fetch_image(index.digest, amd64); }), "nested"));
}

TEST_CASE("a nested index without the platform does not hide the next one") {
  FakeRegistry fake;
  const oci::Descriptor image = fake.add_image(amd64);
  const oci::Descriptor index =
      fake.add_index({fake.add_index({fake.add_image(arm64)}), fake.add_index({image})});
  CHECK(fake.client().fetch_image(index.digest, amd64).manifest_digest == image.digest);
}

TEST_CASE("images without a platform in the index are told by their configuration") {
  FakeRegistry fake;
  const oci::Descriptor image = fake.add_image(arm64);
  const oci::Descriptor index =
      fake.add_index({without_platform(fake.add_image(amd64)), without_platform(image)});
  CHECK(fake.client().fetch_image(index.digest, arm64).manifest_digest == image.digest);
  const oci::Platform s390x{"linux", "s390x", ""};
  CHECK(contains(message_of([&] { fake.client().fetch_image(index.digest, s390x); }),
                 "none of its images is for linux/s390x"));
}

TEST_CASE("an entry the registry lacks is replaced by a lower variant") {
  FakeRegistry fake;
  const oci::Descriptor lower = fake.add_image({"linux", "arm", "v6"});
  oci::Descriptor missing = lower;
  missing.digest = oci::Digest::of("missing");
  missing.platform->variant = "v7";
  const oci::Descriptor index = fake.add_index({missing, lower});
  const oci::Platform arm{"linux", "arm", "v7"};
  CHECK(fake.client().fetch_image(index.digest, arm).manifest_digest == lower.digest);
}

TEST_CASE("a single image for another processor is used, since labels are often wrong") {
  FakeRegistry fake;
  const oci::Descriptor image = fake.add_image(arm64);
  CHECK(fake.client().fetch_image(image.digest, amd64).manifest_digest == image.digest);
}

TEST_CASE("images for other operating systems are refused") {
  FakeRegistry fake;
  const oci::Platform windows{"windows", "amd64", ""};
  const oci::Descriptor image = fake.add_image(windows);
  CHECK(contains(message_of([&] { fake.client().fetch_image(image.digest, amd64); }),
                 "windows/amd64"));
  CHECK(contains(message_of([&] { fake.client().fetch_image(image.digest, windows); }),
                 "only linux"));
}

TEST_CASE("a configuration that is damaged or too large is refused") {
  FakeRegistry fake;
  const oci::Descriptor good = fake.add_image(amd64);
  const registry::Image image = fake.client().fetch_image(good.digest, amd64);
  oci::Descriptor config = image.manifest.config;
  SECTION("too large") {
    config.size = 5U << 20U;
  }
  SECTION("size differs") {
    config.size += 1;
  }
  SECTION("other content") {
    config.digest = fake.add_blob("{}", "").digest;
    config.size = 2;
  }
  const oci::Descriptor bad =
      fake.add_manifest(cat(R"({"config":)", json_of(config), R"(,"layers":[)",
                            json_of(image.manifest.layers[0]), "]}"),
                        "application/vnd.oci.image.manifest.v1+json");
  CHECK_THROWS_AS(fake.client().fetch_image(bad.digest, amd64), base::Error);
}
