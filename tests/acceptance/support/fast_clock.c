/* Preloaded into a program, makes its time fly: it sleeps a millisecond at most and believes that
 * it has slept as long as it wanted, and all other time is FAST_CLOCK times as long as it is. Only
 * the monotonic clock is changed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

static long long begin, factor;
/* Of each thread, so that none runs out of patience because another one slept. */
static _Thread_local long long skipped;
static const long long longest_sleep = 1000000;
static int (*real_gettime)(clockid_t, struct timespec*);
static int (*real_poll)(struct pollfd*, nfds_t, int);
static int (*real_sleep)(clockid_t, int, const struct timespec*, struct timespec*);
static int (*real_wait)(pthread_cond_t*, pthread_mutex_t*, clockid_t, const struct timespec*);

static long long nanoseconds(const struct timespec* time) {
  return time->tv_sec * 1000000000LL + time->tv_nsec;
}

static struct timespec timespec_of(long long nanoseconds) {
  return (struct timespec){nanoseconds / 1000000000, nanoseconds % 1000000000};
}

__attribute__((constructor)) static void start(void) {
  const char* text = getenv("FAST_CLOCK");
  struct timespec now;
  if (real_gettime) return;
  real_poll = (int (*)(struct pollfd*, nfds_t, int))dlsym(RTLD_NEXT, "poll");
  real_sleep = (int (*)(clockid_t, int, const struct timespec*, struct timespec*))dlsym(
      RTLD_NEXT, "clock_nanosleep");
  real_wait = (int (*)(pthread_cond_t*, pthread_mutex_t*, clockid_t, const struct timespec*))dlsym(
      RTLD_NEXT, "pthread_cond_clockwait");
  real_gettime = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  factor = text ? atoll(text) : 1;
  if (factor < 1) factor = 1;
  real_gettime(CLOCK_MONOTONIC, &now);
  begin = nanoseconds(&now);
}

int clock_gettime(clockid_t clock, struct timespec* time) {
  start();
  const int result = real_gettime(clock, time);
  if (result == 0 && clock == CLOCK_MONOTONIC) {
    *time = timespec_of(begin + skipped + (nanoseconds(time) - begin) * factor);
  }
  return result;
}

int poll(struct pollfd* fds, nfds_t count, int timeout) {
  start();
  return real_poll(fds, count, timeout > 0 ? (int)((timeout + factor - 1) / factor) : timeout);
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec* time,
                    struct timespec* left) {
  start();
  if (flags != 0) return real_sleep(clock, flags, time, left);
  const long long wanted = nanoseconds(time);
  const struct timespec shorter = timespec_of(wanted < longest_sleep ? wanted : longest_sleep);
  skipped += wanted;
  return real_sleep(clock, flags, &shorter, left);
}

int nanosleep(const struct timespec* time, struct timespec* left) {
  return clock_nanosleep(CLOCK_MONOTONIC, 0, time, left) == 0 ? 0 : -1;
}

int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                           const struct timespec* until) {
  start();
  if (clock != CLOCK_MONOTONIC) return real_wait(condition, mutex, clock, until);
  const struct timespec sooner =
      timespec_of(begin + (nanoseconds(until) - skipped - begin) / factor);
  return real_wait(condition, mutex, clock, &sooner);
}
