//! Sixteen readings of one path at once, from its end to its start.
//!
//! Upstreams differ in what they take for a segment when they resolve `..`, and a `..` that takes a
//! different segment away leads to a different place. Four questions make sixteen readings; a path
//! that is the endpoint's under any of them is guarded. Going backwards a `..` is a segment to
//! skip, so nothing has to be kept but how many are to be skipped; each of the sixteen is one bit
//! of every mask here, so that a part of the path costs the same few instructions for all of them.

/// One bit for each reading.
type Readings = u16;

const ALL: Readings = Readings::MAX;
/// `\` separates segments: so for browsers' URL parsers, not for nginx.
const BACKSLASH_SEPARATES: Readings = 0xAAAA;
/// `%2f` separates too: so where a path is decoded first, as in nginx, not in URL parsers.
const ESCAPE_SEPARATES: Readings = 0xCCCC;
/// `%2e` is a dot: so where a path is decoded first and in browsers' URL parsers, not for RFC 3986
/// to the letter.
const ESCAPED_DOT_IS_DOT: Readings = 0xF0F0;
/// An empty segment does not count: so where slashes are merged. In RFC 3986 it counts, and `..`
/// takes it away.
const EMPTY_IS_IGNORED: Readings = 0xFF00;

/// A part of a path between two separators, whatever anyone takes for one.
#[derive(Debug)]
pub(super) struct Segment<'p> {
    /// As received.
    raw: &'p [u8],
    /// Where it begins in the path.
    pub(super) start: usize,
    /// How many bytes it is once decoded.
    pub(super) length: usize,
    kind: SegmentKind,
    /// One of its dots is an escape.
    has_escaped_dot: bool,
    /// The readings that take what stands before it for a separator.
    begins: Readings,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SegmentKind {
    /// Nothing.
    Empty,
    /// `.`
    Current,
    /// `..`
    Parent,
    Name,
}

impl Segment<'_> {
    /// Whether it is `..`, in whatever spelling.
    pub(super) fn is_parent(&self) -> bool {
        self.kind == SegmentKind::Parent
    }
}

/// The segments of a path, the last one first; there is at least one.
pub(super) fn segments(path: &[u8]) -> impl Iterator<Item = Segment<'_>> {
    let mut rest = Some(path);
    std::iter::from_fn(move || {
        let (segment, before) = last_segment(rest?);
        rest = before;
        Some(segment)
    })
}

/// The last segment of a path, and what is before its separator.
fn last_segment(path: &[u8]) -> (Segment<'_>, Option<&[u8]>) {
    let mut left = path;
    let (mut length, mut dots) = (0_usize, 0_usize);
    let mut has_escaped_dot = false;
    let (before, begins) = loop {
        let Some((byte, is_escaped, before)) = split_last(left) else { break (None, ALL) };
        let escaped = if is_escaped { ESCAPE_SEPARATES } else { ALL };
        match byte {
            b'/' => break (Some(before), escaped),
            b'\\' => break (Some(before), escaped & BACKSLASH_SEPARATES),
            b'.' => {
                dots = dots.saturating_add(1);
                has_escaped_dot |= is_escaped;
            }
            _ => {}
        }
        length = length.saturating_add(1);
        left = before;
    };
    let kind = match (length, dots) {
        (0, _) => SegmentKind::Empty,
        (1, 1) => SegmentKind::Current,
        (2, 2) => SegmentKind::Parent,
        _ => SegmentKind::Name,
    };
    let start = left.len();
    let raw = path.get(start..).unwrap_or_default();
    (Segment { raw, start, length, kind, has_escaped_dot, begins }, before)
}

/// The last byte of `text` once every `%hh` is decoded, whether it was an escape, and what is
/// before it; what is not a valid escape stays as it is. No digit is a `%`, so escapes never
/// overlap.
fn split_last(text: &[u8]) -> Option<(u8, bool, &[u8])> {
    if let [before @ .., b'%', high, low] = text
        && let (Some(high), Some(low)) = (digit(*high), digit(*low))
    {
        return Some((high << 4 | low, true, before));
    }
    let (last, before) = text.split_last()?;
    Some((*last, false, before))
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// A way back from a path's end to its start, along a route.
pub(super) trait Way<'r>: Clone {
    /// Starts at the end of `route`, which is in its normal form.
    fn to(route: &'r str) -> Self;

    /// Takes the segment before all that were taken.
    fn take(&mut self, segment: &Segment<'_>);

    /// Whether the path is the route under no reading, whatever comes.
    fn is_lost(&self) -> bool;

    /// Whether the path is the route under some reading, if this is its first segment.
    fn ends_with(self, first: &Segment<'_>) -> bool;
}

/// The way without a `..` segment, which is the same under every reading.
#[derive(Clone, Debug)]
pub(super) struct Stroll<'r> {
    /// What of the route has not been met yet; `None` where the path is another.
    left: Option<&'r [u8]>,
}

impl<'r> Way<'r> for Stroll<'r> {
    fn to(route: &'r str) -> Self {
        Self { left: Some(names_of(route)) }
    }

    fn take(&mut self, segment: &Segment<'_>) {
        if let (Some(left), SegmentKind::Name) = (self.left, segment.kind) {
            self.left = strip_name(left, segment.raw);
        }
    }

    fn is_lost(&self) -> bool {
        self.left.is_none()
    }

    fn ends_with(mut self, first: &Segment<'_>) -> bool {
        self.take(first);
        self.left.is_some_and(<[u8]>::is_empty)
    }
}

/// The way under every reading.
///
/// A reading splits the path where it sees a separator and resolves the dot segments between, then
/// decodes. What an upstream then has is normalised once more, in full: `%2f` and `%2e` that were
/// part of a name have become slashes and dots. So there are two things to skip: a segment of the
/// reading's own, which may be several of [`Segment`], and one of these.
#[derive(Clone, Debug)]
pub(super) struct Walk<'r> {
    /// What of the route has not been met yet, for each reading.
    left: [&'r [u8]; 16],
    /// The readings under which the path can still be the route.
    alive: Readings,
    /// The readings under which a later part of the same segment has been seen.
    within: Readings,
    /// Segments to skip, as each reading has them.
    outer: Counters,
    /// Segments to skip once decoded.
    inner: Counters,
}

impl<'r> Way<'r> for Walk<'r> {
    fn to(route: &'r str) -> Self {
        let (outer, inner) = (Counters::default(), Counters::default());
        Self { left: [names_of(route); 16], alive: ALL, within: 0, outer, inner }
    }

    fn take(&mut self, segment: &Segment<'_>) {
        self.step(segment, segment.begins);
    }

    fn is_lost(&self) -> bool {
        self.alive == 0
    }

    fn ends_with(mut self, first: &Segment<'_>) -> bool {
        self.step(first, ALL);
        // Above the root is the root (RFC 3986 section 5.2.4), so what is left to skip is nothing.
        bits(self.alive).any(|reading| self.left.get(reading).is_some_and(|left| left.is_empty()))
    }
}

