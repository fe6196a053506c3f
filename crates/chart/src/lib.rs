//! Charts as SVG, and pictures of sound as PNG. No other program and no font file is needed.
//!
//! ```
//! use patchline_chart::{Axis, Curve, Curves, Look};
//!
//! let fade = (0..=100).map(|ms| (f64::from(ms), f64::from(100 - ms) / 100.0)).collect();
//! let svg = Curves {
//!     title: "A fade",
//!     note: "linear gain",
//!     x_name: "ms",
//!     x: Axis::linear(),
//!     y: Axis::linear(),
//!     curves: vec![Curve { name: "fade".to_owned(), points: fade, look: Look::Line }],
//! }
//! .draw();
//! assert!(svg.starts_with("<svg") && svg.contains("<title>A fade</title>"));
//! ```
//!
//! Charts carry their style: colours that are apart for most eyes, on white, or on black where the reader's theme is dark.

mod axis;
mod bars;
mod curves;
mod histograms;
mod number;
mod raster;
mod sound;
mod spectrogram;
mod svg;
mod waveform;

pub use axis::{Axis, Scale};
pub use bars::{Bar, Bars};
pub use curves::{Curve, Curves, Look};
pub use histograms::{Histogram, Histograms};
pub use number::thousands;
pub use sound::{Picture, Sound};
pub use spectrogram::spectrogram;
pub use svg::{Anchor, COLOURS, Svg, escaped, text_width};
pub use waveform::waveform;
