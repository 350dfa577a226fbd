// A kqueue for Linux, for tests alone: enough of kqueue(2) to run src/kqueue where there is none.
// It shows that the backend's logic holds on a kqueue that does what the manual pages of FreeBSD
// and macOS say; it shows nothing of FreeBSD or macOS.
#pragma once

#include <stdint.h>
#include <time.h>

#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)

// Left out, it is the kqueue of the systems that have neither, such as OpenBSD before 6.8.
#ifndef EVQ_EMULATED_KQUEUE_IS_OLD
#define EVFILT_USER (-10)
#define NOTE_TRIGGER 0x01000000U
#define EVFILT_EXCEPT (-15)
#define NOTE_OOB 0x00000002U
#endif

#define EV_ADD 0x0001U
#define EV_DELETE 0x0002U
#define EV_ENABLE 0x0004U
#define EV_DISABLE 0x0008U
#define EV_ONESHOT 0x0010U
#define EV_CLEAR 0x0020U
#define EV_RECEIPT 0x0040U
#define EV_DISPATCH 0x0080U
#define EV_ERROR 0x4000U
#define EV_EOF 0x8000U

struct kevent {
  uintptr_t ident;
  int16_t filter;
  uint16_t flags;
  uint32_t fflags;
  intptr_t data;
  void* udata;
};

extern "C" {
int kqueue(void) noexcept;
int kevent(int queue, const struct kevent* changes, int change_count, struct kevent* events,
           int event_count, const struct timespec* timeout) noexcept;

/// For tests of what happens between two calls: called without a lock before kevent returns events
/// of the queue. Null, or set while nobody waits.
extern void (*evq_kevent_returns)(int queue);
}
