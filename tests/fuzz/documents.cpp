#include "fuzz/support/fuzz.hpp"
#include "oci/image.hpp"

namespace {

using fuzz::require;

bool is_one_of(const oci::Descriptor& found, const std::vector<oci::Descriptor>& all) {
  return std::any_of(all.begin(), all.end(),
                     [&](const auto& one) { return one.digest == found.digest; });
}

void choose(const oci::Index& index, const oci::Platform& wanted) {
  fuzz::accepts([&] {
    const auto chosen = oci::select_platform(index, wanted);
    require(!chosen.empty(), "nothing that fits is an error");
    require(chosen.size() <= index.manifests.size(), "nothing is chosen twice");
    for (const auto& descriptor : chosen) {
      require(is_one_of(descriptor, index.manifests), "what is chosen is in the index");
      if (!descriptor.platform) continue;
      const auto platform = descriptor.platform->normalised();
      require(platform.normalised() == platform, "standard names are standard names");
      require(platform.os == "unknown" || wanted.os == "unknown" || platform.os != "unknown",
              "an attestation is no image");
    }
  });
}

}  // namespace

// A manifest or an index.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  fuzz::accepts([&] { oci::document_kind(text, ""); });
  fuzz::accepts([&] { oci::document_kind(text, "application/vnd.oci.image.index.v1+json"); });
  fuzz::accepts([&] {
    const auto manifest = oci::parse_manifest(text);
    require(oci::parse_blobs(text).size() == manifest.layers.size() + 1,
            "an image's blobs are its configuration and its layers");
  });
  fuzz::accepts([&] { oci::parse_blobs(text); });
  fuzz::accepts([&] {
    const auto index = oci::parse_index(text);
    choose(index, {"linux", "amd64", ""});
    choose(index, {"linux", "arm", "v6"});
    choose(index, {"windows", "arm64", "v8"});
  });
  return 0;
}
