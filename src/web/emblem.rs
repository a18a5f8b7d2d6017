//! A drawn emblem for each kind and material, until a piece has its photograph.
//!
//! The kind gives the line (a necklace hangs, bracelets lie over one another), the material is strung along it:
//! brass is hammered wire, beads follow a pattern, bone comes in short tubes, wood in discs with
//! their grain. Coordinates are of a square of 400.

use std::{
    f64::consts::{PI, TAU},
    fmt::Write,
};

pub(super) const KINDS: [&str; 5] = ["necklace", "bracelet", "earrings", "ring", "other"];
pub(super) const STUFFS: [&str; 5] = ["brass", "beads", "bone", "wood", "mixed"];

/// The address of the emblem for a piece; an unknown word gets the general drawing.
pub(super) fn url(kind: &str, stuff: &str) -> String {
    let kind = if KINDS.contains(&kind) { kind } else { "other" };
    let stuff = if STUFFS.contains(&stuff) { stuff } else { "mixed" };
    super::assets::url(&format!("{kind}-{stuff}.svg"))
}

/// Every emblem with its file name.
pub(super) fn all() -> Vec<(String, String)> {
    let pairs = KINDS.iter().flat_map(|kind| STUFFS.iter().map(move |stuff| (kind, stuff)));
    pairs.map(|(kind, stuff)| (format!("{kind}-{stuff}.svg"), draw(kind, stuff))).collect()
}

/// A place on a line and the direction the line takes there, in radians.
#[derive(Clone, Copy)]
struct Place {
    x: f64,
    y: f64,
    angle: f64,
}

/// The colours of a material: the ground it lies on, its body, its edge, its light.
struct Tones {
    ground: &'static str,
    body: &'static str,
    edge: &'static str,
    light: &'static str,
}

fn tones(stuff: &str) -> Tones {
    match stuff {
        "brass" => Tones { ground: "#f1e8d4", body: "#b98a2f", edge: "#8a6420", light: "#e6c987" },
        "beads" => Tones { ground: "#e3eaea", body: "#b23a2e", edge: "#7c2820", light: "#f7f3ea" },
        "bone" => Tones { ground: "#d9cec0", body: "#f8f2e4", edge: "#a08a6c", light: "#ffffff" },
        "wood" => Tones { ground: "#efe2d3", body: "#8a5a36", edge: "#5f3c22", light: "#c39a72" },
        _ => Tones { ground: "#e6e8dc", body: "#a8572f", edge: "#6d3b20", light: "#f3e7cf" },
    }
}

const BEAD_PATTERN: [&str; 8] =
    ["#b23a2e", "#b23a2e", "#f7f3ea", "#234f78", "#234f78", "#f7f3ea", "#d99a2b", "#f7f3ea"];

