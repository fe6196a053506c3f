//! What is planted. Each is prepared outside of the callback, and done inside, once.
#![allow(unsafe_code, reason = "violations are planted by the system's own functions, too")]

use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// Something that must not be done in the callback.
pub(crate) type Deed = Box<dyn FnMut() + Send>;

/// What `name` stands for.
pub(crate) fn deed(name: &str) -> Deed {
    match name {
        super::NOTHING => Box::new(|| ()),
        "alloc" => Box::new(|| std::mem::forget(black_box(Box::new([0_u8; 100])))),
        "free" => once(vec![1_u8; 100], drop),
        "realloc" => once(vec![1_u8; 100], |mut bytes| {
            bytes.reserve_exact(10_000);
            std::mem::forget(black_box(bytes));
        }),
        "last_arc" => once(Arc::new([1_u8; 100]), drop),
        "grown_vec" => once(Vec::with_capacity(4), |mut samples| {
            (0..5).for_each(|sample| samples.push(sample));
            std::mem::forget(black_box(samples));
        }),
        "mutex_contended" => mutex_contended(),
        "condvar_wait" => Box::new(|| {
            let (lock, condvar) = (Mutex::new(()), Condvar::new());
            let guard = lock.lock().expect("nobody else has it");
            drop(condvar.wait_timeout(guard, Duration::from_millis(5)));
        }),
        "channel_wait" => channel_wait(),
        "unpark" => unpark(),
        "write" => once(tempfile::tempfile().expect("a temporary file"), |mut file| {
            file.write_all(b"x").expect("room for a byte");
            std::mem::forget(file);
        }),
        "yield" => Box::new(thread::yield_now),
        "sleep" => Box::new(|| thread::sleep(Duration::from_millis(2))),
        "fresh_page" => once(vec![0_u8; 1 << 22], |mut memory| {
            memory.iter_mut().step_by(4096).for_each(|byte| *byte = 1);
            std::mem::forget(black_box(memory));
        }),
        "cold_stack" => Box::new(|| _ = black_box(cold_stack(16))),
        "default_panic_hook" => Box::new(|| panic!("planted")),
        "file_open" => Box::new(|| _ = File::open("/dev/null").map(std::mem::forget)),
        "println" => Box::new(|| println!("planted")),
        name => by_c(name),
    }
}

/// What takes something that was prepared.
fn once<T: Send + 'static>(prepared: T, mut deed: impl FnMut(T) + Send + 'static) -> Deed {
    let mut prepared = Some(prepared);
    Box::new(move || {
        if let Some(prepared) = prepared.take() {
            deed(prepared);
        }
    })
}

/// Somebody else has the lock for a while.
fn mutex_contended() -> Deed {
    let lock = Arc::new(Mutex::new(0));
    let theirs = Arc::clone(&lock);
    let (locked, is_locked) = channel();
    thread::spawn(move || {
        let _held = theirs.lock();
        locked.send(()).expect("the other end waits");
        thread::sleep(Duration::from_millis(200));
    });
    is_locked.recv().expect("the thread locks");
    Box::new(move || *lock.lock().expect("nobody panics with it") += 1)
}

/// A message that comes late.
fn channel_wait() -> Deed {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(200));
        let _ = sender.send(());
    });
    // The receiver stays, so that nothing is freed.
    Box::new(move || _ = receiver.recv())
}

/// Wakes a thread that sleeps.
fn unpark() -> Deed {
    let sleeper = thread::spawn(thread::park);
    thread::sleep(Duration::from_millis(50));
    Box::new(move || sleeper.thread().unpark())
}

/// More of the stack than anybody has used before: 64 KiB for each level.
#[inline(never)]
fn cold_stack(levels: u32) -> u8 {
    let frame = black_box([levels as u8; 1 << 16]);
    let below = if levels > 0 { cold_stack(levels - 1) } else { 0 };
    frame[levels as usize * 4096 % frame.len()].wrapping_add(below)
}

#[cfg(target_os = "linux")]
fn by_c(name: &str) -> Deed {
    match name {
        // SAFETY: memory that nobody uses.
        "c_malloc_small" => Box::new(|| _ = black_box(unsafe { libc::malloc(64) })),
        // SAFETY: as above.
        "c_malloc_large" => Box::new(|| _ = black_box(unsafe { libc::malloc(1 << 20) })),
        "mmap" => Box::new(|| {
            let (access, flags) = (libc::PROT_READ, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
            // SAFETY: memory of its own, which nobody uses.
            _ = black_box(unsafe { libc::mmap(std::ptr::null_mut(), 4096, access, flags, -1, 0) });
        }),
        "pthread_mutex_uncontended" => once(Box::new(libc::PTHREAD_MUTEX_INITIALIZER), |lock| {
            let lock = Box::into_raw(lock);
            // SAFETY: an initialised lock that stays where it is.
            unsafe { libc::pthread_mutex_lock(lock) };
            // SAFETY: this thread has it.
            unsafe { libc::pthread_mutex_unlock(lock) };
        }),
        "raw_syscall" => Box::new(|| {
            let number = libc::SYS_getpid;
            // SAFETY: asks for the process' number; the kernel changes no other register.
            #[cfg(target_arch = "x86_64")]
            unsafe {
                std::arch::asm!("syscall", inout("rax") number => _, out("rcx") _, out("r11") _, options(nostack));
            }
            #[cfg(not(target_arch = "x86_64"))]
            // SAFETY: as above.
            let _ = unsafe { libc::syscall(number) };
        }),
        name => unreachable!("`{name}` is in no list"),
    }
}

#[cfg(not(target_os = "linux"))]
fn by_c(name: &str) -> Deed {
    unreachable!("`{name}` is planted on Linux only")
}
