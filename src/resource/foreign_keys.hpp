#pragma once
#include "base/json.hpp"

namespace resource {

// Pipelines come from the types registry-image, docker-image and git. The first key of theirs that
// this type does not have is refused with what to write in its place; every other key is left to
// JsonView::allow_only.

/// Keys of `source`.
void refuse_foreign_source(const base::JsonView& source);
/// Keys of `source.git`.
void refuse_foreign_git(const base::JsonView& git);
/// Keys of a get's `params`.
void refuse_foreign_get(const base::JsonView& params);
/// Keys of a put's `params`.
void refuse_foreign_put(const base::JsonView& params);

}  // namespace resource
