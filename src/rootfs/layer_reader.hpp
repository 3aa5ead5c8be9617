#pragma once
#include <memory>

#include "base/entry.hpp"
#include "base/log.hpp"

namespace rootfs {

/// The entries of one uncompressed tar stream (image-spec layer.md), names as they stand in it.
class LayerReader : public base::EntrySource {
 public:
  explicit LayerReader(base::ByteSource& tar);
  ~LayerReader() override;
  LayerReader(const LayerReader&) = delete;
  LayerReader& operator=(const LayerReader&) = delete;

  bool next(base::Entry& entry) override;
  base::ByteSource& data() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rootfs
