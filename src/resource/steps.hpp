#pragma once
#include <string>
#include <vector>

#include "base/log.hpp"
#include "resource/protocol.hpp"

namespace resource {

/// The versions there are, oldest first; the given one among them while it exists.
std::vector<Version> check(const CheckRequest& request, base::Log& log);

/// Leaves the image of the version in `directory`; metadata.json is the last file written.
StepResult get(const GetRequest& request, const std::string& directory, base::Log& log);

/// Publishes the image artifact below `directory` to the git repository.
StepResult put(const PutRequest& request, const std::string& directory, base::Log& log);

enum class Step { check, get, put };

/// A whole program: reads the request from standard input, writes the answer to standard output and
/// everything else to standard error. Returns the exit status: 0, 1 for a failure, 128 + signal.
int run(int argc, char** argv, Step step);

}  // namespace resource
