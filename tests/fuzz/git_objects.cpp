#include "fuzz/support/fuzz.hpp"
#include "git/history.hpp"
#include "git/object.hpp"
#include "git/path_rules.hpp"

// The content of a tree or of a commit.
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using fuzz::require;
  const std::string_view text = fuzz::text_of(data, size);
  fuzz::accepts([&] {
    const auto entries = git::parse_tree(text);
    for (const git::TreeEntry& entry : entries) {
      require(entry.name.find('\0') == entry.name.npos, "no name has a NUL");
      git::is_refused_name(entry.name);
    }
  });
  fuzz::accepts([&] {
    const git::Oid tree = git::tree_of_commit(text);
    require(
        text.find(tree.hex()) != text.npos || base::to_lower(text).find(tree.hex()) != text.npos,
        "the tree is the one named there");
  });
  fuzz::accepts(
      [&] { require(git::parents_of_commit(text).size() <= size / 40, "each parent is named"); });
  return 0;
}
