//! What is sent, and what becomes of it.

use super::develop::{Bounds, develop};
use super::*;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use std::io::Cursor;

const BOUNDS: Bounds = Bounds { megapixels: 2 };

/// Red above, blue below.
fn flag(width: u32, height: u32) -> DynamicImage {
    let colour = |_, y| if y < height / 2 { Rgb([200, 30, 30]) } else { Rgb([30, 30, 200]) };
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, colour))
}

fn as_file(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    image.write_to(&mut file, format).expect("a picture");
    file.into_inner()
}

/// A JPEG with an EXIF segment: how the camera was held, and where (a GPS directory with a latitude).
fn with_exif(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut tiff = b"MM\0\x2A\0\0\0\x08\0\x02".to_vec();
    tiff.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    tiff.extend([0x88, 0x25, 0, 4, 0, 0, 0, 1, 0, 0, 0, 38]);
    tiff.extend([0, 0, 0, 0]);
    tiff.extend([0, 1, 0, 1, 0, 2, 0, 0, 0, 2, b'S', 0, 0, 0, 0, 0, 0, 0]);
    let mut segment = b"Exif\0\0".to_vec();
    segment.extend(&tiff);
    let long = u16::try_from(segment.len() + 2).expect("short").to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &long, &segment, &jpeg[2..]].concat()
}

fn holds(file: &[u8], what: &[u8]) -> bool {
    file.windows(what.len()).any(|window| window == what)
}

#[test]
fn a_photograph_is_turned_upright_and_says_no_more_where_it_was_taken() {
    let plain = as_file(&flag(60, 40), ImageFormat::Jpeg);
    let sent = with_exif(&plain, 6);
    assert!(holds(&sent, b"Exif"));
    let picture = develop(&sent, BOUNDS).expect("a picture");
    // Held a quarter to the left: what was above is at the right.
    assert_eq!((picture.width, picture.height), (40, 60));
    for file in &picture.files {
        assert!(!holds(file, b"Exif") && !holds(file, b"GPS"));
        let seen = image::load_from_memory(file).expect("a JPEG").to_rgb8();
        assert!(seen.get_pixel(36, 30)[0] > 150 && seen.get_pixel(3, 30)[2] > 150);
    }
    assert!(picture.tints.len() == 54 && &picture.tints[..2] < "60", "blue first: {}", picture.tints);
}

#[test]
fn the_pictures_of_phones_are_light_even_of_noise_and_as_long_as_may_be() {
    let mut at = 7u32;
    let mut noise = |_, _| {
        at = at.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Rgb([(at >> 24) as u8, (at >> 16) as u8, (at >> 8) as u8])
    };
    for (width, height) in [(640, 480), (640, 2_560), (320, 1_280)] {
        let noisy = DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, &mut noise));
        let [small, middle, _] =
            develop(&as_file(&noisy, ImageFormat::Png), BOUNDS).expect("a picture").files;
        assert!(
            small.len() <= 38_000 && middle.len() <= 38_000,
            "{width}: {}, {}",
            small.len(),
            middle.len()
        );
        let seen = image::load_from_memory(&middle).expect("a JPEG");
        let (is, was) = (seen.width() * height, seen.height() * width);
        assert!(
            is.abs_diff(was) <= width.max(height) * 2,
            "its shape stays: {} by {}",
            seen.width(),
            seen.height()
        );
    }
}

#[test]
fn three_widths_are_made_and_none_is_wider_than_what_was_sent() {
    let wide = |image: DynamicImage| {
        let picture = develop(&as_file(&image, ImageFormat::Png), BOUNDS).expect("a picture");
        let sizes = picture.files.map(|file| image::load_from_memory(&file).expect("a JPEG").width());
        (sizes, picture.width, picture.height)
    };
    assert_eq!(wide(flag(1500, 1000)), ([320, 640, 1280], 1280, 853));
    assert_eq!(wide(flag(500, 400)), ([320, 500, 500], 500, 400));
    assert_eq!(wide(flag(100, 100)), ([100, 100, 100], 100, 100));
}

#[test]
fn a_busy_picture_is_no_heavier_than_a_phone_should_load() {
    // Grains on every pixel, as sand has them: what JPEG keeps worst.
    let grain = |x: u32, y: u32| {
        let mixed = (x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA6B)).wrapping_mul(0xC2B2_AE35);
        let shade = 83 + ((mixed >> 16) % 90) as u8;
        Rgb([shade, shade, shade])
    };
    let sand = DynamicImage::ImageRgb8(RgbImage::from_fn(1_280, 960, grain));
    let [small, middle, large] =
        develop(&as_file(&sand, ImageFormat::Png), BOUNDS).expect("a picture").files.map(|file| file.len());
    assert!(large / 4 > 38_000, "it is a busy one: {large}");
    assert!(small <= 38_000 && middle <= 38_000, "{small}, {middle}");
}

