#pragma once
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace resource {

/// The keys of `params` that hold a login for one step, as tokens need that live for an hour; `git`
/// holds those of the repository.
const std::vector<std::string_view>& step_login_keys();

/// Puts the login in `params` over the one in `source`, both of `document`. What is null or "" does
/// not count. Error when it is for something that source does not have.
void apply_step_login(base::JsonDocument& document, const base::JsonView& source,
                      const base::JsonView& params);

}  // namespace resource
