#include "oci/find_image.hpp"

#include <exception>
#include <functional>
#include <optional>
#include <set>
#include <utility>

#include "base/text.hpp"

namespace oci {
namespace {

using base::cat;

constexpr size_t most_documents = 1000;

/// What a document says is of no use, whoever reads it and however often.
class Useless : public base::Error {
 public:
  using base::Error::Error;
};

/// Runs what only looks at documents that are there.
template <class Action>
auto understand(const Action& action) {
  try {
    return action();
  } catch (const base::Error& error) {
    throw Useless(error.what());
  }
}

/// How sure the way to a document makes its platform.
enum class Found { by_name, by_platform, without_platform };

/// The way from a document through indexes to manifests.
class Walk {
 public:
  /// Reads an image; false when it turns out to be for another platform.
  using Take = std::function<bool(const Document& manifest, Found found)>;

  Walk(ImageStore& store, const Platform& wanted, Take take)
      : store_(store), wanted_(wanted), take_(std::move(take)) {}

  /// Whether the image at or below a document was taken.
  bool visit(const Document& document, const std::string& known_type = "",
             Found found = Found::by_name, int depth = 0) {
    const std::string& type = known_type.empty() ? document.content_type : known_type;
    return base::with_context(document.digest.short_text(), [&] {
      const auto kind = understand([&] { return document_kind(document.bytes, type); });
      return kind == DocumentKind::index ? visit_index(document, depth) : take_(document, found);
    });
  }

  /// The same for an entry of an index; false for one that was visited before.
  bool visit_new(const Descriptor& entry) {
    return seen_.insert(entry.digest).second && visit_entry(entry, 0);
  }

  bool is_too_long() const { return seen_.size() > most_documents; }

 private:
  bool visit_index(const Document& document, int depth) {
    if (depth >= deepest_nesting) {
      throw Useless(cat("indexes are nested deeper than ", deepest_nesting));
    }
    const auto entries =
        understand([&] { return select_platform(parse_index(document.bytes), wanted_); });
    std::exception_ptr failure;
    for (const Descriptor& entry : entries) {
      // One that was not it, or not there, is not so the second time either.
      if (!seen_.insert(entry.digest).second) continue;
      try {
        if (visit_entry(entry, depth)) return true;
      } catch (const base::Error& error) {
        if (is_too_long()) throw;
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
    return false;
  }

  bool visit_entry(const Descriptor& entry, int depth) {
    if (is_too_long()) {
      throw Useless(cat("its indexes lead to more than ", base::with_commas(most_documents),
                        " documents; name the image's own digest or a smaller index"));
    }
    const Found found = entry.names_platform() ? Found::by_platform : Found::without_platform;
    return visit(store_.fetch(entry.digest), entry.media_type, found, depth + 1);
  }

  ImageStore& store_;
  const Platform& wanted_;
  Take take_;
  std::set<Digest> seen_;
};

std::string read_config(ImageStore& store, const Descriptor& config) {
  if (config.size > document_limit) {
    throw Useless(cat("the image configuration has ", base::human_size(config.size),
                      ", more than the limit of ", base::human_size(document_limit)));
  }
  return base::read_all(*store.open_blob(config), document_limit, "the image configuration");
}

bool is_for_other(const Platform& image, const Platform& wanted) {
  const std::string offered = image.normalised().architecture;
  return !offered.empty() && offered != wanted.normalised().architecture;
}

bool accept_platform(const Platform& actual, const Platform& wanted, Found found, base::Log& log) {
  const std::string os = actual.normalised().os;
  if (!os.empty() && os != "linux") {
    throw base::Error(cat("the image is for ", base::excerpt(actual.text()),
                          "; only linux images can be unpacked"));
  }
  if (!is_for_other(actual, wanted)) return true;
  if (found == Found::without_platform) return false;
  // Many images are labelled wrongly and run all the same.
  log.warn(cat("the image says it is for ", base::excerpt(actual.text()), ", not for ",
               base::excerpt(wanted.text()), "; it is used as it is"));
  return true;
}

}  // namespace

Image find_image(ImageStore& store, const Document& start, const Platform& platform,
                 base::Log& log) {
  if (platform.normalised().os != "linux") {
    throw base::Error(cat("platform ", base::excerpt(platform.text()),
                          " is not supported; only linux images can be unpacked"));
  }
  std::optional<Image> image;
  Walk walk(store, platform, [&](const Document& document, Found found) {
    Manifest manifest = understand([&] { return parse_manifest(document.bytes); });
    const std::string text = read_config(store, manifest.config);
    ImageConfig config = understand([&] { return parse_config(text, manifest.layers.size()); });
    if (!accept_platform(config.platform, platform, found, log)) return false;
    image = Image{document.digest, std::move(manifest), std::move(config)};
    return true;
  });
  if (walk.visit(start)) return std::move(*image);
  throw base::Error(cat("the index ", start.digest.short_text(),
                        " names no platforms, and none of its ", "images is for ",
                        base::excerpt(platform.text())));
}

std::vector<Descriptor> find_unlabelled(ImageStore& store, const Index& index,
                                        const Platform& platform) {
  Walk walk(store, platform, [&](const Document& document, Found) {
    const Manifest manifest = parse_manifest(document.bytes);
    const std::string text = read_config(store, manifest.config);
    const Platform made_for = parse_config(text, manifest.layers.size()).platform;
    const std::string os = made_for.normalised().os;
    return (os.empty() || os == "linux") && !is_for_other(made_for, platform);
  });
  std::vector<Descriptor> images;
  for (const Descriptor& entry : index.manifests) {
    if (!is_runnable(entry)) continue;
    if (entry.names_platform()) return {};
    try {
      if (walk.visit_new(entry)) images.push_back(entry);
    } catch (const base::Error&) {
      if (walk.is_too_long()) throw;
    }
    if (images.size() > 1) break;
  }
  return images;
}

std::string find_created(ImageStore& store, const Document& start, const Platform& platform) {
  std::string created;
  Walk walk(store, platform, [&](const Document& document, Found found) {
    const Manifest manifest = understand([&] { return parse_manifest(document.bytes); });
    const std::string text = read_config(store, manifest.config);
    const ImageConfig config = understand([&] { return parse_origin(text); });
    if (found == Found::without_platform && is_for_other(config.platform, platform)) return false;
    created = config.created;
    return true;
  });
  try {
    walk.visit(start);
  } catch (const Useless&) {
    return "";
  } catch (const base::Error& error) {
    // One of many tags, deleted meanwhile or never whole.
    if (store.judge(error) != ImageStore::Failure::absent) throw;
    return "";
  }
  return created;
}

}  // namespace oci
