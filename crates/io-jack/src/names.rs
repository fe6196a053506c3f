//! What our ports are called.

use std::collections::HashSet;

/// The longest short name, in bytes.
const LONGEST: usize = 64;

/// `count` names, each once: the labels as far as they go, then `usual_1`, `usual_2`, … by channel.
pub(crate) fn port_names(labels: &[String], usual: &str, count: usize) -> Vec<String> {
    let mut taken = HashSet::new();
    (0..count)
        .map(|channel| {
            let label = labels.get(channel).map(|label| fit(label)).filter(|label| !label.is_empty());
            let wanted = label.unwrap_or_else(|| format!("{usual}_{}", channel + 1));
            let mut name = wanted.clone();
            let mut copy = 2;
            while !taken.insert(name.clone()) {
                name = format!("{wanted}-{copy}");
                copy += 1;
            }
            name
        })
        .collect()
}

fn fit(label: &str) -> String {
    let mut name = String::new();
    for c in label.trim().chars().map(|c| if c == ':' || c.is_control() { '-' } else { c }) {
        if name.len() + c.len_utf8() > LONGEST {
            break;
        }
        name.push(c);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_port_has_a_name_of_its_own() {
        let labels = ["voice", "voice", "in_4", " ", "a:b"].map(str::to_owned);
        let names = port_names(&labels, "in", 6);
        assert_eq!(names, ["voice", "voice-2", "in_4", "in_4-2", "a-b", "in_6"]);
    }
}
