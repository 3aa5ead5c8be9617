#include <optional>
#include <set>
#include <vector>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "base/threads.hpp"
#include "oci/media_type.hpp"
#include "resource/download_progress.hpp"
#include "resource/get_formats.hpp"
#include "resource/image_files.hpp"
#include "rootfs/temporary_tree.hpp"

namespace resource {
namespace {

using base::cat;

constexpr const char* manifest_type = "application/vnd.oci.image.manifest.v1+json";

/// Fills an image layout (image-spec image-layout.md) from a registry.
class LayoutWriter {
 public:
  LayoutWriter(const Download& download, const std::string& path)
      : client_(download.client), log_(download.log), path_(path) {
    base::make_directory(path_);
    base::make_directory(path_ + "/blobs");
  }

  void write(const oci::Digest& digest) {
    const registry::Document top = client_.fetch(digest.text());
    const oci::DocumentKind kind = store(top, top.content_type, 0);
    keep_others();
    log_.info(cat(base::counted(documents_, "manifest", "manifests"), ", ",
                  base::counted(blobs_.size(), "blob", "blobs"), ", ", base::human_size(bytes_),
                  " to download"));
    DownloadProgress progress(bytes_, log_);
    base::for_each_at_once(blobs_.size(), download_limits.at_once, [&](size_t i) {
      const std::string name =
          cat("blob ", i + 1, "/", blobs_.size(), " ", blobs_[i].digest.short_text());
      log_.info(cat(name, " ", base::human_size(blobs_[i].size)));
      base::with_context(name, [&] { copy(blobs_[i], progress); });
    });
    base::write_file(path_ + "/oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
    if (kind == oci::DocumentKind::manifest) {
      base::write_file(path_ + "/single-image-digest", top.digest.text());
    }
    // Without it, whatever else is there is no layout.
    base::write_file(path_ + "/index.json",
                     kind == oci::DocumentKind::index ? top.bytes : index_of(top));
  }

 private:
  /// Stores a document and those below it, and notes the blobs they need. The one at the top is
  /// stored as a blob, too, so that another index can point to it.
  oci::DocumentKind store(const registry::Document& document, const std::string& type, int depth) {
    base::write_file(new_blob_path(document.digest), document.bytes);
    ++documents_;
    return base::with_context(document.digest.short_text(), [&] {
      const oci::DocumentKind kind = oci::document_kind(document.bytes, type);
      if (kind == oci::DocumentKind::index) {
        store_children(oci::parse_index(document.bytes), depth);
      } else {
        for (oci::Descriptor& blob : oci::parse_blobs(document.bytes)) {
          if (!seen_.insert(blob.digest).second) continue;
          bytes_ += blob.size;
          blobs_.push_back(std::move(blob));
        }
      }
      return kind;
    });
  }

  void store_children(const oci::Index& index, int depth) {
    if (depth >= oci::deepest_nesting) {
      throw base::Error(cat("indexes are nested deeper than ", oci::deepest_nesting));
    }
    if (!index.unknown_digests.empty()) {
      throw base::Error(cat("the index lists ", base::excerpt(index.unknown_digests.front()),
                            ", a digest of a kind that cannot be verified here; the other formats ",
                            "take the image for one platform only"));
    }
    for (const oci::Descriptor& child : index.manifests) {
      if (!oci::has_known_type(child)) {
        others_.push_back(child);
        continue;
      }
      if (!seen_.insert(child.digest).second) continue;
      const registry::Document document = client_.fetch(child.digest.text());
      store(document, child.media_type.empty() ? document.content_type : child.media_type,
            depth + 1);
    }
  }

  /// Keeps the entries of indexes that are no images, if the registry has them among its manifests.
  /// What belongs to them, nobody here can tell (image-spec image-index.md: a type that is not
  /// known is to be passed over). Last, so that none of them stands for a part of an image.
  void keep_others() {
    size_t left_out = 0;
    for (const oci::Descriptor& entry : others_) {
      if (!seen_.insert(entry.digest).second) continue;
      const auto document = fetch_other(entry, left_out);
      if (!document) continue;
      base::write_file(new_blob_path(document->digest), document->bytes);
      ++documents_;
    }
    if (left_out > 1) log_.warn(cat("so are ", base::with_commas(left_out - 1), " more of them"));
  }

  /// Nothing where the registry does not have it, which is told of the first.
  std::optional<registry::Document> fetch_other(const oci::Descriptor& entry, size_t& left_out) {
    try {
      return client_.fetch(entry.digest.text());
    } catch (const http::TransportError&) {
      throw;
    } catch (const base::Error& error) {
      const auto* refusal = dynamic_cast<const registry::StatusError*>(&error);
      if (refusal != nullptr && refusal->status() != 404) throw;
      const std::string reason =
          cat(error.what(), "; it is left out, as its type is not known here (",
              base::excerpt(entry.media_type), ")");
      ++left_out == 1 ? log_.warn(reason) : log_.debug(reason);
      return std::nullopt;
    }
  }

  /// Called on several threads.
  void copy(const oci::Descriptor& blob, DownloadProgress& progress) const {
    const auto source = progress.counted(client_.open_blob(blob));
    base::OutputFile file(new_blob_path(blob.digest));
    base::copy_all(*source, file);
    file.publish();
  }

  std::string new_blob_path(const oci::Digest& digest) const {
    const std::string path = cat(path_, "/", oci::blob_path(digest));
    base::make_directory(std::string(base::split_path(path).directory));
    return path;
  }

  /// An index that names one manifest.
  static std::string index_of(const registry::Document& manifest) {
    const auto document = base::JsonDocument::parse(manifest.bytes, "the manifest");
    std::string type = document.root("manifest").at("mediaType").string_or("");
    if (type.empty()) type = oci::bare_media_type(manifest.content_type);
    if (oci::kind_of_media_type(type) != oci::DocumentKind::manifest) type = manifest_type;
    return encode_index(type, manifest.digest, manifest.bytes.size());
  }

  registry::Client& client_;
  base::Log& log_;
  const std::string& path_;
  std::set<oci::Digest> seen_;
  std::vector<oci::Descriptor> blobs_;
  std::vector<oci::Descriptor> others_;  ///< Of types that are not known here.
  uint64_t bytes_ = 0;
  size_t documents_ = 0;
};

}  // namespace

void get_layout(const Download& download) {
  const std::string path = download.directory + "/oci";
  rootfs::TemporaryTree unfinished(path);
  LayoutWriter(download, path).write(download.digest);
  unfinished.keep();
}

}  // namespace resource
