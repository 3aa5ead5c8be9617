#include "oci/stored_image.hpp"

#include <sys/mman.h>

#include "base/file.hpp"
#include "fuzz/support/fuzz.hpp"

// An archive as `docker save` and its like write it.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using fuzz::require;
  fuzz::accepts([&] {
    base::UniqueFd fd(::memfd_create("archive", MFD_CLOEXEC));
    base::write_all(fd.get(), fuzz::text_of(data, size), "the archive");
    const std::shared_ptr<const oci::FileSet> files = oci::files_of_tar(std::move(fd));
    base::Log log(-1);
    const auto image =
        oci::find_stored_image(files, {{"linux", "amd64", ""}, "app", "v1", {}}, log);
    require(image.layers.size() == image.config.diff_ids.size(), "each layer has its diff_id");
    for (const oci::StoredLayer& layer : image.layers) {
      require(layer.size <= size, "no layer is larger than the archive");
      const auto bytes = base::read_all(*layer.open(), size, "the layer");
      require(bytes.size() == layer.size, "a layer is as long as it says");
      require(!layer.digest || oci::Digest::of(bytes) == *layer.digest ||
                  layer.digest->algorithm() != base::HashAlgorithm::sha256,
              "a layer is what its digest says");
    }
  });
  return 0;
}
