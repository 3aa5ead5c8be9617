#include "rootfs/support/everywhere.hpp"

#include "base/text.hpp"
#include "rootfs/directory_source.hpp"
#include "rootfs/support/entry_lines.hpp"
#include "rootfs/support/stage.hpp"
#include "rootfs/virtual_tree.hpp"

namespace {

using base::cat;
using base::EntryKind;

std::string line_of(const base::Entry& entry, base::EntrySource& source) {
  const std::string path = base::printable(entry.path);
  switch (entry.kind) {
    case EntryKind::file:
      return cat(path, " file ",
                 base::printable(base::read_all(source.data(), 100'000'000, "a file")));
    case EntryKind::directory:
      return cat(path, " dir");
    case EntryKind::symlink:
      return cat(path, " -> ", base::printable(entry.link));
    case EntryKind::hardlink:
      return cat(path, " = ", base::printable(entry.link));
    case EntryKind::fifo:
      return cat(path, " fifo");
    default:
      return cat(path, " device");
  }
}

std::vector<std::string> lines_of(base::EntrySource& source) {
  std::vector<std::string> lines;
  for (base::Entry entry; source.next(entry); entry = {}) {
    const bool is_left_out = entry.kind == EntryKind::char_device ||
                             entry.kind == EntryKind::block_device ||
                             entry.kind == EntryKind::socket;
    if (!entry.path.empty() && !is_left_out) lines.push_back(line_of(entry, source));
  }
  return lines;
}

Unpacked unpack_on_disk(const std::string& way, Openat2 mode,
                        const std::vector<std::string>& layers) {
  Stage stage(mode);
  try {
    stage.unpack(layers);
  } catch (const base::Error& error) {
    CHECK(!stage.exists(""));
    return {way, error.what(), {}};
  }
  rootfs::DirectorySource source(stage.root().string());
  return {way, "", lines_of(source)};
}

Unpacked merge(const std::vector<std::string>& layers) {
  const Stage stage;
  rootfs::VirtualTree tree(keep_bytes);
  try {
    for (const std::string& layer : layers) {
      base::MemorySource bytes(layer);
      rootfs::LayerReader reader(bytes);
      tree.apply(reader);
    }
  } catch (const base::Error& error) {
    return {"in memory", error.what(), {}};
  }
  rootfs::TreeSummary summary;
  return {"in memory", "", lines_of(*tree.finish(summary))};
}

}  // namespace

std::vector<Unpacked> unpack_everywhere(const std::vector<std::string>& layers) {
  return {unpack_on_disk("on disk", Openat2::probe, layers),
          unpack_on_disk("without openat2", Openat2::never, layers), merge(layers)};
}

void require_tree(const std::vector<std::string>& layers, const std::vector<std::string>& lines) {
  for (const auto& [way, refusal, found] : unpack_everywhere(layers)) {
    INFO(way);
    CHECK(refusal == "");
    CHECK(found == lines);
  }
}

void require_refusal(const std::vector<std::string>& layers,
                     const std::vector<std::string>& words) {
  constexpr size_t longest_message = 2000;
  for (const auto& [way, refusal, found] : unpack_everywhere(layers)) {
    INFO(way << ": " << refusal);
    CHECK(refusal != "");
    CHECK(refusal.size() < longest_message);
    for (const std::string& word : words) CHECK(contains(refusal, word));
  }
}