/// Draws one emblem as a whole SVG file.
fn draw(kind: &str, stuff: &str) -> String {
    let tone = tones(stuff);
    let mut svg = String::with_capacity(8 * 1024);
    let _ = write!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400"><rect width="400" height="400" fill="{}"/>"##,
        tone.ground
    );
    match kind {
        "necklace" => {
            strand(&mut svg, stuff, &arc(200.0, 74.0, 78.0, 148.0, -0.27 * PI, 1.27 * PI), 7.0);
            strand(&mut svg, stuff, &arc(200.0, 96.0, 118.0, 194.0, -0.27 * PI, 1.27 * PI), 9.0);
            ornament(&mut svg, stuff, 200.0, 318.0, 30.0);
        }
        "bracelet" => {
            for (x, y) in [(162.0, 184.0), (238.0, 216.0)] {
                strand(&mut svg, stuff, &arc(x, y, 98.0, 98.0, 0.0, TAU), 8.5);
            }
        }
        "earrings" => {
            for x in [132.0, 268.0] {
                let _ = write!(
                    svg,
                    r##"<path d="M{x} 148V104a15 15 0 0 1 30 0v10" transform="translate(0 -8)" fill="none" stroke="#8a6420" stroke-width="3.5" stroke-linecap="round"/>"##,
                );
                strand(&mut svg, stuff, &drop_line(x, 140.0, 46.0, 150.0), 7.0);
                ornament(&mut svg, stuff, x, 236.0, 19.0);
            }
        }
        "ring" => {
            strand(&mut svg, stuff, &arc(200.0, 234.0, 92.0, 92.0, -0.42 * PI, 1.42 * PI), 9.5);
            ornament(&mut svg, stuff, 200.0, 136.0, 36.0);
        }
        _ => {
            for radius in [62.0, 94.0, 126.0] {
                strand(&mut svg, stuff, &arc(200.0, 200.0, radius, radius, 0.0, TAU), 8.0);
            }
            ornament(&mut svg, stuff, 200.0, 200.0, 30.0);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// Part of an ellipse as a fine line of places, from one angle to another.
fn arc(cx: f64, cy: f64, rx: f64, ry: f64, from: f64, to: f64) -> Vec<Place> {
    line(|t| {
        let at = from + (to - from) * t;
        (cx + rx * at.cos(), cy + ry * at.sin())
    })
}

/// The outline of a drop that hangs from `(x, top)`.
fn drop_line(x: f64, top: f64, half_width: f64, height: f64) -> Vec<Place> {
    line(|t| {
        let at = TAU * t;
        (x + half_width * at.sin() * (at / 2.0).sin().abs().powf(1.3), top + height * (1.0 - at.cos()) / 2.0)
    })
}

/// Samples a curve given over 0 to 1.
fn line(curve: impl Fn(f64) -> (f64, f64)) -> Vec<Place> {
    const STEPS: u32 = 480;
    (0..=STEPS)
        .map(|step| {
            let t = f64::from(step) / f64::from(STEPS);
            let ((x, y), (ax, ay), (bx, by)) = (curve(t), curve(t - 1e-3), curve(t + 1e-3));
            Place { x, y, angle: (by - ay).atan2(bx - ax) }
        })
        .collect()
}

/// Places along a line that lie about `gap` apart, spread evenly over its length.
fn spread(line: &[Place], gap: f64) -> Vec<Place> {
    let mut along = Vec::with_capacity(line.len());
    let mut length = 0.0;
    for (at, place) in line.iter().enumerate() {
        if let Some(before) = at.checked_sub(1).map(|i| line[i]) {
            length += (place.x - before.x).hypot(place.y - before.y);
        }
        along.push(length);
    }
    let closed =
        matches!((line.first(), line.last()), (Some(a), Some(b)) if (a.x - b.x).hypot(a.y - b.y) < 1.0);
    let count = (length / gap).round().max(2.0) as usize;
    let pieces = if closed { count } else { count - 1 };
    (0..count)
        .filter_map(|n| {
            let wanted = length * n as f64 / pieces as f64;
            let at = along.partition_point(|&l| l < wanted - 1e-6);
            line.get(at.min(line.len() - 1)).copied()
        })
        .collect()
}

/// Strings a material of half thickness `r` along a line.
fn strand(svg: &mut String, stuff: &str, line: &[Place], r: f64) {
    let tone = tones(stuff);
    if stuff == "brass" {
        let path = path_of(line);
        wire(svg, &path, tone.edge, r * 1.5, "");
        wire(svg, &path, tone.body, r * 1.2, "");
        wire(svg, &path, tone.light, r * 0.9, "1.6 7");
        return;
    }
    wire(svg, &path_of(line), tone.edge, 1.6, "");
    let gap = match stuff {
        "beads" => r * 1.95,
        "bone" => r * 3.5,
        "wood" => r * 2.3,
        _ => r * 2.4,
    };
    for (n, place) in spread(line, gap).into_iter().enumerate() {
        match stuff {
            "beads" => bead(svg, place, r, BEAD_PATTERN[n % BEAD_PATTERN.len()]),
            "bone" => tube(svg, place, r, &tone),
            "wood" => disc(svg, place, r * 1.12, &tone),
            _ => match n % 6 {
                0 => disc(svg, place, r * 1.2, &tones("wood")),
                1 | 5 => bead(svg, place, r * 0.9, "#b98a2f"),
                2 | 4 => bead(svg, place, r, "#f7f3ea"),
                _ => bead(svg, place, r * 1.1, "#2f5d62"),
            },
        }
    }
}

fn path_of(line: &[Place]) -> String {
    let mut path = String::with_capacity(line.len() * 6);
    for (at, place) in line.iter().enumerate().filter(|(at, _)| at % 6 == 0) {
        let _ = write!(path, "{}{:.1} {:.1}", if at == 0 { 'M' } else { 'L' }, place.x, place.y);
    }
    path
}

fn wire(svg: &mut String, path: &str, colour: &str, width: f64, dashes: &str) {
    let dashes = if dashes.is_empty() { String::new() } else { format!(r#" stroke-dasharray="{dashes}""#) };
    let _ = write!(
        svg,
        r#"<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:.1}" stroke-linecap="round" stroke-linejoin="round"{dashes}/>"#,
    );
}

fn circle(svg: &mut String, x: f64, y: f64, r: f64, fill: &str, stroke: &str, width: f64) {
    let _ = write!(
        svg,
        r#"<circle cx="{x:.1}" cy="{y:.1}" r="{r:.1}" fill="{fill}" stroke="{stroke}" stroke-width="{width:.1}"/>"#,
    );
}

fn bead(svg: &mut String, at: Place, r: f64, colour: &str) {
    circle(svg, at.x, at.y, r, colour, "#3b2a1e", 0.7);
    circle(svg, at.x - r * 0.3, at.y - r * 0.35, r * 0.22, "#ffffff99", "none", 0.0);
}

fn tube(svg: &mut String, at: Place, r: f64, tone: &Tones) {
    let _ = write!(
        svg,
        r#"<rect x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}" rx="{:.1}" transform="translate({:.1} {:.1}) rotate({:.1})" fill="{}" stroke="{}" stroke-width="1.2"/>"#,
        -r * 1.35,
        -r * 0.85,
        r * 2.7,
        r * 1.7,
        r * 0.55,
        at.x,
        at.y,
        at.angle.to_degrees(),
        tone.body,
        tone.edge,
    );
}

fn disc(svg: &mut String, at: Place, r: f64, tone: &Tones) {
    circle(svg, at.x, at.y, r, tone.body, tone.edge, 1.0);
    circle(svg, at.x, at.y, r * 0.55, "none", tone.light, 0.9);
    circle(svg, at.x, at.y, r * 0.18, tone.edge, "none", 0.0);
}

/// What hangs or sits at the middle of a piece.
fn ornament(svg: &mut String, stuff: &str, x: f64, y: f64, r: f64) {
    let tone = tones(stuff);
    let at = Place { x, y, angle: PI / 2.0 };
    match stuff {
        "brass" => {
            circle(svg, x, y, r, tone.body, tone.edge, 2.0);
            circle(svg, x, y, r * 0.72, "none", tone.light, 1.6);
            let dots = arc(x, y, r * 0.44, r * 0.44, 0.0, TAU);
            for dot in spread(&dots, r * 0.34) {
                circle(svg, dot.x, dot.y, r * 0.075, tone.light, "none", 0.0);
            }
        }
        "beads" => {
            for (n, petal) in
                spread(&arc(x, y, r * 0.66, r * 0.66, 0.0, TAU), r * 0.68).into_iter().enumerate()
            {
                bead(svg, petal, r * 0.33, if n % 2 == 0 { "#b23a2e" } else { "#234f78" });
            }
            bead(svg, at, r * 0.33, "#d99a2b");
        }
        "bone" => {
            let _ = write!(
                svg,
                r#"<path d="M{x:.1} {:.1}q{:.1} {r:.1} 0 {:.1}q{:.1} {:.1} 0 {:.1}z" fill="{}" stroke="{}" stroke-width="1.4"/>"#,
                y - r,
                r * 1.3,
                r * 2.0,
                -r * 1.3,
                -r,
                -r * 2.0,
                tone.body,
                tone.edge,
            );
            circle(svg, x, y - r * 0.5, r * 0.11, tone.edge, "none", 0.0);
            circle(svg, x, y, r * 0.16, "none", tone.edge, 1.2);
        }
        "wood" => {
            circle(svg, x, y, r, tone.body, tone.edge, 1.6);
            for share in [0.76, 0.5, 0.26] {
                circle(svg, x + r * 0.06 * share, y, r * share, "none", tone.light, 1.2);
            }
        }
        _ => {
            disc(svg, at, r, &tones("wood"));
            for (n, dot) in spread(&arc(x, y, r * 0.78, r * 0.78, 0.0, TAU), r * 0.5).into_iter().enumerate()
            {
                bead(svg, dot, r * 0.13, if n % 2 == 0 { "#f7f3ea" } else { "#d99a2b" });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_and_material_has_a_drawing_of_its_own() {
        let drawings = all();
        assert_eq!(drawings.len(), 25);
        for (at, (name, svg)) in drawings.iter().enumerate() {
            assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{name}");
            assert!(svg.len() < 40_000, "{name} has {} octets", svg.len());
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name}");
            assert!(drawings[..at].iter().all(|(_, other)| other != svg), "{name} repeats another");
        }
    }

    #[test]
    fn an_unknown_word_gets_the_general_drawing_and_never_an_address_of_its_own() {
        assert_eq!(url("../../etc", "\"><b>"), url("other", "mixed"));
        assert!(url("ring", "brass").starts_with("/static/ring-brass."));
    }
}
