//! Just enough SVG: shapes and text with classes that follow the reader's light or dark theme.

use std::fmt::Write;

/// A drawing of a fixed size in pixels.
#[derive(Clone, Debug)]
pub struct Svg {
    width: f64,
    height: f64,
    body: String,
    title: String,
}

/// Where text lies beside its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// It lies on both sides.
    Middle,
    /// It ends there.
    End,
}

/// Pixels from left to right of every chart.
pub(crate) const WIDTH: f64 = 760.0;
/// Pixels that title and note take.
pub(crate) const TOP: f64 = 56.0;
/// Colours there are: class `c0` to `c7` on shapes that are filled, `s0` to `s7` on lines.
pub const COLOURS: usize = 8;

/// Colours that are apart for most eyes, on white and on black (Okabe and Ito 2008; for dark, lightened).
const LIGHT: [&str; COLOURS] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#7f3c8d", "#666666"];
const DARK: [&str; COLOURS] = ["#5ab4e5", "#ff8c42", "#3fd0a4", "#e6a5c8", "#e0b040", "#9bd3f5", "#c08fd0", "#aaaaaa"];

impl Svg {
    /// An empty one; the title is for those who cannot see it.
    pub fn new(width: f64, height: f64, title: &str) -> Self {
        Self { width, height, body: String::new(), title: title.to_owned() }
    }

    /// A title, and a line below it.
    pub fn head(&mut self, title: &str, note: &str) {
        self.text(16.0, 26.0, Anchor::Start, "head", title);
        self.text(16.0, 44.0, Anchor::Start, "soft", note);
    }

    /// Text whose baseline is at y.
    pub fn text(&mut self, x: f64, y: f64, anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escaped(text);
        let _ =
            writeln!(self.body, r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" class="{class}">{text}</text>"#);
    }

    /// A straight line.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _ = writeln!(self.body, r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" class="{class}"/>"#);
    }

    /// A rectangle; none is too thin to be seen.
    pub fn rectangle(&mut self, x: f64, y: f64, width: f64, height: f64, class: &str) {
        let place = place(x, y, width, height);
        let _ = writeln!(self.body, r#"<rect {place} class="{class}"/>"#);
    }

    /// A rectangle that says something to who points at it.
    pub fn rectangle_of(&mut self, x: f64, y: f64, width: f64, height: f64, class: &str, says: &str) {
        let (place, says) = (place(x, y, width, height), escaped(says));
        let _ = writeln!(self.body, r#"<rect {place} class="{class}"><title>{says}</title></rect>"#);
    }

    /// A line through all points.
    pub fn path(&mut self, points: &[(f64, f64)], class: &str) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(self.body, r#"<polyline points="{}" class="{class}"/>"#, points.join(" "));
    }

    /// A dot of six pixels.
    pub fn dot(&mut self, x: f64, y: f64, class: &str) {
        let _ = writeln!(self.body, r#"<circle cx="{x:.1}" cy="{y:.1}" r="3" class="{class}"/>"#);
    }

    /// The whole file.
    pub fn finish(self) -> String {
        let Self { width, height, body, title } = self;
        let title = escaped(&title);
        let style = style();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
             height=\"{height:.0}\" role=\"img\">\n<title>{title}</title>\n<style>\n{style}</style>\n\
             <rect width=\"{width:.0}\" height=\"{height:.0}\" class=\"paper\"/>\n{body}</svg>\n"
        )
    }
}

fn place(x: f64, y: f64, width: f64, height: f64) -> String {
    let (width, height) = (width.max(0.5), height.max(0.5));
    format!(r#"x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}""#)
}

/// How wide text of 12 pixels is, about.
pub fn text_width(text: &str) -> f64 {
    text.chars().count() as f64 * 6.7
}

/// Text as XML has it.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn style() -> String {
    let mut style = "text { font: 12px system-ui, 'DejaVu Sans', sans-serif; fill: #222; }
.head { font-size: 15px; font-weight: 600; }
.soft { fill: #666; font-size: 11px; }
.paper { fill: #fff; }
.axis { stroke: #888; stroke-width: 1; }
.grid { stroke: #ddd; stroke-width: 1; }
.bound { stroke: #222; stroke-width: 2; }
polyline { fill: none; stroke-width: 2; }
.dashed { stroke-dasharray: 5 4; }
polyline.thin { stroke-width: 1; }
"
    .to_owned();
    colours(&mut style, &LIGHT);
    style.push_str("@media (prefers-color-scheme: dark) {\ntext { fill: #ddd; }\n.soft { fill: #999; }\n");
    style.push_str(".paper { fill: #0d1117; }\n.axis { stroke: #777; }\n.grid { stroke: #30363d; }\n");
    style.push_str(".bound { stroke: #eee; }\n");
    colours(&mut style, &DARK);
    style.push_str("}\n");
    style
}

/// Colour k is class `ck` on shapes that are filled and `sk` on lines.
fn colours(style: &mut String, colours: &[&str]) {
    for (index, colour) in colours.iter().enumerate() {
        let _ = writeln!(style, ".c{index} {{ fill: {colour}; }} .s{index} {{ stroke: {colour}; }}");
    }
}
