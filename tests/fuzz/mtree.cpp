#include "fuzz/support/fuzz.hpp"
#include "rootfs/manifest.hpp"

namespace {

using fuzz::require;

std::string written_again(const std::string& text) {
  base::MemorySource source(text);
  rootfs::ManifestReader reader(source);
  base::StringSink out;
  rootfs::ManifestWriter writer(out);
  std::string last;
  bool first = true;
  for (rootfs::ManifestEntry what; reader.next(what); first = false) {
    const std::string& path = what.entry.path;
    require(path.empty() == first, "the root comes first, and once");
    require(first || rootfs::walks_before(last, path), "paths are in the order of a walk");
    require(!path.starts_with('/') && !path.ends_with('/'), "paths are relative");
    require(("/" + path + "/").find("/../") == std::string::npos, "no path climbs");
    require(path.find('\0') == path.npos, "no path has a NUL");
    require(what.hardlink.empty() || rootfs::walks_before(what.hardlink, path),
            "a hard link leads back");
    writer.add(what);
    last = path;
  }
  writer.finish();
  return out.take();
}

}  // namespace

// A manifest as it lies in a repository.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::accepts([&] {
    const std::string text(fuzz::text_of(data, size));
    require(written_again(text) == text, "a manifest has one spelling");
  });
  return 0;
}
