use super::*;

use clap::CommandFactory;

fn words(line: &str) -> Vec<OsString> {
    line.split(' ').map(OsString::from).collect()
}

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(with_default_command(words(line)))
}

#[test]
fn the_declaration_holds_together() {
    Cli::command().debug_assert();
}

#[test]
fn a_patch_as_first_word_is_run() {
    for line in [
        "runner a.toml",
        "runner a.toml --backend null",
        "runner --backend null a.toml",
        "runner -v a.toml",
        "runner run a.toml",
    ] {
        let cli = parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert!(matches!(cli.command, Command::Run(args) if args.patch == Path::new("a.toml")), "{line}");
    }
}

#[test]
fn a_path_is_a_patch_whatever_it_is_called() {
    for path in ["-", "/dev/null", "./run", "patches/mine"] {
        let cli = parse(&format!("runner {path} -d 1s")).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(matches!(cli.command, Command::Run(args) if args.patch == Path::new(path)), "{path}");
    }
}

#[test]
fn a_command_stays_a_command() {
    assert!(matches!(parse("runner check a.toml").unwrap().command, Command::Check(_)));
    assert!(matches!(parse("runner -q check a.toml").unwrap().command, Command::Check(_)));
    let mistyped = parse("runner chek a.toml").unwrap_err().to_string();
    assert!(mistyped.contains("check"), "{mistyped}");
}

#[test]
fn an_input_file_may_name_its_node() {
    let node = |text: &str| text.parse::<InputFile>().map(|input| (input.node, input.file));
    assert_eq!(node("in.wav"), Ok((None, "in.wav".into())));
    assert_eq!(node("-"), Ok((None, "-".into())));
    assert_eq!(node("mic=in.wav"), Ok((Some("mic".into()), "in.wav".into())));
    assert_eq!(node("./mic=in.wav"), Ok((None, "./mic=in.wav".into())));
    assert!(node("mic=").is_err());
}

#[test]
fn a_setting_has_three_parts() {
    let setting: Setting = "trim.gain = -6dB".parse().unwrap();
    assert_eq!(setting.to_string(), "trim.gain=-6dB");
    for bad in ["trim", "trim.gain", "trim=1", ".gain=1", "trim.=1", "trim.gain="] {
        assert!(bad.parse::<Setting>().is_err(), "{bad}");
    }
}

#[test]
fn numbers_out_of_range_name_the_range() {
    let error = parse("runner render a.toml --block 0").unwrap_err().to_string();
    assert!(error.contains("1 to 65536"), "{error}");
    let error = parse("runner render a.toml --duration 12").unwrap_err().to_string();
    assert!(error.contains("unit"), "{error}");
    let error = parse("runner render a.toml --subtype PCM_8").unwrap_err().to_string();
    assert!(error.contains("PCM_24"), "{error}");
}

#[test]
fn negative_values_are_told_what_is_needed() {
    let options = [
        ("--duration -1", "unit"),
        ("--duration -1s", "not negative"),
        ("--tail -1s", "not negative"),
        ("--block -1", "1 to 65536"),
        ("--sample-rate -1", "1000 to"),
    ];
    for (option, needed) in options {
        let error = parse(&format!("runner render a.toml {option}")).unwrap_err().to_string();
        assert!(error.contains(needed) && !error.contains("tip"), "{option}: {error}");
    }
    for option in ["--channels -1", "--seed -1", "--duration -1"] {
        let error = parse(&format!("runner run a.toml {option}")).unwrap_err().to_string();
        assert!(error.contains("invalid value '-1'"), "{option}: {error}");
    }
}

#[test]
fn a_subtype_may_be_written_small() {
    let cli = parse("runner render a.toml --subtype pcm_24").unwrap();
    assert!(matches!(cli.command, Command::Render(args) if args.subtype == Subtype::Pcm24));
}

#[cfg(unix)]
#[test]
fn an_input_file_needs_no_name_in_utf_8() {
    use std::os::unix::ffi::OsStringExt;
    let given = |bytes: &[u8]| InputFile::try_from(OsString::from_vec(bytes.to_vec()));
    let named = given(b"\xff.wav").unwrap();
    assert_eq!((named.node, named.file.into_os_string().into_vec()), (None, b"\xff.wav".to_vec()));
    assert!(given(b"mic=\xff.wav").unwrap_err().contains("UTF-8"));
    assert_eq!(given(b"mic=a.wav").unwrap().node.as_deref(), Some("mic"));
}
