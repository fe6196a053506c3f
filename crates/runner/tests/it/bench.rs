use crate::support::Folder;

#[test]
fn what_has_no_path_is_not_measured() {
    let folder = Folder::new();
    for backend in ["null", "sim"] {
        folder.run(["bench", "--loopback", "--backend", backend]).exits(2).says("nothing leads from");
    }
}

#[test]
fn the_command_line_says_what_is_measured_and_how() {
    let folder = Folder::new();
    folder.run(["bench"]).exits(2).says("--loopback");
    folder.run(["bench", "--loopback", "--level", "+6dB"]).exits(2).says("-40dB to 0dB");
    folder.run(["bench", "--loopback", "--interval", "1ms"]).exits(2).says("10ms to 10s");
    folder.run(["bench", "--loopback", "--count", "0"]).exits(2).says("1 to 10000");
    folder.run(["bench", "--loopback", "--device", "a", "--input", "b"]).exits(2).says("--input");
}
