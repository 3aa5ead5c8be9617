/* Preloaded into a program, lists directories as some file systems do, XFS without ftype=1 and NFS
 * among them: without a word of what kind each entry is. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <sys/types.h>

ssize_t getdents64(int fd, void* to, size_t size) {
  ssize_t (*next)(int, void*, size_t) = dlsym(RTLD_NEXT, "getdents64");
  const ssize_t length = next(fd, to, size);
  for (ssize_t at = 0; at < length;) {
    struct dirent64* entry = (struct dirent64*)((char*)to + at);
    entry->d_type = DT_UNKNOWN;
    at += entry->d_reclen;
  }
  return length;
}
