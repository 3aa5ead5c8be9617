#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "base/log.hpp"
#include "base/stream.hpp"
#include "lfs/access.hpp"
#include "lfs/batch.hpp"
#include "lfs/retry.hpp"

namespace lfs {

/// A file to be brought to a store.
struct Upload {
  Object object;
  /// The bytes from their start; called from any thread, again where sending fails.
  std::function<std::unique_ptr<base::ByteSource>()> open;
};

/// Where the large files of a repository are kept.
class Store {
 public:
  virtual ~Store() = default;

  /// Returns when the store has all of these, with how many bytes had to be sent. What it has
  /// already is not sent.
  virtual uint64_t upload(const std::vector<Upload>& uploads) = 0;

  /// Gives each object's bytes, once per oid and from up to three threads at a time, to `receive`,
  /// which reads them to their end. Error, perhaps only behind the last byte, when they are not
  /// what was asked for.
  using Receive = std::function<void(const Object& object, base::ByteSource& bytes)>;
  virtual void download(const std::vector<Object>& objects, const Receive& receive) = 0;
};

/// Opens the store of a repository (see find_endpoint). Sends nothing yet.
std::unique_ptr<Store> open_store(const Options& options, base::Log& log,
                                  Sleep sleep = http::pause);

}  // namespace lfs
