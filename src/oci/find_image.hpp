#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/stream.hpp"
#include "oci/image.hpp"

namespace oci {

/// A manifest or index as it is kept somewhere.
struct Document {
  std::string content_type;  ///< As its keeper says; may be empty.
  std::string bytes;
  Digest digest;  ///< Of `bytes`.
};

/// Where images are kept: a registry or a layout.
class ImageStore {
 public:
  /// What a failed fetch says about the other images of an index.
  enum class Failure {
    everything,  ///< They would fail, too.
    absent,      ///< This one is not kept here; another may be.
    document,    ///< This one is not what it should be.
  };

  virtual ~ImageStore() = default;
  /// The document with this digest, which its bytes were compared with.
  virtual Document fetch(const Digest& digest) = 0;
  /// A blob's bytes as stored, size and digest verified while they are read.
  virtual std::unique_ptr<base::ByteSource> open_blob(const Descriptor& descriptor) = 0;
  virtual Failure judge(const base::Error& error) const = 0;
};

/// Follows `start` through indexes to the image for `platform` and reads its configuration. Error
/// that lists what there is when nothing fits.
Image find_image(ImageStore& store, const Document& start, const Platform& platform,
                 base::Log& log);

/// The entries of `index` that lead to an image for `platform`, two of them at most; none when it
/// names platforms, which tell more. What cannot be read, such as a signature, is no image. Error
/// when it leads to more documents than anybody needs.
std::vector<Descriptor> find_unlabelled(ImageStore& store, const Index& index,
                                        const Platform& platform);

/// When the image that `start` leads to was made, as its configuration says, whatever system it is
/// for; "" when it does not say so, and for what is not all there, no image or not made for
/// `platform`. What the store cannot give for other reasons is an error all the same.
std::string find_created(ImageStore& store, const Document& start, const Platform& platform);

}  // namespace oci
