#pragma once
#include <string_view>

/// Texts from the folder assets/, built into the programs.
namespace resource::assets {

extern const std::string_view repository_readme;  ///< With @IMAGE@ and @DIGEST@ to fill in.
extern const std::string_view repository_gitattributes;
extern const std::string_view post_checkout;  ///< The hook that restores rootfs/ after a clone.

}  // namespace resource::assets
