#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif
#include <strings.h>
#include <unistd.h>

#include <clocale>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

bool is_proxy(std::string_view name) {
  constexpr std::string_view end = "_proxy";
  return name.size() >= end.size() &&
         ::strncasecmp(name.data() + name.size() - end.size(), end.data(), end.size()) == 0;
}

/// Servers of tests are on loopback, and git is to do the same everywhere: whatever proxy a machine
/// needs, whatever its user has told git, and from within whichever of git's hooks tests are run.
void forget_surroundings() {
  std::vector<std::string> names;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view variable(*at);
    const std::string_view name = variable.substr(0, variable.find('='));
    if (name.starts_with("GIT_") || is_proxy(name)) names.emplace_back(name);
  }
  for (const std::string& name : names) ::unsetenv(name.c_str());
  ::setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
  // The git that programs start reads what is there all the same.
  ::setenv("HOME", "/nonexistent", 1);
  ::unsetenv("XDG_CONFIG_HOME");
}

}  // namespace

int main(int argc, char** argv) {
  forget_surroundings();
  std::setlocale(LC_CTYPE, "C.UTF-8");
  std::signal(SIGPIPE, SIG_IGN);
  return Catch::Session().run(argc, argv);
}
