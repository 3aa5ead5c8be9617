#include "oci/stored_layout.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "oci/find_image.hpp"
#include "oci/stored_name.hpp"

namespace oci {
namespace {

using base::cat;

constexpr size_t line_limit = 1024;

/// A file the layout should have.
class MissingBlob : public base::Error {
 public:
  using base::Error::Error;
};

class LayoutStore : public ImageStore {
 public:
  explicit LayoutStore(std::shared_ptr<const FileSet> files) : files_(std::move(files)) {}

  Document fetch(const Digest& digest) override {
    VerifiedSource source(find(digest).data, digest, std::nullopt);
    return {"", base::read_all(source, document_limit, digest.short_text()), digest};
  }
  std::unique_ptr<base::ByteSource> open_blob(const Descriptor& descriptor) override {
    return std::make_unique<VerifiedSource>(find(descriptor.digest).data, descriptor.digest,
                                            descriptor.size);
  }
  Failure judge(const base::Error& error) const override {
    return dynamic_cast<const MissingBlob*>(&error) != nullptr ? Failure::absent
                                                               : Failure::document;
  }

  FileSet::File find(const Digest& digest) const {
    auto file = files_->find(blob_path(digest));
    if (!file) {
      throw MissingBlob(cat("the layout has no ", blob_path(digest),
                            "; copy the image with all its layers for this platform"));
    }
    return std::move(*file);
  }

 private:
  std::shared_ptr<const FileSet> files_;
};

void check_version(const FileSet& files) {
  const auto text = read_document(files, "oci-layout", line_limit);
  if (!text) throw base::Error("there is an index.json but no file oci-layout: not a whole layout");
  const auto document = base::JsonDocument::parse(*text, "oci-layout");
  const std::string version = document.root().at("imageLayoutVersion").string_or("");
  if (!version.starts_with("1.")) {
    throw base::Error(
        cat("oci-layout: version ", base::excerpt(version), " is not known; expected 1.0.0"));
  }
}

std::string text_of(const Descriptor& entry, const char* key) {
  const auto found = entry.annotations.find(key);
  return found == entry.annotations.end() ? "" : found->second;
}

/// What the one who filled the layout called an image.
std::string name_of(const Descriptor& entry) {
  const std::string whole = text_of(entry, "io.containerd.image.name");
  return whole.empty() ? text_of(entry, "org.opencontainers.image.ref.name") : whole;
}

/// Whether this is where signatures and the like of an image are kept: "sha256-..." with its
/// digest.
bool is_digest_tag(std::string_view name) {
  name.remove_prefix(name.rfind(':') + 1);
  const size_t dash = name.find('-');
  if (dash == std::string_view::npos) return false;
  const std::string_view hex = name.substr(dash + 1, name.find('.') - dash - 1);
  return Digest::try_parse(cat(name.substr(0, dash), ":", hex)).has_value();
}

[[noreturn]] void refuse_several(std::string_view images) {
  throw base::Error(cat("it lists several images", images,
                        ", and nothing says which one is meant; store one image only"));
}

/// index.json is either a registry's own index, whole, or a list of what the layout holds.
class Layout {
 public:
  Layout(const FileSet& files, std::string text)
      : files_(files), top_{"", std::move(text), Digest::of("")} {
    top_.digest = Digest::of(top_.bytes);
    if (document_kind(top_.bytes, "") != DocumentKind::index) {
      throw base::Error("it is not an index but a manifest");
    }
    index_ = parse_index(top_.bytes);
    // What stands beside images is to be passed over. Alone, it may be one all the same.
    auto& entries = index_.manifests;
    if (std::any_of(entries.begin(), entries.end(), has_known_type)) {
      std::erase_if(entries, [](const Descriptor& entry) { return !has_known_type(entry); });
    }
    if (!entries.empty()) return;
    if (index_.unknown_digests.empty()) throw base::Error("it lists no image");
    throw base::Error(cat("it lists no image with a digest of a kind that is known here, but ",
                          base::excerpt(index_.unknown_digests.front())));
  }

  const Document& top() const { return top_; }

  /// The entry to begin with; nothing when the index itself is the image.
  const Descriptor* begin(ImageStore& store, const StoredChoice& choice, base::Log& log) const {
    if (choice.digest) {
      if (*choice.digest == top_.digest) return nullptr;
      if (const Descriptor* entry = with_digest(choice.digest->text(), choice)) return entry;
      log.warn(cat("the file digest says ", choice.digest->text(),
                   ", but the layout holds another image; its own digest is used"));
    }
    // Left by registry-image-resource and this one, where index.json is no registry's.
    const auto single = read_document(files_, "single-image-digest", line_limit);
    if (single) {
      if (const Descriptor* entry = with_digest(base::trim(*single), choice)) return entry;
    }
    if (files_.find(blob_path(top_.digest))) return nullptr;
    if (const auto image = only_image()) return with_digest(image->text(), choice);
    if (const Descriptor* entry = by_name(choice)) return entry;
    const auto images = find_unlabelled(store, index_, choice.platform);
    // skopeo and others add to a layout that is there, and the oldest image comes first.
    if (images.size() > 1) refuse_several(cat(" for ", base::excerpt(choice.platform.text())));
    if (images.size() == 1) return with_digest(images.front().digest.text(), choice);
    return nullptr;
  }

