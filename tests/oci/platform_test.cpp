#include <chrono>

#include "base/error.hpp"
#include "oci/image.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using oci::Descriptor;
using oci::Index;
using oci::Platform;

namespace {

constexpr const char* manifest_type = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* index_type = "application/vnd.oci.image.index.v1+json";

/// An entry whose digest is made from `name`, by which the tests tell entries apart.
Descriptor entry(const std::string& name, std::optional<Platform> platform,
                 const char* type = manifest_type) {
  return {type, oci::Digest::of(name), 1, std::move(platform), "", {}, {}};
}

using Names = std::vector<std::string>;

std::vector<oci::Digest> digests(const Names& names) {
  std::vector<oci::Digest> out;
  for (const std::string& name : names) out.push_back(oci::Digest::of(name));
  return out;
}

std::vector<oci::Digest> selected(const Index& index, const Platform& wanted) {
  std::vector<oci::Digest> out;
  for (const Descriptor& found : oci::select_platform(index, wanted)) out.push_back(found.digest);
  return out;
}

}  // namespace

TEST_CASE("platforms have one spelling after normalisation") {
  const auto normal = [](const char* architecture, const char* variant) {
    return Platform{"Linux", architecture, variant}.normalised().text();
  };
  CHECK(normal("x86_64", "") == "linux/amd64/v1");
  CHECK(normal("x86-64", "") == "linux/amd64/v1");
  CHECK(normal("i386", "") == "linux/386");
  CHECK(normal("i686", "") == "linux/386");
  CHECK(normal("AMD64", "v3") == "linux/amd64/v3");
  CHECK(normal("aarch64", "") == "linux/arm64/v8");
  CHECK(normal("arm64/v8", "") == "linux/arm64/v8");
  CHECK(normal("arm64", "8") == "linux/arm64/v8");
  CHECK(normal("arm64", "v8.0") == "linux/arm64/v8");
  CHECK(normal("arm64", "8.2") == "linux/arm64/v8.2");
  CHECK(normal("arm/v6", "") == "linux/arm/v6");
  CHECK(normal("armhf", "") == "linux/arm/v7");
  CHECK(normal("armel", "") == "linux/arm/v6");
  CHECK(normal("arm", "") == "linux/arm/v7");
  CHECK(normal("s390x", "") == "linux/s390x");
  CHECK(oci::native_platform().os == "linux");
}

TEST_CASE("the exact platform comes first, then lower variants, never higher ones") {
  const Index index{
      {entry("v5", Platform{"linux", "arm", "v5"}), entry("v8", Platform{"linux", "arm", "v8"}),
       entry("v6", Platform{"linux", "arm", "v6"}), entry("v7", Platform{"linux", "arm", "v7"}),
       entry("amd64", Platform{"linux", "amd64", ""}),
       entry("windows", Platform{"windows", "arm", "v7"})},
      {}};
  CHECK(selected(index, {"linux", "arm", "v7"}) == digests({"v7", "v6", "v5"}));
  CHECK(selected(index, {"linux", "arm", ""}) == digests({"v7", "v6", "v5"}));
  CHECK(selected(index, {"linux", "arm", "v6"}) == digests({"v6", "v5"}));
  CHECK(selected(index, {"linux", "x86_64", ""}) == digests({"amd64"}));
}

TEST_CASE("arm64 written with and without its variant is the same platform") {
  const Index index{{entry("plain", Platform{"linux", "arm64", ""}),
                     entry("v8", Platform{"linux", "arm64", "v8"}),
                     entry("v8.2", Platform{"linux", "arm64", "v8.2"})},
                    {}};
  CHECK(selected(index, {"linux", "arm64/v8", ""}) == digests({"plain", "v8"}));
  CHECK(selected(index, {"linux", "arm64", "v9"}) == digests({"v8.2", "plain", "v8"}));
}

