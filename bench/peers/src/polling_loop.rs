//! polling: raw sources, at the edge.

use std::ffi::{c_char, c_int};
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::BorrowedFd;

use polling::{Event, Events, PollMode, Poller};

use crate::{code, version_of, Callbacks};

pub struct Loop {
    poller: Poller,
}

fn event(index: usize, writes: bool) -> Event {
    Event::new(index, true, writes)
}

#[no_mangle]
pub extern "C" fn polling_version(buffer: *mut c_char, size: usize) {
    version_of("polling", buffer, size);
}

#[no_mangle]
pub extern "C" fn polling_new() -> *mut Loop {
    Poller::new().map_or(std::ptr::null_mut(), |poller| Box::into_raw(Box::new(Loop { poller })))
}

/// # Safety
/// `all` is from `polling_new`, here and below, and not used after this.
#[no_mangle]
pub unsafe extern "C" fn polling_free(all: *mut Loop) {
    drop(Box::from_raw(all));
}

/// # Safety
/// See `polling_free`. `fd` is removed before it is closed.
#[no_mangle]
pub unsafe extern "C" fn polling_add(all: *const Loop, fd: c_int, index: usize, writes: bool) -> c_int {
    code((*all).poller.add_with_mode(fd, event(index, writes), PollMode::Edge))
}

/// # Safety
/// See `polling_free`.
#[no_mangle]
pub unsafe extern "C" fn polling_modify(all: *const Loop, fd: c_int, index: usize, writes: bool) -> c_int {
    let source = BorrowedFd::borrow_raw(fd);
    code((*all).poller.modify_with_mode(source, event(index, writes), PollMode::Edge))
}

/// # Safety
/// See `polling_free`.
#[no_mangle]
pub unsafe extern "C" fn polling_remove(all: *const Loop, fd: c_int) -> c_int {
    code((*all).poller.delete(BorrowedFd::borrow_raw(fd)))
}

/// Its notifier is always there.
#[no_mangle]
pub extern "C" fn polling_enable_wakes(_: *mut Loop) -> c_int {
    0
}

/// # Safety
/// See `polling_free`. From any thread.
#[no_mangle]
pub unsafe extern "C" fn polling_wake(all: *const Loop) -> c_int {
    code((*all).poller.notify())
}

/// # Safety
/// See `polling_free`. The callbacks may call the other functions, but not this one.
#[no_mangle]
pub unsafe extern "C" fn polling_run(all: *const Loop, capacity: usize, callbacks: Callbacks) -> c_int {
    let poller = &(*all).poller;
    let Some(capacity) = NonZeroUsize::new(capacity) else {
        return -libc::EINVAL;
    };
    let mut events = Events::with_capacity(capacity);
    let mut done = false;
    while !done {
        events.clear();
        match poller.wait(&mut events, None) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return code(Err(error)),
            // It does not say whether it was notified.
            Ok(_) => done = callbacks.woken.is_some_and(|woken| woken(callbacks.work)),
        }
        for event in events.iter() {
            done = (callbacks.ready)(callbacks.work, event.key, event.readable, event.writable);
        }
    }
    0
}
