//! Pixels, and what is drawn with them.

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster};

use crate::svg::Anchor;

/// Red, green, blue.
pub(crate) type Colour = [u8; 3];

const HEIGHT: RasterHeight = RasterHeight::Size16;
const WEIGHT: FontWeight = FontWeight::Regular;
/// Pixels of a character, across.
pub(crate) const CHARACTER: usize = 7;

/// A picture in memory.
#[derive(Clone, Debug)]
pub(crate) struct Raster {
    width: usize,
    height: usize,
    pixels: Vec<Colour>,
}

impl Raster {
    pub(crate) fn new(width: usize, height: usize, paper: Colour) -> Self {
        Self { width, height, pixels: vec![paper; width * height] }
    }

    /// Sets a pixel; nothing where there is none.
    pub(crate) fn set(&mut self, x: usize, y: usize, colour: Colour) {
        if x < self.width && y < self.height {
            self.pixels[y * self.width + x] = colour;
        }
    }

    pub(crate) fn get(&self, x: usize, y: usize) -> Colour {
        self.pixels[y * self.width + x]
    }

    /// Fills from (x, y) on.
    pub(crate) fn fill(&mut self, (x, y): (usize, usize), (width, height): (usize, usize), colour: Colour) {
        for y in y..y + height {
            (x..x + width).for_each(|x| self.set(x, y, colour));
        }
    }

    /// Text whose middle line is at y; characters that the font lacks become `?`.
    pub(crate) fn text(&mut self, x: usize, y: usize, anchor: Anchor, ink: Colour, text: &str) {
        let width = text.chars().count() * CHARACTER;
        let left = match anchor {
            Anchor::Start => x,
            Anchor::Middle => x.saturating_sub(width / 2),
            Anchor::End => x.saturating_sub(width),
        };
        let top = y.saturating_sub(HEIGHT.val() / 2);
        for (index, character) in text.chars().enumerate() {
            let glyph = get_raster(character, WEIGHT, HEIGHT).or_else(|| get_raster('?', WEIGHT, HEIGHT));
            let Some(glyph) = glyph else { continue };
            for (row, line) in glyph.rows().enumerate() {
                for (column, &part) in line.iter().enumerate() {
                    self.blend(left + index * CHARACTER + column, top + row, ink, part);
                }
            }
        }
    }

    fn blend(&mut self, x: usize, y: usize, ink: Colour, part: u8) {
        if part > 0 && x < self.width && y < self.height {
            let paper = self.get(x, y);
            let mixed = |index: usize| {
                let (ink, paper, part) = (u32::from(ink[index]), u32::from(paper[index]), u32::from(part));
                ((ink * part + paper * (255 - part)) / 255) as u8
            };
            self.set(x, y, [mixed(0), mixed(1), mixed(2)]);
        }
    }

    /// The bytes of a PNG file.
    pub(crate) fn png(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let (width, height) = (self.width as u32, self.height as u32);
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let written = encoder.write_header().and_then(|mut writer| {
            writer.write_image_data(self.pixels.as_flattened())?;
            writer.finish()
        });
        written.expect("memory takes every byte, and there are as many as the header says");
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_png_holds_the_pixels_and_text_stays_inside() {
        let mut raster = Raster::new(40, 20, [255; 3]);
        raster.text(38, 10, Anchor::Start, [0; 3], "Wide é 漢");
        raster.set(3, 4, [1, 2, 3]);
        let bytes = raster.png();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (40, 20));
        assert_eq!(pixels[(4 * 40 + 3) * 3..][..3], [1, 2, 3]);
        assert!(pixels.chunks(3).any(|pixel| pixel[0] < 128 && pixel != [1, 2, 3]), "no ink");
    }
}
