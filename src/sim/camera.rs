//! A camera of a village that has none: draws what a piece of jewellery looks like on a table, by its kind
//! and material, no two numbers alike. Shapes are strung along a line and lit from above; there is no file
//! of anybody's in it.

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, Rgb, RgbImage};
use std::f32::consts::{PI, TAU};

const WIDE: u32 = 960;
const HIGH: u32 = 960;

/// Light that comes from above, from the left.
const LIGHT: [f32; 3] = [-0.48, -0.62, 0.62];

type Colour = [f32; 3];

/// What a piece is strung of, round or flat.
#[derive(Clone, Copy)]
struct Bead {
    x: f32,
    y: f32,
    r: f32,
    colour: Colour,
    /// How brightly it mirrors the light.
    gloss: f32,
}

/// A small stream of numbers from a seed.
struct Dice(u64);

impl Dice {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    fn part(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u64 << 24) as f32
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[(self.bits() % of.len() as u64) as usize]
    }
}

const fn rgb(hex: u32) -> Colour {
    [((hex >> 16) & 255) as f32, ((hex >> 8) & 255) as f32, (hex & 255) as f32]
}

/// Cloths and tables that a piece may lie on.
const GROUNDS: [u32; 6] = [0xE9DFC9, 0xC9B394, 0x6B4A35, 0x3E4A45, 0xD8CFC4, 0x9FA890];
const BEADS: [[u32; 4]; 4] = [
    [0xB8322A, 0xF4EEDF, 0x1F4E79, 0xE0A52B],
    [0x1B7A5A, 0xF4EEDF, 0xD9822B, 0x2B2B2B],
    [0x2C62A8, 0xF7F3EA, 0xC4342C, 0x59B4C3],
    [0x6A2E7C, 0xF2D16B, 0xF4EEDF, 0xC23B64],
];

/// The colours of a material, in the order in which they are strung, and its gloss.
fn strung(stuff: &str, dice: &mut Dice) -> (Vec<Colour>, f32) {
    match stuff {
        "brass" => (vec![rgb(0xC79A3C), rgb(0xB5852B), rgb(0xD4AE5A)], 0.95),
        "bone" => (vec![rgb(0xEFE6D2), rgb(0xE4D8BE), rgb(0x4A3A2C)], 0.35),
        "wood" => (vec![rgb(0x7A4A2A), rgb(0x9A6438), rgb(0x5B351D)], 0.22),
        "beads" => {
            let [a, b, c, d] = dice.one(&BEADS).map(rgb);
            (vec![a, a, b, c, c, b, d, b], 0.6)
        }
        _ => (vec![rgb(0x7A4A2A), rgb(0xC79A3C), rgb(0xF4EEDF), rgb(0x2F5D62), rgb(0xC79A3C)], 0.5),
    }
}

/// Strings beads of a size along a curve given over 0 to 1.
fn string(beads: &mut Vec<Bead>, colours: &[Colour], gloss: f32, r: f32, curve: impl Fn(f32) -> (f32, f32)) {
    let (mut along, mut last, mut nth) = (0.0, curve(0.0), 0);
    for step in 0..=4_000u16 {
        let at = curve(f32::from(step) / 4_000.0);
        along += (at.0 - last.0).hypot(at.1 - last.1);
        last = at;
        if along >= r * 1.86 || step == 0 {
            along = 0.0;
            beads.push(Bead { x: at.0, y: at.1, r, colour: colours[nth % colours.len()], gloss });
            nth += 1;
        }
    }
}

