//! The graph as SVG: layout-rs places everything, we draw it.

use std::collections::BTreeMap;
use std::fmt::Write;

use layout::core::base::Orientation;
use layout::core::color::Color;
use layout::core::format::{ClipHandle, RenderBackend};
use layout::core::geometry::Point;
use layout::core::style::{LineStyleKind, StyleAttr};
use layout::std_shapes::shapes::{Arrow, Element, ShapeKind};
use layout::topo::layout::VisualGraph;
use patchline_chart::escaped;

use super::{label, subtitle};
use crate::overview::{LinkView, NodeView, Overview};

const DIRECTION: Orientation = Orientation::LeftToRight;
const FONT: usize = 14;
/// A character's width and a line's height, in units of the picture.
const CHARACTER: f64 = 8.2;
const LABEL_CHARACTER: f64 = 6.6;
const LINE: f64 = 18.0;
const MARGIN: f64 = 14.0;
/// Levels in dBFS: where a bar begins, and from where on there is little room left.
const LEAST: f64 = -60.0;
const LOUD: f64 = -6.0;
const HEAD: &str = "\
<defs><marker id=\"head\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"9\" markerHeight=\"9\" \
markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"head\" d=\"M0 0 L10 5 L0 10 z\"/></marker></defs>
<style>
rect { fill: #fff; stroke: #445; stroke-width: 1.5 }
rect.device { fill: #e6f1fb }
rect.paper, rect.under { fill: #fff; stroke: none }
rect.low { fill: #2e8b57; stroke: none } rect.high { fill: #b8860b; stroke: none } rect.over { fill: #c0392b; stroke: none }
path.link { stroke: #445; stroke-width: 1.5; fill: none; marker-end: url(#head) }
path.back { stroke-dasharray: 6 5 }
path.head { fill: #445 }
text { font: 14px system-ui, 'DejaVu Sans', sans-serif; text-anchor: middle; fill: #112 }
text.label { font-size: 12px; fill: #335 }
text.kind { font-size: 12px; fill: #567 }
@media (prefers-color-scheme: dark) {
rect { fill: #1b222c; stroke: #9ab } rect.device { fill: #14304a }
rect.paper, rect.under { fill: #0d1117; stroke: none }
path.link { stroke: #9ab } path.head { fill: #9ab }
text { fill: #e6edf3 } text.label { fill: #b8c4d0 } text.kind { fill: #9aa7b4 }
}
</style>
";

/// More nodes and links than this are placed as they come: to untangle them takes more than quadratic time.
const UNTANGLED: usize = 300;
/// More nodes and links than this are not placed at all: it would take minutes, and nobody could read it.
const MOST: usize = 2000;

/// A picture from left to right; feedback links are dashed. `None` where there is too much to draw.
pub(crate) fn svg(name: &str, overview: &Overview) -> Option<String> {
    let size = overview.nodes.len() + overview.links.len();
    let peaks = overview.links.iter().filter_map(|link| Some((label(link), link.peak_dbfs?)));
    let mut canvas = Canvas { peaks: peaks.collect(), ..Canvas::default() };
    if !overview.nodes.is_empty() && size <= MOST {
        placed(overview).do_it(false, size > UNTANGLED, false, &mut canvas);
    }
    (size <= MOST).then(|| canvas.finish(name))
}

/// layout-rs asks of each link whether its target leads to its source, by every path there is: more than anybody can wait
/// for. So links come in the order in which their sources run, those that lead back turned round: then no path is there
/// yet.
fn placed(overview: &Overview) -> VisualGraph {
    let mut graph = VisualGraph::new(DIRECTION);
    graph.dag.set_validate(false);
    let add = |node: &NodeView| graph.add_node(element(node));
    let handles: Vec<_> = overview.nodes.iter().map(add).collect();
    let turns = turns(overview);
    let mut links: Vec<&LinkView> = overview.links.iter().collect();
    links.sort_by_key(|link| turns[link.from].min(turns[link.to]));
    for link in links {
        let mut arrow = Arrow::simple(&label(link));
        arrow.look = look(PLAIN);
        if link.feedback {
            arrow.line_style = LineStyleKind::Dashed;
        }
        match turns[link.from] <= turns[link.to] {
            true => graph.add_edge(arrow, handles[link.from], handles[link.to]),
            false => graph.add_edge(arrow.reverse(), handles[link.to], handles[link.from]),
        }
    }
    graph
}

/// When each node's turn is: after all that it hears, but for feedback.
fn turns(overview: &Overview) -> Vec<usize> {
    let forward = || overview.links.iter().filter(|link| !link.feedback && link.from != link.to);
    let mut waits_for = vec![0; overview.nodes.len()];
    let mut followers = vec![Vec::new(); overview.nodes.len()];
    for link in forward() {
        waits_for[link.to] += 1;
        followers[link.from].push(link.to);
    }
    let mut ready: Vec<usize> = (0..overview.nodes.len()).filter(|&node| waits_for[node] == 0).collect();
    let mut turns = vec![0; overview.nodes.len()];
    let mut next = 0;
    while let Some(&node) = ready.get(next) {
        turns[node] = next;
        next += 1;
        for &follower in &followers[node] {
            waits_for[follower] -= 1;
            if waits_for[follower] == 0 {
                ready.push(follower);
            }
        }
    }
    turns
}

fn element(node: &NodeView) -> Element {
    let text = format!("{}\n{}", node.name, subtitle(node));
    let longest = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    let size = Point::new(longest as f64 * CHARACTER + 28.0, 2.0 * LINE + 10.0);
    let fill = if node.device { DEVICE } else { PLAIN };
    Element::create(ShapeKind::new_box(&text), look(fill), DIRECTION, size)
}

/// What layout-rs carries from a node to its box; the colours themselves are the style's.
const PLAIN: &str = "white";
const DEVICE: &str = "black";

fn look(fill: &str) -> StyleAttr {
    StyleAttr::new(Color::fast("black"), 1, Some(Color::fast(fill)), 6, FONT)
}

/// Collects what layout-rs places: arrows below boxes below texts.
#[derive(Default)]
struct Canvas {
    /// How loud it is where a label says so: the same labels say the same levels.
    peaks: BTreeMap<String, f64>,
    arrows: String,
    /// What lies under the arrows' labels.
    gaps: String,
    boxes: String,
    texts: String,
    bounds: Option<(Point, Point)>,
}

impl Canvas {
    fn reach(&mut self, low: Point, high: Point) {
        let (least, most) = self.bounds.unwrap_or((low, high));
        let least = Point::new(least.x.min(low.x), least.y.min(low.y));
        self.bounds = Some((least, Point::new(most.x.max(high.x), most.y.max(high.y))));
    }

    fn finish(self, name: &str) -> String {
        let (low, high) = self.bounds.unwrap_or((Point::zero(), Point::splat(100.0)));
        let (x, y) = (low.x - MARGIN, low.y - MARGIN);
        let (width, height) = (high.x - x + MARGIN, high.y - y + MARGIN);
        let title = escaped(name);
        let Self { arrows, gaps, boxes, texts, .. } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             role=\"img\" viewBox=\"{x:.1} {y:.1} {width:.1} {height:.1}\">\n<title>{title}</title>\n{HEAD}\
             <rect class=\"paper\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"100%\" height=\"100%\"/>\n\
             {arrows}{gaps}{boxes}{texts}</svg>\n"
        )
    }

    fn text(&mut self, class: &str, at: Point, text: &str) {
        let half = Point::new(text.chars().count() as f64 * CHARACTER / 2.0, LINE / 2.0);
        self.reach(at.sub(half), at.add(half));
        let (x, y, text) = (at.x, at.y + FONT as f64 / 3.0, escaped(text));
        writeln!(self.texts, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>").expect(TAKES);
    }

    /// A text on an arrow, which ends left and right of it.
    fn label(&mut self, at: Point, text: &str) {
        let width = text.chars().count() as f64 * LABEL_CHARACTER + 6.0;
        let (x, y, height) = (at.x - width / 2.0, at.y - LINE / 2.0, LINE);
        writeln!(
            self.gaps,
            "<rect class=\"under\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
        )
        .expect(TAKES);
        self.text("label", at, text);
        if let Some(&peak) = self.peaks.get(text) {
            self.level(Point::new(x, y + height - 1.0), width, peak);
        }
    }

    /// A bar as long as the label at 0 dBFS, and nothing at -60.
    fn level(&mut self, at: Point, width: f64, peak: f64) {
        let class = match peak {
            peak if peak > 0.0 => "over",
            peak if peak > LOUD => "high",
            _ => "low",
        };
        let (x, y, width) = (at.x, at.y, width * (1.0 - peak / LEAST).clamp(0.0, 1.0));
        writeln!(self.texts, "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"3\"/>")
            .expect(TAKES);
    }
}

const TAKES: &str = "a string takes every text";

impl RenderBackend for Canvas {
    fn draw_rect(&mut self, xy: Point, size: Point, look: &StyleAttr, _: Option<String>, _: Option<ClipHandle>) {
        self.reach(xy, xy.add(size));
        let device = look.fill_color.is_some_and(|color| color.to_web_color() == Color::fast(DEVICE).to_web_color());
        let class = if device { "device" } else { "node" };
        let (x, y, width, height) = (xy.x, xy.y, size.x, size.y);
        writeln!(
            self.boxes,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"6\" class=\"{class}\"/>"
        )
        .expect(TAKES);
    }

    /// Two lines are a node's name and its type; one is an arrow's label.
    fn draw_text(&mut self, xy: Point, text: &str, _: &StyleAttr) {
        match text.split_once('\n') {
            Some((name, kind)) => {
                self.text("name", Point::new(xy.x, xy.y - LINE / 2.0), name);
                self.text("kind", Point::new(xy.x, xy.y + LINE / 2.0), kind);
            }
            None => self.label(xy, text),
        }
    }

    /// `path` is a chain of Bézier curves: way out of the first point, then ways into the following ones.
    fn draw_arrow(
        &mut self,
        path: &[(Point, Point)],
        dashed: bool,
        (at_start, at_end): (bool, bool),
        _: &StyleAttr,
        _: Option<String>,
        text: &str,
    ) {
        let mut curves = curves(path);
        let (Some(first), Some(last)) = (curves.first().copied(), curves.last().copied()) else { return };
        if near(first[0], last[3]) {
            curves = vec![around(first[0], first[3])];
        } else if at_start && !at_end {
            // layout-rs turns links that lead back; the head belongs at our end.
            curves = curves.into_iter().rev().map(|[a, b, c, d]| [d, c, b, a]).collect();
        }
        curves.iter().flatten().for_each(|&point| self.reach(point, point));
        let start = curves[0][0];
        let mut d = format!("M{:.1} {:.1}", start.x, start.y);
        for [_, a, b, end] in curves {
            write!(d, " C{:.1} {:.1}, {:.1} {:.1}, {:.1} {:.1}", a.x, a.y, b.x, b.y, end.x, end.y).expect(TAKES);
        }
        let class = if dashed { "link back" } else { "link" };
        writeln!(self.arrows, "<path class=\"{class}\" d=\"{d}\"/>").expect(TAKES);
        if !text.is_empty() {
            self.label(first[0].add(last[3]).scale(0.5), text);
        }
    }

    // Shapes that we never ask for.

    fn draw_line(&mut self, _: Point, _: Point, _: &StyleAttr, _: Option<String>) {}

    fn draw_circle(&mut self, _: Point, _: Point, _: &StyleAttr, _: Option<String>) {}

    fn create_clip(&mut self, _: Point, _: Point, _: usize) -> ClipHandle {
        0
    }
}

/// A cubic Bézier curve: start, two control points, end.
type Curve = [Point; 4];

/// The curves of a path: the first leaves its point by the second, later ones go on smoothly.
fn curves(path: &[(Point, Point)]) -> Vec<Curve> {
    let [(start, leave), rest @ ..] = path else { return Vec::new() };
    let (mut from, mut control) = (*start, *leave);
    let next = |&(enter, end): &(Point, Point)| {
        let curve = [from, control, enter, end];
        (from, control) = (end, end.add(end).sub(enter));
        curve
    };
    rest.iter().map(next).collect()
}

fn near(a: Point, b: Point) -> bool {
    a.distance_to(b) < 1.0
}

/// From a box's upper edge at `edge` up to about `far`, and back beside where it began.
fn around(edge: Point, far: Point) -> Curve {
    let back = Point::new(edge.x - 22.0, edge.y);
    [edge, Point::new(edge.x + 12.0, far.y), Point::new(back.x - 12.0, far.y), back]
}
