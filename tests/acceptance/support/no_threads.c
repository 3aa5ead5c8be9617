/* Preloaded into a program, refuses it all threads, as a container's limit of processes does. */
#include <errno.h>
#include <pthread.h>

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*work)(void*),
                   void* argument) {
  (void)thread, (void)attributes, (void)work, (void)argument;
  return EAGAIN;
}
