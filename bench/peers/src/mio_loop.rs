//! mio: `SourceFd` at the edge, which is all that mio knows.

use std::ffi::{c_char, c_int};
use std::io;
use std::sync::Arc;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token, Waker};

use crate::{code, version_of, Callbacks};

const WAKE: Token = Token(usize::MAX);

pub struct Loop {
    poll: Poll,
    registry: Registry,
    waker: Option<Arc<Waker>>,
}

fn interest(writes: bool) -> Interest {
    if writes {
        Interest::READABLE | Interest::WRITABLE
    } else {
        Interest::READABLE
    }
}

fn create() -> io::Result<Loop> {
    let poll = Poll::new()?;
    let registry = poll.registry().try_clone()?;
    Ok(Loop { poll, registry, waker: None })
}

#[no_mangle]
pub extern "C" fn mio_version(buffer: *mut c_char, size: usize) {
    version_of("mio", buffer, size);
}

#[no_mangle]
pub extern "C" fn mio_new() -> *mut Loop {
    create().map_or(std::ptr::null_mut(), |made| Box::into_raw(Box::new(made)))
}

/// # Safety
/// `all` is from `mio_new`, here and below, and not used after this.
#[no_mangle]
pub unsafe extern "C" fn mio_free(all: *mut Loop) {
    drop(Box::from_raw(all));
}

/// # Safety
/// See `mio_free`.
#[no_mangle]
pub unsafe extern "C" fn mio_add(all: *mut Loop, fd: c_int, index: usize, writes: bool) -> c_int {
    let registry = &*std::ptr::addr_of!((*all).registry);
    code(registry.register(&mut SourceFd(&fd), Token(index), interest(writes)))
}

/// # Safety
/// See `mio_free`.
#[no_mangle]
pub unsafe extern "C" fn mio_modify(all: *mut Loop, fd: c_int, index: usize, writes: bool) -> c_int {
    let registry = &*std::ptr::addr_of!((*all).registry);
    code(registry.reregister(&mut SourceFd(&fd), Token(index), interest(writes)))
}

/// # Safety
/// See `mio_free`.
#[no_mangle]
pub unsafe extern "C" fn mio_remove(all: *mut Loop, fd: c_int) -> c_int {
    let registry = &*std::ptr::addr_of!((*all).registry);
    code(registry.deregister(&mut SourceFd(&fd)))
}

/// # Safety
/// See `mio_free`. Before any thread calls `mio_wake`.
#[no_mangle]
pub unsafe extern "C" fn mio_enable_wakes(all: *mut Loop) -> c_int {
    match Waker::new(&(*all).registry, WAKE) {
        Ok(waker) => {
            (*all).waker = Some(Arc::new(waker));
            0
        }
        Err(error) => code(Err(error)),
    }
}

/// # Safety
/// See `mio_free`. From any thread.
#[no_mangle]
pub unsafe extern "C" fn mio_wake(all: *const Loop) -> c_int {
    match &*std::ptr::addr_of!((*all).waker) {
        Some(waker) => code(waker.wake()),
        None => -libc::EINVAL,
    }
}

/// # Safety
/// See `mio_free`. The callbacks may call the other functions, but not this one.
#[no_mangle]
pub unsafe extern "C" fn mio_run(all: *mut Loop, capacity: usize, callbacks: Callbacks) -> c_int {
    // The other fields are used by the callbacks meanwhile.
    let poll = &mut *std::ptr::addr_of_mut!((*all).poll);
    let mut events = Events::with_capacity(capacity);
    let mut done = false;
    while !done {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return code(Err(error)),
            Ok(()) => {}
        }
        for event in &events {
            done = if event.token() == WAKE {
                callbacks.woken.is_some_and(|woken| woken(callbacks.work))
            } else {
                (callbacks.ready)(
                    callbacks.work,
                    event.token().0,
                    event.is_readable() || event.is_read_closed() || event.is_error(),
                    event.is_writable() || event.is_error(),
                )
            };
        }
    }
    0
}
