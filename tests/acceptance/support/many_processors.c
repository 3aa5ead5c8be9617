/* Preloaded into a program, gives it a machine with 128 processors and aborts it when it begins
 * more threads than any step needs on one. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

typedef int (*Create)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);

static const int most_threads = 64;
static atomic_int begun;

/* What std::thread::hardware_concurrency() asks. */
int get_nprocs(void) {
  return 128;
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*work)(void*),
                   void* argument) {
  static const char complaint[] = "a thread for each processor, or nearly so\n";
  const Create real = (Create)dlsym(RTLD_NEXT, "pthread_create");
  if (++begun > most_threads) {
    if (write(STDERR_FILENO, complaint, sizeof complaint - 1) < 0) _exit(1);
    abort();
  }
  return real(thread, attributes, work, argument);
}
