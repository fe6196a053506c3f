//! Brings into memory, before a visit, what would otherwise fault in it.

/// Asks the kernel for the pages of the program's code and constants, and of its libraries', which it would otherwise
/// read when they are first used. On Linux 5.14 and later; elsewhere, and where the kernel refuses, nothing happens.
///
/// A program that locks its memory (`mlockall`) does not need it.
pub fn prefault_code() {
    #[cfg(target_os = "linux")]
    for mapping in std::fs::read_to_string("/proc/self/maps").unwrap_or_default().lines().filter_map(Mapping::parse) {
        mapping.populate();
    }
}

/// Touches this thread's stack, so that functions which call each other deeply fault no page in: 256 KiB from here on
/// down. The stack has to have so much room.
#[inline(never)]
pub fn prefault_stack() {
    let mut pages = [0_u8; 256 * 1024];
    pages.iter_mut().step_by(1024).for_each(|byte| *byte = 1);
    std::hint::black_box(&mut pages);
}

/// A part of the address space that holds a part of a file.
#[cfg(target_os = "linux")]
struct Mapping {
    start: usize,
    end: usize,
    writable: bool,
}

#[cfg(target_os = "linux")]
impl Mapping {
    /// Reads `7f0c8000-7f0c9000 r-xp 00000000 fe:00 1234  /usr/lib/libc.so.6`.
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let access = words.next()?;
        let file = words.nth(3)?;
        let (start, end) = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
        let is_ours = access.starts_with('r') && access.ends_with('p') && file.starts_with('/');
        is_ours.then_some(Self { start, end, writable: access.contains('w') })
    }

    /// Reading pages changes nothing, and writable ones are copied, as the first write to them would do.
    fn populate(&self) {
        let advice = if self.writable { libc::MADV_POPULATE_WRITE } else { libc::MADV_POPULATE_READ };
        let arguments = [self.start, self.end - self.start, advice as usize, 0, 0, 0];
        #[allow(unsafe_code, reason = "a system call")]
        // SAFETY: the kernel brings pages and changes none; for a mapping that has gone meanwhile it says no.
        unsafe {
            crate::dispatch::call(libc::SYS_madvise as usize, arguments);
        }
    }
}
