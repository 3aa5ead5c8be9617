#include <cstdlib>
#include <ctime>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "rootfs/support/random_layers.hpp"
#include "rootfs/support/stage.hpp"

namespace fs = std::filesystem;

namespace {

struct Blob {
  std::string digest;
  size_t size;
};

Blob put_blob(const fs::path& layout, const std::string& bytes) {
  const std::string hex = base::sha256_hex(bytes);
  fs::create_directories(layout / "blobs/sha256");
  std::ofstream(layout / "blobs/sha256" / hex, std::ios::binary) << bytes;
  return {"sha256:" + hex, bytes.size()};
}

std::string descriptor(const std::string& media_type, const Blob& blob) {
  return base::cat(R"("mediaType":"application/vnd.oci.image.)", media_type, R"(","digest":")",
                   blob.digest, R"(","size":)", blob.size);
}

void write_layout(const fs::path& layout, const std::vector<std::string>& layers) {
  std::string diff_ids, descriptors;
  for (const std::string& layer : layers) {
    const Blob blob = put_blob(layout, layer);
    diff_ids += (diff_ids.empty() ? "\"" : ",\"") + blob.digest + "\"";
    descriptors += (descriptors.empty() ? "{" : ",{") + descriptor("layer.v1.tar", blob) + "}";
  }
  const Blob config =
      put_blob(layout, base::cat(R"({"architecture":"amd64","os":"linux","config":{},)",
                                 R"("rootfs":{"type":"layers","diff_ids":[)", diff_ids, "]}}"));
  const Blob manifest = put_blob(
      layout, base::cat(R"({"schemaVersion":2,"config":{)", descriptor("config.v1+json", config),
                        R"(},"layers":[)", descriptors, "]}"));
  std::ofstream(layout / "oci-layout") << R"({"imageLayoutVersion":"1.0.0"})";
  std::ofstream(layout / "index.json")
      << R"({"schemaVersion":2,"manifests":[{)" << descriptor("manifest.v1+json", manifest)
      << R"(,"annotations":{"org.opencontainers.image.ref.name":"t"}}]})";
}

/// Umoci leaves the present time on directories that have no entry of their own or got something
/// later in a directory that had none; we give the former a fixed time and the latter their own.
void level(TreeListing& ours, TreeListing& theirs, int64_t start) {
  ours.erase("");
  theirs.erase("");
  for (auto& [path, entry] : theirs) {
    const auto same = ours.find(path);
    if (same == ours.end() || entry.kind != "dir" || entry.mtime_seconds < start) continue;
    entry.mtime_seconds = same->second.mtime_seconds;
    entry.mtime_nanoseconds = same->second.mtime_nanoseconds;
  }
}

}  // namespace

TEST_CASE("random stacks of layers come out as umoci unpacks them") {
  if (::geteuid() != 0 || std::system("umoci --version >/dev/null 2>&1") != 0) {
    WARN("skipped: needs root and umoci");
    return;
  }
  const int64_t start = std::time(nullptr);
  for (uint32_t seed = 1; seed <= 60; ++seed) {
    const std::vector<std::string> layers = RandomLayers(seed).stack();
    Stage stage;
    ScratchDir scratch;
    write_layout(scratch / "layout", layers);
    const std::string command =
        base::cat("umask 022; umoci unpack --image ", (scratch / "layout").string(), ":t ",
                  (scratch / "bundle").string(), " >", (scratch / "log").string(), " 2>&1");
    INFO("seed " << seed);
    const bool unpacked = std::system(command.c_str()) == 0;
    INFO(std::ifstream(scratch / "log").rdbuf());
    REQUIRE(unpacked);
    stage.unpack(layers);
    TreeListing ours = list_tree(stage.root());
    TreeListing theirs = list_tree(scratch / "bundle/rootfs");
    level(ours, theirs, start);
    CHECK(ours.size() > 3);
    CHECK(differences(ours, theirs) == std::vector<std::string>{});
  }
}
