/* Preloaded into a program, has it look for files on a volume that does not tell upper case from
 * lower case, as macOS has them: the last name of a path leads to any that differs only in that. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>

typedef int (*Open)(int, const char*, int, ...);
typedef int (*Stat)(int, const char*, struct stat*, int);
typedef long (*Call)(long, ...);

static int open_really(int at, const char* path, int flags, mode_t mode) {
  return ((Open)dlsym(RTLD_NEXT, "openat"))(at, path, flags, mode);
}

/* Writes `path` with the name that stands there, if there is one. */
static const char* stands(int at, const char* path, char* out, size_t size) {
  const char* slash = strrchr(path, '/');
  const int above = slash ? (int)(slash - path + 1) : 0;
  snprintf(out, size, "%.*s.", above, path);
  const int fd = open_really(at, out, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  DIR* directory = fd < 0 ? NULL : fdopendir(fd);
  if (!directory) return path;
  const char* result = path;
  for (struct dirent* entry; (entry = readdir(directory));) {
    if (strcasecmp(entry->d_name, path + above) != 0) continue;
    snprintf(out, size, "%.*s%s", above, path, entry->d_name);
    result = out;
  }
  closedir(directory);
  return result;
}

int openat(int at, const char* path, int flags, ...) {
  char name[4096];
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open_really(at, stands(at, path, name, sizeof name), flags, mode);
}

/* What it is called in an optimised program. */
int __openat_2(int at, const char* path, int flags) {
  return openat(at, path, flags);
}

int fstatat(int at, const char* path, struct stat* status, int flags) {
  char name[4096];
  const Stat real = (Stat)dlsym(RTLD_NEXT, "fstatat");
  return real(at, stands(at, path, name, sizeof name), status, flags);
}

int lstat(const char* path, struct stat* status) {
  return fstatat(AT_FDCWD, path, status, AT_SYMLINK_NOFOLLOW);
}

/* The kernel would look for each name of a path by itself. */
long syscall(long number, ...) {
  va_list rest;
  va_start(rest, number);
  long with[6];
  for (int i = 0; i < 6; ++i) with[i] = va_arg(rest, long);
  va_end(rest);
  if (number == SYS_openat2) {
    errno = ENOSYS;
    return -1;
  }
  return ((Call)dlsym(RTLD_NEXT, "syscall"))(number, with[0], with[1], with[2], with[3], with[4],
                                             with[5]);
}
