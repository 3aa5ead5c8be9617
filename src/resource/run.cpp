#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <clocale>
#include <cstdio>
#include <exception>
#include <string>
#include <system_error>

#include "base/cancel.hpp"
#include "base/clone3.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/handle.hpp"
#include "base/text.hpp"
#include "resource/destination.hpp"
#include "resource/steps.hpp"

namespace resource {
namespace {

constexpr size_t largest_request = 16 * 1024 * 1024;

/// Standard output is for the answer alone: what libraries print goes to standard error.
base::UniqueFd take_stdout() {
  base::UniqueFd answer(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
  if (!answer) base::throw_errno("use standard output");
  if (::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) base::throw_errno("use standard error");
  return answer;
}

/// Gives large buffers back as soon as they are free, and keeps threads from hoarding memory of
/// their own. glibc's defaults cost tens of megabytes here.
void keep_memory_small() {
  ::mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  ::mallopt(M_ARENA_MAX, 2);
}

std::string read_request() {
  std::string request;
  std::string buffer(64 * 1024, '\0');
  for (;;) {
    base::throw_if_cancelled();
    const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && base::wait_if_it_would_block(STDIN_FILENO, POLLIN)) continue;
    if (count < 0) base::throw_errno("read the request from standard input");
    if (count == 0) return request;
    request.append(buffer, 0, static_cast<size_t>(count));
    if (request.size() > largest_request)
      throw base::Error("the request on standard input is too large");
  }
}

std::string directory_argument(int argc, char** argv, const char* what) {
  if (argc < 2) throw base::Error(base::cat("usage: ", argv[0], " ", what, " < request.json"));
  struct stat status {};
  const bool is_there = ::stat(argv[1], &status) == 0;
  if (!is_there && errno != ENOENT && errno != ENOTDIR) base::throw_errno(base::printable(argv[1]));
  if (!is_there || !S_ISDIR(status.st_mode)) {
    throw base::Error(base::cat(base::printable(argv[1]), ": no such directory"));
  }
  return argv[1];
}

void write_answer(const base::UniqueFd& to, const std::string& answer) {
  base::write_all(to.get(), answer, "standard output");
}

void answer(const base::UniqueFd& to, Step step, int argc, char** argv, base::Log& log) {
  switch (step) {
    case Step::check:
      return write_answer(to, encode(check(parse_check_request(read_request(), log), log)));
    case Step::get: {
      const std::string directory = directory_argument(argc, argv, "DESTINATION");
      const StepResult result = get(parse_get_request(read_request(), log), directory, log);
      try {
        return write_answer(to, encode(result));
      } catch (...) {
        clear_after_failure(directory, log);
        throw;
      }
    }
    case Step::put: {
      const std::string directory = directory_argument(argc, argv, "SOURCES");
      return write_answer(to, encode(put(parse_put_request(read_request(), log), directory, log)));
    }
  }
}

}  // namespace

int run(int argc, char** argv, Step step) {
  base::Log log(STDERR_FILENO);
  try {
    // File names in layers are UTF-8 whatever the environment says.
    std::setlocale(LC_CTYPE, "C.UTF-8");
    keep_memory_small();
    base::replace_forbidden_clone3();
    ::umask(022);
    base::install_signal_handlers();
    answer(take_stdout(), step, argc, argv, log);
    return 0;
  } catch (const base::Cancelled& cancelled) {
    log.error("stopped by a signal");
    return 128 + cancelled.signal();
  } catch (const base::Error& error) {
    // A stopped system call may have been reported as a failure first.
    if (base::cancel_signal() != 0) {
      log.error("stopped by a signal");
      return 128 + base::cancel_signal();
    }
    log.error(error.what());
  } catch (const std::bad_alloc&) {
    log.error("out of memory; raise the container's limit (memory)");
  } catch (const std::system_error& error) {
    // Of the standard library, only threads throw this.
    log.error(base::cat("start a thread: ", error.code().message(),
                        "; raise the container's limit of processes (pids) or of memory"));
  } catch (const std::exception& error) {
    log.error(base::cat("internal error: ", error.what()));
  }
  return 1;
}

}  // namespace resource