 private:
  /// What there is but one of: all that is listed, or the only image with a name. That has a
  /// meaning in the list of a layout only (image-spec annotations.md), where an image's signatures
  /// and the like may stand beside it; in a registry's own index they are of the index.
  std::optional<Digest> only_image() const {
    std::set<Digest> all;
    std::set<Digest> images;
    bool is_named = false;
    for (const Descriptor& entry : index_.manifests) {
      all.insert(entry.digest);
      if (!is_runnable(entry)) continue;
      images.insert(entry.digest);
      is_named = is_named || !name_of(entry).empty();
    }
    if (!index_.unknown_digests.empty()) return std::nullopt;
    if (all.size() == 1) return *all.begin();
    return images.size() == 1 && is_named ? std::optional(*images.begin()) : std::nullopt;
  }

  /// An image has an entry for each of its names; the one that fits best tells how it is called.
  const Descriptor* with_digest(std::string_view text, const StoredChoice& choice) const {
    const Descriptor* found = nullptr;
    for (const Descriptor& entry : index_.manifests) {
      if (entry.digest.text() != text) continue;
      const bool is_better =
          found == nullptr || fit_of(name_of(entry), choice) > fit_of(name_of(*found), choice);
      if (is_better) found = &entry;
    }
    return found;
  }

  const Descriptor* by_name(const StoredChoice& choice) const {
    std::set<std::string> names;
    std::set<Digest> named;
    BestFits<Digest> fits;
    BestFits<std::string> fitting_names;
    for (const Descriptor& entry : index_.manifests) {
      const std::string name = name_of(entry);
      if (name.empty() || is_digest_tag(name)) continue;
      names.insert(name);
      named.insert(entry.digest);
      fits.offer(entry.digest, fit_of(name, choice));
      fitting_names.offer(name, fit_of(name, choice));
    }
    if (const auto chosen = fits.only()) return with_digest(chosen->text(), choice);
    if (named.size() < 2) return nullptr;
    const auto one = names.size() == 1 ? std::optional(*names.begin()) : fitting_names.only();
    if (one) {
      if (const Descriptor* entry = by_platform(*one, choice)) return entry;
    }
    std::string list;
    for (const std::string& name : names) base::append_item(list, ", ", name);
    refuse_several(cat(" (", base::excerpt(list, base::sentence_limit), ")"));
  }

  /// Some list the images of one name without an index around them. Null where that does not tell
  /// which one is meant; error when none is for the platform.
  const Descriptor* by_platform(const std::string& name, const StoredChoice& choice) const {
    Index index;
    for (const Descriptor& entry : index_.manifests) {
      if (name_of(entry) != name) continue;
      if (!entry.names_platform()) return nullptr;
      index.manifests.push_back(entry);
    }
    const std::vector<Descriptor> images = select_platform(index, choice.platform);
    const Descriptor& best = images.front();
    for (const Descriptor& image : images) {
      const bool is_other = image.digest != best.digest;
      if (is_other && image.platform->normalised() == best.platform->normalised()) return nullptr;
    }
    return with_digest(best.digest.text(), choice);
  }

  const FileSet& files_;
  Document top_;
  Index index_;
};

}  // namespace

StoredImage find_in_layout(std::shared_ptr<const FileSet> files, const StoredChoice& choice,
                           base::Log& log) {
  check_version(*files);
  auto text = read_document(*files, layout_index, document_limit);
  if (!text) throw base::Error("there is no index.json");
  const auto store = std::make_shared<LayoutStore>(files);
  return base::with_context(layout_index, [&] {
    const Layout layout(*files, std::move(*text));
    const Descriptor* entry = layout.begin(*store, choice, log);
    const Document start = entry != nullptr ? store->fetch(entry->digest) : layout.top();
    Image image = find_image(*store, start, choice.platform, log);

    StoredImage stored{.digest = start.digest,
                       .name = entry != nullptr ? name_of(*entry) : "",
                       .manifest_digest = image.manifest_digest,
                       .config_digest = image.manifest.config.digest,
                       .config = std::move(image.config),
                       .layers = {}};
    const size_t count = image.manifest.layers.size();
    for (size_t i = 0; i < count; ++i) {
      const Descriptor& layer = image.manifest.layers[i];
      // Better now than when half of the image has been read.
      store->find(layer.digest);
      stored.layers.push_back({cat("layer ", i + 1, "/", count, " ", layer.digest.short_text()),
                               layer.size, stored.config.diff_ids[i], layer.digest,
                               [store, layer] { return store->open_blob(layer); }});
    }
    return stored;
  });
}

}  // namespace oci
