#include "oci/find_image.hpp"

#include <exception>
#include <optional>
#include <set>

#include "base/text.hpp"

namespace oci {
namespace {

using base::cat;

/// Manifests have the same limit, and configurations are smaller than those by a lot.
constexpr size_t config_limit = 4 * 1024 * 1024;
constexpr int maximum_depth = 4;
constexpr size_t most_documents = 1000;

/// How sure the way to a document makes its platform.
enum class Found { by_name, by_platform, without_platform };

class Walk {
 public:
  Walk(ImageStore& store, const Platform& wanted, base::Log& log)
      : store_(store), wanted_(wanted), log_(log) {}

  /// The image at or below a document; nothing when it turns out to be for another platform.
  std::optional<Image> visit(const Document& document, const std::string& known_type, Found found,
                             int depth) {
    const std::string& type = known_type.empty() ? document.content_type : known_type;
    return base::with_context(document.digest.short_text(), [&]() -> std::optional<Image> {
      if (document_kind(document.bytes, type) == DocumentKind::index) {
        return visit_index(document, depth);
      }
      return visit_manifest(document, found);
    });
  }

 private:
  std::optional<Image> visit_index(const Document& document, int depth) {
    if (depth >= maximum_depth) {
      throw base::Error(cat("indexes are nested deeper than ", maximum_depth));
    }
    const Index index = parse_index(document.bytes);
    std::exception_ptr failure;
    for (const Descriptor& entry : select_platform(index, wanted_)) {
      // One that was not it, or not there, is not so the second time either.
      if (!seen_.insert(entry.digest).second) continue;
      try {
        if (auto image = visit_entry(entry, depth)) return image;
      } catch (const base::Error& error) {
        if (seen_.size() > most_documents) throw;
        switch (store_.judge(error)) {
          case ImageStore::Failure::everything:
            throw;
          case ImageStore::Failure::absent:
            // A lower variant of the processor may be there.
            break;
          case ImageStore::Failure::document:
            // What comes without a platform was only a guess: a nested index, perhaps an artifact.
            if (entry.names_platform()) throw;
        }
        if (!failure) failure = std::current_exception();
      }
    }
    if (failure) std::rethrow_exception(failure);
    return std::nullopt;
  }

  std::optional<Image> visit_entry(const Descriptor& entry, int depth) {
    if (seen_.size() > most_documents) {
      throw base::Error(cat("its indexes lead to more than ", base::with_commas(most_documents),
                            " documents; name the image's own digest or a smaller index"));
    }
    const Found found = entry.names_platform() ? Found::by_platform : Found::without_platform;
    return visit(store_.fetch(entry.digest), entry.media_type, found, depth + 1);
  }

  std::optional<Image> visit_manifest(const Document& document, Found found) {
    Manifest manifest = parse_manifest(document.bytes);
    if (manifest.config.size > config_limit) {
      throw base::Error(cat("the image configuration has ", base::human_size(manifest.config.size),
                            ", more than the limit of ", base::human_size(config_limit)));
    }
    const auto source = store_.open_blob(manifest.config);
    const std::string text = base::read_all(*source, config_limit, "the image configuration");
    ImageConfig config = parse_config(text, manifest.layers.size());
    if (!accept_platform(config.platform, found)) return std::nullopt;
    return Image{document.digest, std::move(manifest), std::move(config)};
  }

  bool accept_platform(const Platform& actual, Found found) const {
    const Platform wanted = wanted_.normalised();
    const Platform offered = actual.normalised();
    if (!offered.os.empty() && offered.os != "linux") {
      throw base::Error(cat("the image is for ", base::excerpt(actual.text()),
                            "; only linux images can be unpacked"));
    }
    const bool other = !offered.architecture.empty() && offered.architecture != wanted.architecture;
    if (!other) return true;
    if (found == Found::without_platform) return false;
    // Many images are labelled wrongly and run all the same.
    log_.warn(cat("the image says it is for ", base::excerpt(actual.text()), ", not for ",
                  base::excerpt(wanted_.text()), "; it is used as it is"));
    return true;
  }

  ImageStore& store_;
  const Platform& wanted_;
  base::Log& log_;
  std::set<Digest> seen_;
};

}  // namespace

Image find_image(ImageStore& store, const Document& start, const Platform& platform,
                 base::Log& log) {
  if (platform.normalised().os != "linux") {
    throw base::Error(cat("platform ", base::excerpt(platform.text()),
                          " is not supported; only linux images can be unpacked"));
  }
  auto image = Walk(store, platform, log).visit(start, "", Found::by_name, 0);
  if (image) return std::move(*image);
  throw base::Error(cat("the index ", start.digest.short_text(),
                        " names no platforms, and none of its ", "images is for ",
                        base::excerpt(platform.text())));
}

}  // namespace oci