#[test]
fn what_is_no_picture_or_too_much_of_one_is_refused() {
    let refused = |sent: &[u8]| develop(sent, BOUNDS).err().expect("refused");
    assert!(matches!(refused(b"%PDF-1.7 and so on"), NotKept::NoPicture));
    assert!(matches!(refused(b""), NotKept::NoPicture));
    assert!(matches!(refused(b"GIF89a\x01\0\x01\0\x80\0\0"), NotKept::NoPicture), "a GIF is not taken");
    let jpeg = as_file(&flag(60, 40), ImageFormat::Jpeg);
    assert!(matches!(refused(&jpeg[..40]), NotKept::Damaged));
    assert!(matches!(refused(&as_file(&flag(1600, 1400), ImageFormat::Png)), NotKept::TooManyPixels(2)));
    assert!(matches!(refused(&as_file(&flag(20, 20), ImageFormat::Png)), NotKept::TooSmall));
    assert!(matches!(refused(&as_file(&flag(400, 60), ImageFormat::Png)), NotKept::TooSmall));
}

#[test]
fn a_photograph_that_was_cut_off_on_the_way_is_refused_wherever_it_was_cut() {
    for kind in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let whole = as_file(&flag(400, 300), kind);
        develop(&whole, BOUNDS).expect("a picture");
        for tenths in 1..10 {
            let refused = develop(&whole[..whole.len() * tenths / 10], BOUNDS).err();
            assert!(matches!(refused, Some(NotKept::Damaged)), "{kind:?}, {tenths} tenths: {refused:?}");
        }
    }
}

#[test]
fn the_end_of_a_thumbnail_is_not_the_end_of_a_jpeg_and_what_stands_behind_the_end_is_nobodys() {
    let mut jpeg = as_file(&flag(400, 300), ImageFormat::Jpeg);
    jpeg.splice(2..2, [0xFF, 0xE1, 0, 6, 0xFF, 0xD8, 0xFF, 0xD9]);
    let cut = develop(&jpeg[..jpeg.len() / 2], BOUNDS).err();
    assert!(matches!(cut, Some(NotKept::Damaged)), "{cut:?}");
    jpeg.extend_from_slice(b"of the camera");
    develop(&jpeg, BOUNDS).expect("a picture");
}

/// A PNG that says it is enormous, and has no data for it: the header is enough to refuse it.
#[test]
fn a_small_file_that_claims_a_huge_picture_takes_no_memory() {
    let mut bomb = as_file(&flag(40, 40), ImageFormat::Png);
    bomb[16..24].copy_from_slice(&[0, 1, 0x86, 0xA0, 0, 1, 0x86, 0xA0]);
    // The header's check sum is wrong now, or the claim is believed: either way it ends here.
    let refused = develop(&bomb, BOUNDS).err().expect("refused");
    assert!(matches!(refused, NotKept::TooManyPixels(_) | NotKept::Damaged), "{refused}");
    let mut jpeg = as_file(&flag(40, 40), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|marker| marker == [0xFF, 0xC0]).expect("a frame");
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xFF, 0xF0, 0xFF, 0xF0]);
    assert!(matches!(develop(&jpeg, BOUNDS), Err(NotKept::TooManyPixels(2))));
}

#[test]
fn what_shows_through_is_white() {
    let clear = DynamicImage::ImageRgba8(image::RgbaImage::new(64, 64));
    let picture = develop(&as_file(&clear, ImageFormat::Png), BOUNDS).expect("a picture");
    assert_eq!(picture.tints, "ffffff".repeat(9));
}

#[tokio::test]
async fn the_same_picture_twice_is_stored_once_and_leaves_nothing_unfinished() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Studio::new(Album::of_store(folder.path()), Settings::default());
    let sent = Bytes::from(as_file(&flag(100, 80), ImageFormat::WebP));
    let first = studio.keep(sent.clone()).await.expect("kept");
    assert_eq!(studio.keep(sent).await.expect("kept"), first);
    let files = std::fs::read_dir(Album::of_store(folder.path())).expect("a folder").count();
    assert_eq!(files, 3);
    assert!(studio.album.has(first.name));
    assert!(studio.keep(Bytes::from_static(b"nothing")).await.is_err());
    assert!(studio.album.old(Duration::from_secs(3_600)).expect("read").is_empty());
    assert_eq!(studio.album.old(Duration::ZERO).expect("read").into_iter().collect::<Vec<_>>(), [first.name]);
    studio.album.remove(first.name).expect("removed");
    assert!(!studio.album.has(first.name));
}
