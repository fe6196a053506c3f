//! Numbers as people write them.

/// `10,000`.
pub fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::from(if value < 0.0 && digits != "0" { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_come_in_threes() {
        assert_eq!([1.0, 1000.0, 10_000.0, 1e6].map(thousands), ["1", "1,000", "10,000", "1,000,000"]);
        assert_eq!([-1.0, -0.4, -100_000.0].map(thousands), ["-1", "0", "-100,000"]);
    }
}
