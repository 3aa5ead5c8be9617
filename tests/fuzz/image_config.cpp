#include "fuzz/support/fuzz.hpp"
#include "oci/image.hpp"

// An image configuration, for images of up to three layers.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using fuzz::require;
  const std::string_view text = fuzz::text_of(data, size);
  int fitting = 0;
  for (size_t layers = 0; layers < 4; ++layers) {
    fuzz::accepts([&] {
      const auto config = oci::parse_config(text, layers);
      require(config.diff_ids.size() == layers, "there is a diff_id for each layer");
      require(config.document == text, "the document is kept as it is");
      ++fitting;
    });
  }
  require(fitting <= 1, "a configuration fits one number of layers");
  return 0;
}
