#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/entry.hpp"
#include "git/object.hpp"

namespace git {

/// Where a tree can have an entry of an image.
enum class Placement {
  own_name,       ///< Under its own name.
  special,        ///< Nowhere: git has no such kind of object.
  below_dev,      ///< Not there: the runtime mounts its own /dev, so a clone has no use for it.
  refused,        ///< Not there: servers or checkouts refuse its name.
  below_refused,  ///< Not there: it lies in a directory of such a name.
};

/// Decides it for the entries of one image, which come in the order of a walk.
class PlacementRules {
 public:
  /// The image is put below `prefix` in the repository.
  explicit PlacementRules(const std::string& prefix) : prefix_size_(prefix.size()) {}

  Placement place(const base::Entry& entry);

 private:
  size_t prefix_size_;
  std::string refused_;  ///< The last directory that was; what is below comes next in a walk.
};

/// The file git keeps in a directory that would otherwise be empty.
inline constexpr std::string_view placeholder = ".keep";

/// Whether it is that file, of whatever permissions. Told by its id, so no blob is needed.
bool is_placeholder(const TreeEntry& entry);

/// The mode that a tree has for a file.
uint32_t file_mode(const base::Entry& file);

}  // namespace git
