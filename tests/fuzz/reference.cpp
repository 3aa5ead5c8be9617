#include "oci/reference.hpp"

#include "fuzz/support/fuzz.hpp"

// Image names as users write them. What is accepted goes into URLs and file names.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using fuzz::require;
  fuzz::accepts([&] {
    const auto reference = oci::Reference::parse(fuzz::text_of(data, size));
    require(!reference.wire_host().empty(), "there is a host to talk to");
    require(reference.tag.empty() || oci::is_valid_tag(reference.tag), "the tag is valid");
    for (const std::string_view part : base::split(reference.repository, '/')) {
      require(!part.empty() && part != "." && part != "..", "the repository is a clean path");
      require(part.find_first_of("?#%\\ ") == part.npos, "the repository needs no escapes");
    }
    std::string text = reference.name();
    if (!reference.tag.empty()) text += ":" + reference.tag;
    if (reference.digest) text += "@" + reference.digest->text();
    const auto again = oci::Reference::parse(text);
    require(again.registry == reference.registry && again.repository == reference.repository &&
                again.tag == reference.tag && again.digest == reference.digest,
            "a name in full means the same");
  });
  return 0;
}
