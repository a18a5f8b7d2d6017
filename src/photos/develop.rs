//! From what was sent to what is shown, within bounds.

use super::{NotKept, PhotoName, WIDTHS};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageFormat, ImageReader, Limits};
use sha2::{Digest, Sha256};
use std::io::Cursor;

/// The least pixels of a side.
const LEAST_SIDE: u32 = 32;
/// A picture is at most so many times as long as it is narrow.
const LONGEST: u32 = 4;
/// How much of a JPEG's detail stays, of a hundred: what eyes do not miss at these widths, and less where a
/// phone's picture would be too heavy.
const QUALITY: [u8; 6] = [80, 72, 64, 55, 45, 35];
/// The most octets of a picture that phones load.
const LIGHT: usize = 38_000;

/// What is read at most.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Millions of pixels.
    pub megapixels: u32,
}

/// What a photograph becomes.
pub struct Picture {
    /// What the files are to be called: a hash of what was sent.
    pub name: PhotoName,
    /// How wide the largest is.
    pub width: u32,
    /// How high.
    pub height: u32,
    /// The colours of its nine ninths.
    pub tints: String,
    /// A JPEG for each of [`WIDTHS`].
    pub files: [Vec<u8>; 3],
}

/// Whether it begins like a picture of a kind that is taken, whatever its sender calls it.
pub fn is_picture(sent: &[u8]) -> bool {
    kind(sent).is_some()
}

fn kind(sent: &[u8]) -> Option<ImageFormat> {
    let kind = image::guess_format(sent).ok()?;
    matches!(kind, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP).then_some(kind)
}

/// Reads what was sent, turns it upright and scales it.
///
/// # Errors
/// What is wrong with it.
pub fn develop(sent: &[u8], bounds: Bounds) -> Result<Picture, NotKept> {
    let upright = read(sent, bounds)?;
    let (width, height) = (upright.width(), upright.height());
    let (short, long) = (width.min(height), width.max(height));
    if short < LEAST_SIDE || long > LONGEST * short {
        return Err(NotKept::TooSmall);
    }
    let large = scaled(upright, WIDTHS[2]);
    let middle = scaled(large.clone(), WIDTHS[1]);
    let small = scaled(middle.clone(), WIDTHS[0]);
    Ok(Picture {
        name: name(sent),
        width: large.width(),
        height: large.height(),
        tints: tints(&small),
        files: [jpeg(&small)?, jpeg(&middle)?, jpeg(&large)?],
    })
}

/// What a photograph is called: the beginning of the SHA-256 of what was sent.
fn name(sent: &[u8]) -> PhotoName {
    let digest: [u8; 32] = Sha256::digest(sent).into();
    let mut octets = [0; 16];
    octets.copy_from_slice(&digest[..16]);
    PhotoName::from_bytes(octets)
}

/// The picture in red, green and blue, as its camera was held. Its size is known, and refused, before
/// memory is taken for it.
fn read(sent: &[u8], bounds: Bounds) -> Result<DynamicImage, NotKept> {
    let kind = kind(sent).ok_or(NotKept::NoPicture)?;
    let damaged = |_| NotKept::Damaged;
    if kind == ImageFormat::Jpeg && !is_whole_jpeg(sent) {
        return Err(NotKept::Damaged);
    }
    let most = u64::from(bounds.megapixels) * 1_000_000;
    let mut reader = ImageReader::with_format(Cursor::new(sent), kind);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(most * 6);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    // Sixteen bits for a colour take twice the room: a picture of them may have half as many pixels.
    if u64::from(width) * u64::from(height) > most || decoder.total_bytes() > most * 4 {
        return Err(NotKept::TooManyPixels(bounds.megapixels));
    }
    let turned = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    image.apply_orientation(turned);
    Ok(DynamicImage::ImageRgb8(if image.color().has_alpha() { on_white(image) } else { image.into_rgb8() }))
}

/// Whether a JPEG reaches its end of image (ITU-T T.81, B.1.1): a reader fills with grey what was cut off on
/// the way. What stands behind the end, as some cameras write, is nobody's.
fn is_whole_jpeg(sent: &[u8]) -> bool {
    let mut at = 2;
    while let Some(found) = sent.get(at..).and_then(|rest| rest.windows(2).position(is_marker)) {
        let marker = at + found;
        at = marker + 2;
        match sent[marker + 1] {
            0xD9 => return true,
            // They stand alone: restarts, a start of image, TEM.
            0x01 | 0xD0..=0xD8 => {}
            _ => match sent.get(at..at + 2) {
                // A thumbnail in a segment has an end of its own, which is not this one.
                Some(&[high, low]) => at += usize::from(u16::from_be_bytes([high, low])),
                _ => return false,
            },
        }
    }
    false
}

/// A marker begins with 0xFF; 0x00 behind it is an octet of the picture, another 0xFF fills.
fn is_marker(octets: &[u8]) -> bool {
    matches!(octets, [0xFF, second] if !matches!(second, 0x00 | 0xFF))
}

/// What shows through is white.
fn on_white(image: DynamicImage) -> image::RgbImage {
    let seen = image.into_rgba8();
    image::RgbImage::from_fn(seen.width(), seen.height(), |x, y| {
        let [r, g, b, alpha] = seen.get_pixel(x, y).0.map(u16::from);
        image::Rgb([r, g, b].map(|colour| ((colour * alpha + 255 * (255 - alpha)) / 255) as u8))
    })
}

/// The picture, no wider than that. First to twice the width by means, which takes little memory, then by a
/// curve, which keeps edges.
fn scaled(image: DynamicImage, width: u32) -> DynamicImage {
    if image.width() <= width {
        return image;
    }
    let high = |wide: u32| {
        let high = u64::from(image.height()) * u64::from(wide) / u64::from(image.width());
        u32::try_from(high).unwrap_or(1).max(1)
    };
    let twice = (image.width() > 2 * width).then(|| image.thumbnail_exact(2 * width, high(2 * width)));
    twice.as_ref().unwrap_or(&image).resize_exact(width, high(width), FilterType::CatmullRom)
}

fn jpeg(image: &DynamicImage) -> Result<Vec<u8>, NotKept> {
    let for_phones = image.width() <= WIDTHS[1];
    let mut smaller: Option<DynamicImage> = None;
    loop {
        let shown = smaller.as_ref().unwrap_or(image);
        for quality in QUALITY {
            let mut file = Vec::new();
            let mut encoder = JpegEncoder::new_with_quality(&mut file, quality);
            let done =
                encoder.encode(shown.as_bytes(), shown.width(), shown.height(), ExtendedColorType::Rgb8);
            done.map_err(|_| NotKept::Damaged)?;
            if !for_phones || file.len() <= LIGHT {
                return Ok(file);
            }
        }
        // Too much detail for any quality that is worth it, as in noise: with fewer pixels there is less.
        // A browser draws it as wide all the same.
        let narrower = (shown.width() * 3 / 4).max(1);
        smaller = Some(scaled(shown.clone(), narrower));
    }
}

/// The mean colours of its nine ninths.
fn tints(image: &DynamicImage) -> String {
    use std::fmt::Write;
    image.thumbnail_exact(3, 3).to_rgb8().into_raw().iter().fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}
