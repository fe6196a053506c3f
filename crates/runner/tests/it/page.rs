//! The page: served to who has the token, to nobody else, and never in the way of the sound.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::{Folder, Running};

const PATCH: &str = "links = [\"tone -> trim -> level -> out\"]\n[nodes.tone]\ntype = \"oscillator\"\n[nodes.trim]\n\
                     type = \"gain\"\n[nodes.level]\ntype = \"meter\"\n[nodes.out]\ntype = \"output\"\n";

/// What is answered to a request for this.
fn get(address: &str, target: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn two_ports_for_one_page_are_a_mistake() {
    let folder = Folder::new();
    folder.write("p.toml", PATCH);
    let args = ["p.toml", "--backend", "null", "-d", "100ms", "--ui", "9125", "--websocket", "9126"];
    folder.run(args).exits(2).says("--ui and --websocket are at one port");
}

#[test]
fn a_browser_with_the_token_gets_the_page_and_its_socket_draws_and_checks() {
    let folder = Folder::new();
    folder.write("p.toml", PATCH);
    let running = Running::start(&mut folder.command(["p.toml", "--backend", "null", "--ui"]));
    running.until("page: http://");
    let said = running.said();
    let url = said.split("page: http://").nth(1).unwrap().lines().next().unwrap().to_owned();
    let (address, target) = url.split_once('/').unwrap();
    let page = get(address, &format!("/{target}"));
    assert!(page.starts_with("HTTP/1.1 200 OK") && page.contains("<title>Patchline</title>"), "{page:.300}");
    assert!(get(address, "/").starts_with("HTTP/1.1 426") && get(address, "/?token=no").starts_with("HTTP/1.1 401"));

    let (mut socket, _) = tungstenite::connect(format!("ws://{address}/{target}")).unwrap();
    let mut ask = |request: serde_json::Value| -> serde_json::Value {
        socket.send(request.to_string().into()).unwrap();
        loop {
            let text = socket.read().unwrap().into_text().unwrap();
            let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
            if answer["id"] == request["id"] {
                return answer;
            }
        }
    };
    let graph = ask(serde_json::json!({ "id": 1, "do": "graph" }));
    let links = graph["result"]["links"].as_array().unwrap();
    assert_eq!((links[0]["from"].as_str(), links[0]["to"].as_str()), (Some("tone"), Some("trim")));
    assert_eq!(graph["result"]["nodes"][1]["type"], "gain");

    let check = |patch: &str| serde_json::json!({ "id": 2, "do": "check", "patch": patch });
    let longer = PATCH.replace("[nodes.trim]\n", "[nodes.trim]\ngain = \"-6 dB\"\n");
    let line = ask(check(&longer));
    assert!(line["result"]["line"].as_str().unwrap().contains("trim (gain -6 dB instead of 1.0) changed"), "{line}");
    std::thread::sleep(std::time::Duration::from_millis(150));
    let wrong = ask(check(&PATCH.replace("gain", "gian")));
    assert_eq!(
        (wrong["ok"].as_bool(), wrong["error"]["mistakes"][0]["line"].as_u64()),
        (Some(false), Some(5)),
        "{wrong}"
    );
    // The callback was called by now, and took a part of its time.
    let flight = ask(serde_json::json!({ "id": 4, "do": "flight" }));
    let longest = flight["result"]["longest"].as_array().unwrap();
    assert_eq!((longest.len(), flight["result"]["step_ms"].as_u64()), (200, Some(50)), "{flight}");
    assert!(longest.iter().any(|part| part.as_f64() > Some(0.0)), "{flight}");
    // Nothing of that was loaded.
    let patch = ask(serde_json::json!({ "id": 3, "do": "patch" }));
    assert_eq!(patch["result"]["patch"], PATCH);
    running.signal("INT");
    assert_eq!(running.end().code, Some(0));
}
