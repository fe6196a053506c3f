//! File systems of our own, where the system lets us mount them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A mounted file system, gone when dropped.
pub(crate) struct Mount {
    folder: tempfile::TempDir,
}

impl Mount {
    /// One in memory with so much room; none where we may not mount.
    pub(crate) fn tmpfs(kib: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        shell(&format!("mkdir fs && mount -t tmpfs -o size={kib}k,mode=755 none fs"), folder.path())
            .then_some(Self { folder })
    }

    /// One in a file, which can be frozen; none where we may not mount or lack the tools.
    pub(crate) fn freezable() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let make = "mkdir fs && truncate -s 64M image && mkfs.ext4 -q image && mount -o loop image fs";
        let mount = shell(make, folder.path()).then_some(Self { folder })?;
        // What was mounted may still refuse.
        shell("command -v fsfreeze", mount.folder.path()).then_some(mount)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("fs")
    }

    /// Freezes it now and thaws it after `seconds`, whatever becomes of us.
    pub(crate) fn freeze(&self, seconds: u32) -> std::process::Child {
        let script = format!("fsfreeze -f fs && echo frozen && sleep {seconds}; fsfreeze -u fs");
        let mut command = Command::new("sh");
        command.args(["-c", &script]).current_dir(self.folder.path()).stdout(Stdio::piped());
        command.spawn().unwrap()
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        shell("umount fs || umount -l fs", self.folder.path());
    }
}

fn shell(script: &str, folder: &Path) -> bool {
    let mut command = Command::new("sh");
    command.args(["-c", script]).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    command.env("PATH", format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default()));
    command.status().is_ok_and(|status| status.success())
}
