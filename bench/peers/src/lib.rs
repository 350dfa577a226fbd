//! mio and polling behind one C interface: see `loops/peer.hpp`.
//!
//! Each runs its own loop, written as its user would write it, and calls back for every event. Calls
//! return 0, or an errno as a negative number.

mod mio_loop;
mod polling_loop;

use std::ffi::{c_char, c_int, c_void};
use std::io;

/// What a loop calls, with the pointer that `run` was given.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Callbacks {
    pub work: *mut c_void,
    /// Returns whether the work is done.
    pub ready: extern "C" fn(*mut c_void, usize, bool, bool) -> bool,
    /// After each wait that a wake may have ended; none for work without wakes.
    pub woken: Option<extern "C" fn(*mut c_void) -> bool>,
}

fn code(result: io::Result<()>) -> c_int {
    match result {
        Ok(()) => 0,
        Err(error) => -error.raw_os_error().unwrap_or(libc::EIO),
    }
}

/// The version of a crate, from the lock file that it was built with.
fn version_of(name: &str, buffer: *mut c_char, size: usize) {
    let lock = include_str!("../Cargo.lock");
    let package = format!("name = \"{name}\"\nversion = \"");
    let version = lock
        .split_once(&package)
        .and_then(|(_, rest)| rest.split_once('"'))
        .map_or("unknown", |(version, _)| version);
    let length = version.len().min(size - 1);
    // SAFETY: the caller gives `size` bytes at `buffer`, of which this writes at most that many.
    unsafe {
        std::ptr::copy_nonoverlapping(version.as_ptr(), buffer.cast(), length);
        *buffer.add(length) = 0;
    }
}