TEST_CASE("the variants of POWER and RISC-V are versions, and plain is the least of them") {
  const auto offering = [](const char* architecture, const Names& variants) {
    Index index;
    for (const std::string& variant : variants) {
      index.manifests.push_back(entry(variant, Platform{"linux", architecture, variant}));
    }
    return index;
  };
  const Index power = offering("ppc64le", {"power8", "power10", "power9", "power"});
  CHECK(selected(power, {"linux", "ppc64le", ""}) == digests({"power8"}));
  CHECK(selected(power, {"linux", "ppc64le", "power9"}) == digests({"power9", "power8"}));
  CHECK(selected(power, {"linux", "ppc64le", "power11"}) ==
        digests({"power10", "power9", "power8"}));
  const Index risc = offering("riscv64", {"rva20u64", "rva23u64", "rva22u64", "rvau64", "rva"});
  CHECK(selected(risc, {"linux", "riscv64", ""}) == digests({"rva20u64"}));
  CHECK(selected(risc, {"linux", "riscv64", "rva22u64"}) == digests({"rva22u64", "rva20u64"}));
  CHECK(selected(offering("ppc64le", {""}), {"linux", "ppc64le", "power9"}) == digests({""}));
  CHECK(selected(offering("riscv64", {""}), {"linux", "riscv64", "rva20u64"}) == digests({""}));
}

TEST_CASE("a variant that is no version stands for itself alone") {
  const auto amd64 = [](const char* variant) {
    return entry(variant, Platform{"linux", "amd64", variant});
  };
  const Index index{{amd64("v1"), amd64("v2"), amd64("v10"), amd64("v1.9.9"), amd64("v1x"),
                     amd64("v"), amd64("v0001"), amd64("odd")},
                    {}};
  CHECK(selected(index, {"linux", "amd64", ""}) == digests({"v1"}));
  CHECK(selected(index, {"linux", "amd64", "v9"}) == digests({"v2", "v1"}));
  CHECK(selected(index, {"linux", "amd64", "v11"}) == digests({"v10", "v2", "v1"}));
  CHECK(selected(index, {"linux", "amd64", "odd"}) == digests({"odd"}));
}

TEST_CASE("attestations, artifacts and unknown types are never chosen") {
  Descriptor attestation = entry("attestation", Platform{"linux", "amd64", ""});
  attestation.annotations["vnd.docker.reference.type"] = "attestation-manifest";
  Descriptor artifact = entry("artifact", Platform{"linux", "amd64", ""});
  artifact.artifact_type = "application/vnd.example";
  const Index index{{attestation, artifact, entry("unknown", Platform{"unknown", "unknown", ""}),
                     entry("odd", Platform{"linux", "amd64", ""}, "application/vnd.odd+json"),
                     entry("image", Platform{"linux", "amd64", ""})},
                    {}};
  CHECK(selected(index, {"linux", "amd64", ""}) == digests({"image"}));
}

TEST_CASE("an image that its index gives the type of its configuration is no artifact") {
  for (const char* type : {"application/vnd.oci.image.config.v1+json",
                           "application/vnd.docker.container.image.v1+json"}) {
    INFO(type);
    Descriptor image = entry("image", Platform{"linux", "amd64", ""});
    image.artifact_type = type;
    CHECK(selected({{image}, {}}, {"linux", "amd64", ""}) == digests({"image"}));
  }
}

TEST_CASE("entries without a platform serve only when nothing else does") {
  const Index mixed{{entry("bare", std::nullopt), entry("nested", std::nullopt, index_type),
                     entry("exact", Platform{"linux", "amd64", ""})},
                    {}};
  CHECK(selected(mixed, {"linux", "amd64", ""}) == digests({"exact", "nested"}));
  CHECK(selected(mixed, {"linux", "arm64", ""}) == digests({"nested"}));
  const Index bare{{entry("bare", std::nullopt)}, {}};
  CHECK(selected(bare, {"linux", "arm64", ""}) == digests({"bare"}));
}

TEST_CASE("a platform that is missing is reported with those there are") {
  const Index index{
      {entry("a", Platform{"linux", "arm", "v6"}), entry("b", Platform{"linux", "arm", "v6"}),
       entry("c", Platform{"windows", "amd64", ""}),
       entry("d", Platform{"unknown", "unknown", ""})},
      {}};
  CHECK(message_of([&] {
          oci::select_platform(index, {"linux", "amd64", ""});
        }) == "the image is not made for linux/amd64; it has linux/arm/v6, windows/amd64");
  CHECK_THROWS_AS(oci::select_platform(Index{}, {"linux", "amd64", ""}), base::Error);
}

TEST_CASE("an index of countless platforms is refused in no time") {
  Index index;
  for (int i = 0; i < 100'000; ++i) {
    index.manifests.push_back(entry("x", Platform{"linux", "a" + std::to_string(i), ""}));
  }
  const auto start = std::chrono::steady_clock::now();
  const std::string said = message_of([&] { oci::select_platform(index, {"linux", "b", ""}); });
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
  CHECK(contains(said, "it has linux/a0, linux/a1, "));
  CHECK(said.size() < 2000);
}
