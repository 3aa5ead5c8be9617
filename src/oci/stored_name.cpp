#include "oci/stored_name.hpp"

#include "base/error.hpp"
#include "oci/reference.hpp"

namespace oci {
namespace {

/// "busybox" and "docker.io/library/busybox" are the same.
bool is_same_repository(std::string_view one, std::string_view other) {
  try {
    return Reference::parse(one).name() == Reference::parse(other).name();
  } catch (const base::Error&) {
    return false;
  }
}

}  // namespace

Fit fit_of(std::string_view name, const StoredChoice& choice) {
  if (choice.tag.empty() || !name.ends_with(choice.tag)) return Fit::none;
  name.remove_suffix(choice.tag.size());
  if (name.empty()) return Fit::tag;
  if (!name.ends_with(':')) return Fit::none;
  name.remove_suffix(1);
  return is_same_repository(name, choice.repository) ? Fit::tag_and_repository : Fit::tag;
}

}  // namespace oci