/// What a piece of this kind is strung of.
fn beads_of(kind: &str, stuff: &str, dice: &mut Dice) -> Vec<Bead> {
    let (colours, gloss) = strung(stuff, dice);
    let (cx, cy) =
        (WIDE as f32 / 2.0 + 40.0 * (dice.part() - 0.5), HIGH as f32 / 2.0 + 40.0 * (dice.part() - 0.5));
    let tilt = 0.35 * (dice.part() - 0.5);
    let turned =
        move |x: f32, y: f32| (cx + x * tilt.cos() - y * tilt.sin(), cy + x * tilt.sin() + y * tilt.cos());
    let fine = if stuff == "brass" { 0.72 } else { 1.0 };
    let mut beads = Vec::new();
    match kind {
        "necklace" => {
            let strands = 2 + (dice.bits() % 3) as u16;
            for strand in 0..strands {
                let s = f32::from(strand);
                let (rx, ry, r) = (215.0 + 44.0 * s, 240.0 + 62.0 * s, (12.0 + 2.5 * s) * fine);
                string(&mut beads, &colours, gloss, r, move |t| {
                    let at = -0.22 * PI + 1.44 * PI * t;
                    turned(rx * at.cos(), ry * at.sin() - 110.0)
                });
            }
            let hang = 240.0 + 62.0 * f32::from(strands - 1) - 110.0;
            let (x, y) = turned(0.0, hang + 18.0);
            beads.push(Bead { x, y, r: 46.0, colour: colours[0], gloss });
        }
        "bracelet" => {
            let many = 2 + (dice.bits() % 3) as u16;
            for ring in 0..many {
                let (off, r) = (52.0 * f32::from(ring), (15.0 + 6.0 * dice.part()) * fine);
                let shift = colours.len() - 1 - usize::from(ring) % colours.len();
                let own: Vec<Colour> =
                    colours.iter().cycle().skip(shift).take(colours.len()).copied().collect();
                string(&mut beads, &own, gloss, r, move |t| {
                    turned(250.0 * (TAU * t).cos() + off - 50.0, 205.0 * (TAU * t).sin() + off - 50.0)
                });
            }
        }
        "earrings" => {
            let long = 300.0 + 90.0 * dice.part();
            for side in [-170.0, 170.0] {
                string(&mut beads, &[rgb(0xC9CCD0)], 0.95, 4.0, move |t| {
                    turned(side + 34.0 * (PI * t * 1.5).sin(), -300.0 + 80.0 * t)
                });
                string(&mut beads, &colours, gloss, 15.0 * fine, move |t| {
                    let at = TAU * t;
                    turned(side + 92.0 * at.sin() * (at / 2.0).sin(), -210.0 + long * (1.0 - at.cos()) / 2.0)
                });
                let (x, y) = turned(side, -150.0 + long / 2.0);
                beads.push(Bead { x, y, r: 34.0, colour: colours[colours.len() / 2], gloss });
            }
        }
        "ring" => {
            string(&mut beads, &colours, gloss, 21.0 * fine, move |t| {
                turned(225.0 * (TAU * t).cos(), 195.0 * (TAU * t).sin() + 70.0)
            });
            let (x, y) = turned(0.0, -150.0);
            beads.push(Bead { x, y, r: 88.0, colour: colours[0], gloss: gloss.max(0.6) });
            for nth in 0..8u8 {
                let at = TAU * f32::from(nth) / 8.0;
                let (x, y) = turned(96.0 * at.cos(), -150.0 + 96.0 * at.sin());
                beads.push(Bead { x, y, r: 20.0, colour: colours[usize::from(nth) % colours.len()], gloss });
            }
        }
        _ => {
            for ring in 1..=7u8 {
                let (wide, r) = (44.0 * f32::from(ring), 20.0 * fine);
                string(&mut beads, &colours, gloss, r, move |t| {
                    turned(wide * (TAU * t).cos(), wide * (TAU * t).sin())
                });
            }
        }
    }
    beads
}

