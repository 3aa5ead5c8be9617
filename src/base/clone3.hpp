#pragma once

namespace base {

/// Lets threads and child processes start where a sandbox forbids clone3: the C library goes back
/// to clone when clone3 is unknown (ENOSYS), not when it is forbidden (EPERM), which is what the
/// runtime Guardian of Concourse's workers says. Call it before the first thread starts; where
/// nothing is forbidden it does nothing, and it never fails.
void replace_forbidden_clone3();

}  // namespace base
