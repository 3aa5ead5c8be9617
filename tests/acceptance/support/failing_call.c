/* Preloaded into a program, but not into its children, lets one of its calls fail with
 * FAILING_ERRNO: the FAILING_AT-th of those that are wrapped here, or the first of FAILING_CALL
 * whose file has the name FAILING_NAME. Leaves how many there were in the file FAILING_COUNT. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_int calls, failed;

static int fails(const char* call, const char* name) {
  /* Where a file system has no unnamed files, this is all that makes one so: it would stay. */
  if (strcmp(call, "unlink") == 0 && strstr(name, "/temporary.")) return 0;
  const char* at = getenv("FAILING_AT");
  const char* wanted = getenv("FAILING_CALL");
  const int number = ++calls;
  int hit = at && number == atoi(at);
  if (wanted && name && strcmp(wanted, call) == 0) {
    const char* last = strrchr(name, '/');
    hit = strcmp(last ? last + 1 : name, getenv("FAILING_NAME")) == 0 && failed++ == 0;
  }
  if (hit) errno = atoi(getenv("FAILING_ERRNO"));
  return hit;
}

__attribute__((constructor)) static void spare_children(void) {
  unsetenv("LD_PRELOAD");
}

__attribute__((destructor)) static void leave_count(void) {
  const char* path = getenv("FAILING_COUNT");
  FILE* file = path ? fopen(path, "w") : NULL;
  if (!file) return;
  fprintf(file, "%d", calls);
  fclose(file);
}

#define WRAP(type, call, name, parameters, ...)          \
  type call parameters {                                 \
    static type(*next) parameters;                       \
    if (!next) *(void**)&next = dlsym(RTLD_NEXT, #call); \
    return fails(#call, name) ? -1 : next(__VA_ARGS__);  \
  }

#define WRAP_OPEN(call, parameters, path, ...)                                    \
  int call parameters {                                                           \
    static int(*next) parameters;                                                 \
    if (!next) *(void**)&next = dlsym(RTLD_NEXT, #call);                          \
    va_list more;                                                                 \
    va_start(more, flags);                                                        \
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
    va_end(more);                                                                 \
    return fails(#call, path) ? -1 : next(__VA_ARGS__, flags, mode);              \
  }

WRAP_OPEN(open, (const char* path, int flags, ...), path, path)
WRAP_OPEN(openat, (int at, const char* path, int flags, ...), path, at, path)
WRAP(int, mkdir, path, (const char* path, mode_t mode), path, mode)
WRAP(int, mkdirat, path, (int at, const char* path, mode_t mode), at, path, mode)
WRAP(int, symlinkat, path, (const char* target, int at, const char* path), target, at, path)
WRAP(int, linkat, to, (int at, const char* from, int there, const char* to, int flags), at, from,
     there, to, flags)
WRAP(int, mkfifoat, path, (int at, const char* path, mode_t mode), at, path, mode)
WRAP(int, stat, path, (const char* path, struct stat* status), path, status)
WRAP(int, lstat, path, (const char* path, struct stat* status), path, status)
WRAP(int, fstat, NULL, (int fd, struct stat* status), fd, status)
WRAP(int, fstatat, path, (int at, const char* path, struct stat* status, int flags), at, path,
     status, flags)
WRAP(int, fchown, NULL, (int fd, uid_t user, gid_t group), fd, user, group)
WRAP(int, fchownat, path, (int at, const char* path, uid_t user, gid_t group, int flags), at, path,
     user, group, flags)
WRAP(int, fchmod, NULL, (int fd, mode_t mode), fd, mode)
WRAP(int, fchmodat, path, (int at, const char* path, mode_t mode, int flags), at, path, mode, flags)
WRAP(int, futimens, NULL, (int fd, const struct timespec times[2]), fd, times)
WRAP(int, utimensat, path, (int at, const char* path, const struct timespec times[2], int flags),
     at, path, times, flags)
WRAP(int, fsetxattr, NULL, (int fd, const char* name, const void* value, size_t size, int flags),
     fd, name, value, size, flags)
WRAP(int, rename, to, (const char* from, const char* to), from, to)
WRAP(int, renameat2, to, (int at, const char* from, int there, const char* to, unsigned flags), at,
     from, there, to, flags)
WRAP(int, unlink, path, (const char* path), path)
WRAP(int, unlinkat, path, (int at, const char* path, int flags), at, path, flags)
WRAP(int, mkostemps, path, (char* path, int suffix, int flags), path, suffix, flags)
WRAP(ssize_t, read, NULL, (int fd, void* to, size_t size), fd, to, size)
WRAP(ssize_t, pread, NULL, (int fd, void* to, size_t size, off_t at), fd, to, size, at)
WRAP(ssize_t, write, NULL, (int fd, const void* from, size_t size), fd, from, size)
WRAP(ssize_t, pwrite, NULL, (int fd, const void* from, size_t size, off_t at), fd, from, size, at)
WRAP(ssize_t, getdents64, NULL, (int fd, void* to, size_t size), fd, to, size)
WRAP(ssize_t, readlinkat, path, (int at, const char* path, char* to, size_t size), at, path, to,
     size)
WRAP(int, fsync, NULL, (int fd), fd)

/* Whatever close() answers, the descriptor is gone. */
int close(int fd) {
  static int (*next)(int);
  if (!next) *(void**)&next = dlsym(RTLD_NEXT, "close");
  const int result = next(fd);
  return fails("close", NULL) ? -1 : result;
}
