#include "rootfs/virtual_tree.hpp"

#include "rootfs/directory_source.hpp"
#include "rootfs/support/random_layers.hpp"
#include "rootfs/support/stage.hpp"

namespace {

/// A file's bytes, held in memory.
class Bytes : public base::Content {
 public:
  explicit Bytes(std::string bytes) : bytes_(std::move(bytes)) {}
  void read_at(uint64_t offset, std::span<char> buffer) const override {
    if (offset > bytes_.size() || buffer.size() > bytes_.size() - offset) {
      throw base::Error("read past the end");
    }
    bytes_.copy(buffer.data(), buffer.size(), offset);
  }

 private:
  std::string bytes_;
};

std::shared_ptr<const base::Content> keep(const base::Entry&, base::ByteSource& data) {
  return std::make_shared<Bytes>(base::read_all(data, 100'000'000, "a file"));
}

std::string kind_name(base::EntryKind kind) {
  static const char* const names[] = {"file", "dir",    "symlink", "hardlink",
                                      "fifo", "socket", "char",    "block"};
  return names[static_cast<size_t>(kind)];
}

std::string hex_of(std::string_view bytes) {
  return bytes.size() <= 40 ? base::printable(bytes) : base::sha256_hex(bytes);
}

/// Everything about an entry, with the bytes by both ways of reading them.
std::string text(const base::Entry& entry, base::EntrySource& source) {
  std::string out =
      base::cat(entry.path, " ", kind_name(entry.kind), " ", entry.mode, " ",
                ::geteuid() == 0 ? base::cat(entry.uid, ":", entry.gid) : "", " ",
                entry.mtime_seconds, ".", entry.mtime_nanoseconds, " size=", entry.size, " -> ",
                entry.link, " ", entry.device_major, ",", entry.device_minor);
  for (const auto& [name, value] : entry.xattrs) out += base::cat(" ", name, "=", hex_of(value));
  if (entry.content != nullptr) {
    std::string bytes(entry.size, '\0');
    entry.content->read_at(0, bytes);
    out += base::cat(" content=", hex_of(bytes));
  }
  if (entry.kind == base::EntryKind::file) {
    out += base::cat(" data=", hex_of(base::read_all(source.data(), 100'000'000, "a file")));
  }
  return out;
}

std::vector<std::string> texts(base::EntrySource& source) {
  std::vector<std::string> found;
  for (base::Entry entry; source.next(entry);) found.push_back(text(entry, source));
  return found;
}

void apply(rootfs::VirtualTree& tree, const std::vector<std::string>& layers) {
  for (const std::string& layer : layers) {
    base::MemorySource bytes(layer);
    rootfs::LayerReader reader(bytes);
    tree.apply(reader);
  }
}

}  // namespace

TEST_CASE("random layers give the tree in memory that they give on disk") {
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    const std::vector<std::string> layers = RandomLayers(seed).stack();
    Stage stage;
    stage.unpack(layers);
    rootfs::DirectorySource on_disk(stage.root());
    rootfs::VirtualTree tree(keep);
    apply(tree, layers);
    rootfs::TreeSummary summary;
    const auto in_memory = tree.finish(summary);
    const auto found = texts(*in_memory);
    CHECK(found.size() > 3);
    REQUIRE(found == texts(on_disk));
  }
}
