#include "resource/image_tree.hpp"

#include <filesystem>
#include <fstream>

#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/scratch_dir.hpp"

namespace {

/// The root and a file in it whose name git refuses.
class OneFile : public base::EntrySource {
 public:
  explicit OneFile(uint64_t size) : size_(size) {}

  bool next(base::Entry& entry) override {
    entry = base::Entry{};
    entry.kind = given_ == 0 ? base::EntryKind::directory : base::EntryKind::file;
    entry.path = given_ == 0 ? "" : ".gitattributes";
    entry.size = given_ == 0 ? 0 : size_;
    return ++given_ <= 2;
  }
  base::ByteSource& data() override { throw base::Error("nobody asks for this"); }

 private:
  uint64_t size_;
  int given_ = 0;
};

}  // namespace

TEST_CASE("a manifest does not take part of a file for the whole of it") {
  const ScratchDir rootfs;
  std::ofstream(rootfs / ".gitattributes", std::ios::binary) << "12345";
  base::StringSink out;
  const auto write = [&](uint64_t size) {
    OneFile entries(size);
    resource::write_manifest(entries, rootfs.path(), out);
  };
  write(5);
  CHECK(out.take().find("contents=blobs/") != std::string::npos);
  CHECK(message_of([&] { write(6); }) ==
        "read " + (rootfs / ".gitattributes").string() + ": the file ends too early");
}
