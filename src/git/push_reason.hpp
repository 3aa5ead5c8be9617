#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace git {

// What the reason means for which a push has failed, by the words of the servers there are.

/// Whether objects that the push builds on are not there.
bool lacks_objects(std::string_view reason);
/// Whether lacks_objects() may be for want of a thin pack alone: see Uploads::lean_on_parts().
bool knows_no_parts(std::string_view reason);
/// Whether somebody else is changing the branch at this moment.
bool is_locked(std::string_view reason);
/// Whether the same pack may be coming twice at this moment; or a disk is full.
bool is_twin(std::string_view reason);
/// What to try, to be put behind `reason`, where the push may have been too large; else "".
/// `limited` is whether there is a limit already, `indivisible` the size of an object above it, or
/// 0.
std::string size_hint(std::string_view reason, bool limited, uint64_t indivisible);

}  // namespace git
