#pragma once
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

/// A hidden test of this program, run in a process of its own: for what belongs to a process, as
/// its signals do. A new program is started, because a copy of this one with its threads gone
/// cannot do much, least of all under a sanitizer.
class ChildTest {
 public:
  /// `what` is what the test `name` learns from told().
  ChildTest(const std::string& name, const std::string& what) {
    std::vector<std::string> words = {"/proc/self/exe", name};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    std::string told = std::string(variable) + "=" + what;
    std::vector<char*> environment = {told.data()};
    for (char** at = environ; *at != nullptr; ++at) environment.push_back(*at);
    environment.push_back(nullptr);
    if (::posix_spawn(&pid_, words[0].c_str(), nullptr, nullptr, arguments.data(),
                      environment.data()) != 0) {
      throw std::runtime_error("cannot start " + name);
    }
  }
  ~ChildTest() {
    if (!ended()) ::kill(pid_, SIGKILL);
    while (!ended()) ::usleep(1000);
  }
  ChildTest(const ChildTest&) = delete;
  ChildTest& operator=(const ChildTest&) = delete;

  static std::string told() {
    const char* const text = std::getenv(variable);
    if (text == nullptr) throw std::runtime_error("is run by other tests only");
    return text;
  }

  void stop() const { ::kill(pid_, SIGTERM); }
  bool ended() {
    if (!ended_) ended_ = ::waitpid(pid_, &status_, WNOHANG) != 0;
    return ended_;
  }
  /// Waits for its end.
  bool passed() {
    while (!ended()) ::usleep(1000);
    return WIFEXITED(status_) && WEXITSTATUS(status_) == 0;
  }

 private:
  static constexpr const char* variable = "CHILD_TEST";
  pid_t pid_ = -1;
  int status_ = -1;
  bool ended_ = false;
};