/// A picture of a piece, as a JPEG file.
///
/// # Errors
/// When it cannot be encoded.
pub fn picture(kind: &str, stuff: &str, seed: u64) -> Result<Vec<u8>, String> {
    let mut dice = Dice(seed.wrapping_mul(0x2545_F491_4F6C_DD1D) ^ 0x5EED);
    let ground = rgb(dice.one(&GROUNDS));
    let beads = beads_of(kind, stuff, &mut dice);
    let (weave, grain) = (6.0 + 8.0 * dice.part(), dice.bits());
    let mut image = RgbImage::from_fn(WIDE, HIGH, |x, y| {
        let (fx, fy) = (x as f32, y as f32);
        // A woven cloth, lighter where the light comes from.
        let threads = ((fx / weave * TAU).sin() + (fy / weave * TAU).sin()) * 2.6;
        let lit = 1.10 - 0.32 * ((fx + fy) / (WIDE + HIGH) as f32);
        Rgb(ground.map(|c| (c * lit + threads + noise(x, y, grain)).clamp(0.0, 255.0) as u8))
    });
    for bead in &beads {
        shade(&mut image, bead);
    }
    for bead in &beads {
        light(&mut image, bead);
    }
    let mut file = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut file, 85);
    let done = encoder.encode(image.as_raw(), WIDE, HIGH, ExtendedColorType::Rgb8);
    done.map_err(|why| why.to_string()).map(|()| file)
}

/// Grain of a cheap camera: a little of nothing, always the same at one place.
fn noise(x: u32, y: u32, grain: u64) -> f32 {
    let bits = (u64::from(x) << 32 | u64::from(y)) ^ grain;
    (Dice(bits.wrapping_mul(0x9E37_79B9_7F4A_7C15)).part() - 0.5) * 9.0
}

/// Every pixel within so far of a place, with how far along and down it lies.
fn around(image: &RgbImage, x: f32, y: f32, r: f32) -> impl Iterator<Item = (u32, u32, f32, f32)> + use<> {
    let (wide, high) = (image.width(), image.height());
    let from = |at: f32| (at - r).floor().max(0.0) as u32;
    let to = |at: f32, most: u32| ((at + r).ceil().max(0.0) as u32 + 1).min(most);
    let columns = from(x)..to(x, wide);
    (from(y)..to(y, high))
        .flat_map(move |py| columns.clone().map(move |px| (px, py, (px as f32 - x) / r, (py as f32 - y) / r)))
}

/// The soft shadow of a bead on the ground.
fn shade(image: &mut RgbImage, bead: &Bead) {
    let (x, y, r) = (bead.x + bead.r * 0.45, bead.y + bead.r * 0.6, bead.r * 1.35);
    for (px, py, dx, dy) in around(image, x, y, r) {
        let dark = (1.0 - dx.hypot(dy)).clamp(0.0, 1.0) * 0.42;
        let pixel = image.get_pixel_mut(px, py);
        pixel.0 = pixel.0.map(|c| (f32::from(c) * (1.0 - dark)) as u8);
    }
}

/// A bead as a ball that is lit: bright where it faces the light, dark at its edge.
fn light(image: &mut RgbImage, bead: &Bead) {
    for (px, py, dx, dy) in around(image, bead.x, bead.y, bead.r) {
        let far = dx * dx + dy * dy;
        if far > 1.0 {
            continue;
        }
        let up = (1.0 - far).sqrt();
        let facing = (dx * LIGHT[0] + dy * LIGHT[1] + up * LIGHT[2]).max(0.0);
        let mirrored = (2.0 * facing * up - LIGHT[2]).max(0.0).powi(14) * 190.0 * bead.gloss;
        let body = 0.34 + 0.78 * facing;
        let edge = ((1.0 - far.sqrt()) * bead.r).clamp(0.0, 1.0);
        let pixel = image.get_pixel_mut(px, py);
        for (seen, colour) in pixel.0.iter_mut().zip(bead.colour) {
            let lit = (colour * body + mirrored).min(255.0);
            *seen = (f32::from(*seen) * (1.0 - edge) + lit * edge) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_picture_of_its_own_that_never_changes() {
        let one = picture("necklace", "beads", 10_019).expect("a picture");
        assert_eq!(picture("necklace", "beads", 10_019).expect("a picture"), one);
        assert_ne!(picture("necklace", "beads", 10_020).expect("a picture"), one);
        let seen = image::load_from_memory(&one).expect("a JPEG");
        assert_eq!((seen.width(), seen.height()), (WIDE, HIGH));
    }
}
