#pragma once
#include <optional>
#include <set>
#include <string_view>

#include "oci/stored_image.hpp"

namespace oci {

/// How much of the name of a stored image is what was chosen.
enum class Fit { none, tag, tag_and_repository };

/// `name` is "repository:tag" or "tag".
Fit fit_of(std::string_view name, const StoredChoice& choice);

/// Those of several images whose names fit best.
template <class Image>
class BestFits {
 public:
  void offer(const Image& image, Fit fit) {
    if (fit == Fit::none || fit < best_) return;
    if (fit > best_) images_.clear();
    best_ = fit;
    images_.insert(image);
  }
  /// Nothing when none or several fit.
  std::optional<Image> only() const {
    if (images_.size() != 1) return std::nullopt;
    return *images_.begin();
  }

 private:
  Fit best_ = Fit::none;
  std::set<Image> images_;
};

}  // namespace oci