impl Walk<'_> {
    /// `begins` are the readings that see a separator before the segment.
    fn step(&mut self, segment: &Segment<'_>, begins: Readings) {
        let whole = begins & !self.within & self.alive;
        self.within = !begins;
        let dots = if segment.has_escaped_dot { ESCAPED_DOT_IS_DOT } else { ALL };
        let resolved = match segment.kind {
            SegmentKind::Empty => whole & EMPTY_IS_IGNORED,
            SegmentKind::Current | SegmentKind::Parent => whole & dots,
            SegmentKind::Name => 0,
        };
        if segment.kind == SegmentKind::Parent {
            self.outer.raise(resolved);
        }

        let skipped = self.alive & !resolved & self.outer.nonzero;
        self.outer.lower(skipped & begins);

        let kept = self.alive & !resolved & !skipped;
        match segment.kind {
            SegmentKind::Empty | SegmentKind::Current => {}
            SegmentKind::Parent => self.inner.raise(kept),
            SegmentKind::Name => {
                let skipped = kept & self.inner.nonzero;
                self.inner.lower(skipped);
                self.meet(segment.raw, kept & !skipped);
            }
        }
    }

    /// Compares a name with the last of the route's that are left, under these readings.
    fn meet(&mut self, name: &[u8], readings: Readings) {
        // Most readings stand at the same place.
        let mut last = None;
        for reading in bits(readings) {
            let Some(left) = self.left.get_mut(reading) else { continue };
            let met = match last {
                Some((length, met)) if length == left.len() => met,
                _ => strip_name(left, name),
            };
            last = Some((left.len(), met));
            match met {
                Some(rest) => *left = rest,
                None => self.alive &= !mask(reading),
            }
        }
    }
}

/// The names of a route, each with the slash before it; the root has none.
fn names_of(route: &str) -> &[u8] {
    route.strip_suffix('/').unwrap_or(route).as_bytes()
}

/// A route without its last name, if that is `name` once decoded.
fn strip_name<'r>(route: &'r [u8], mut name: &[u8]) -> Option<&'r [u8]> {
    let mut rest = route;
    while let Some((byte, _, before)) = split_last(name) {
        rest = rest.strip_suffix(&[byte])?;
        name = before;
    }
    rest.strip_suffix(b"/")
}

/// A counter for each reading, as one plane for each binary digit.
#[derive(Clone, Debug, Default)]
struct Counters {
    planes: [Readings; COUNTER_BITS],
    /// The readings whose counter is above zero.
    nonzero: Readings,
}

impl Counters {
    /// Adds one for each of `readings`.
    fn raise(&mut self, readings: Readings) {
        let mut carry = readings;
        for plane in &mut self.planes {
            if carry == 0 {
                break;
            }
            let sum = *plane ^ carry;
            carry &= *plane;
            *plane = sum;
        }
        self.nonzero |= readings;
    }

    /// Takes one away for each of `readings`, none of which is at zero.
    fn lower(&mut self, readings: Readings) {
        if readings == 0 {
            return;
        }
        let mut borrow = readings;
        for plane in &mut self.planes {
            if borrow == 0 {
                break;
            }
            let difference = *plane ^ borrow;
            borrow &= !*plane;
            *plane = difference;
        }
        self.nonzero = self.planes.iter().fold(0, |any, plane| any | plane);
    }
}

const fn mask(reading: usize) -> Readings {
    1 << (reading & 15)
}

/// The readings that are in a mask.
fn bits(readings: Readings) -> impl Iterator<Item = usize> {
    (0..16).filter(move |reading| readings & mask(*reading) != 0)
}

/// Enough for a path of nothing but `..`, each with a separator.
const COUNTER_BITS: usize = 11;
const _: () = assert!((super::MAX_DOTTED_BYTES + 1) / 3 < 1 << COUNTER_BITS);
