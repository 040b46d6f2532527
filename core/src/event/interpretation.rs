//! The sender's interpretation word as a code of HL7 v3 `ObservationInterpretation`.
//!
//! Owns the words, the codes, and the proof that a value lies outside its range. Never derives a
//! code where the sender gave no word, and never lowers a critical one: the sender's flag is the
//! authority. Specification: `docs/contract.md`, section 5, "Interpretation".

mod words;

use self::words::code_of;
use crate::event::value::Comparator;
use crate::json::Decimal;

/// Defines [`Code`] with its spellings and the list of all, so that none can be forgotten.
macro_rules! codes {
    ($($(#[doc = $meaning:literal])+ $name:ident = $spelling:literal,)+) => {
        /// A code of HL7 v3 `ObservationInterpretation` (OID 2.16.840.1.113883.5.83).
        ///
        /// Every concept that can be sent, hence none of the abstract groups. Deprecated concepts
        /// are in: the code system still defines them, and a sender who uses one means it. They
        /// are not replaced by their successors, since a code that was sent as such stays.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $($(#[doc = $meaning])+ $name,)+
        }

        impl Code {
            const ALL: &[Self] = &[$(Self::$name,)+];

            /// The code as HL7 spells it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $spelling,)+
                }
            }
        }
    };
}

codes! {
    /// Abnormal.
    A = "A",
    /// Critical abnormal.
    AA = "AA",
    /// Anti-complementary substances present; deprecated.
    AC = "AC",
    /// Better.
    B = "B",
    /// Carrier of a gene.
    Car = "CAR",
    /// Carrier of a gene; deprecated for `CAR`.
    Carrier = "Carrier",
    /// Significant change down.
    D = "D",
    /// Detected.
    Det = "DET",
    /// Equivocal.
    E = "E",
    /// Outside a protocol's threshold.
    EX = "EX",
    /// Expected.
    Exp = "EXP",
    /// High.
    H = "H",
    /// Significantly high; deprecated for `HU`.
    HGreater = "H>",
    /// Critical high.
    HH = "HH",
    /// Hold for medical review; deprecated.
    HM = "HM",
    /// Significantly high, short of critical.
    HU = "HU",
    /// Above a protocol's high threshold.
    HX = "HX",
    /// Intermediate susceptibility.
    I = "I",
    /// Insufficient evidence.
    IE = "IE",
    /// Indeterminate.
    Ind = "IND",
    /// Low.
    L = "L",
    /// Significantly low; deprecated for `LU`.
    LLess = "L<",
    /// Critical low.
    LL = "LL",
    /// Significantly low, short of critical.
    LU = "LU",
    /// Below a protocol's low threshold.
    LX = "LX",
    /// Moderately susceptible; deprecated.
    MS = "MS",
    /// Normal.
    N = "N",
    /// No CLSI defined breakpoint.
    Ncl = "NCL",
    /// Not detected.
    ND = "ND",
    /// Negative.
    Neg = "NEG",
    /// Non-reactive.
    NR = "NR",
    /// Non-susceptible.
    NS = "NS",
    /// Interpretation qualifiers in separate OBX segments; deprecated.
    Obx = "OBX",
    /// Off scale high.
    OffScaleHigh = ">",
    /// Off scale low.
    OffScaleLow = "<",
    /// Positive.
    Pos = "POS",
    /// Quality control failure; deprecated.
    Qcf = "QCF",
    /// Resistant.
    R = "R",
    /// Reactive.
    RR = "RR",
    /// Susceptible.
    S = "S",
    /// Susceptible, dose dependent.
    Sdd = "SDD",
    /// Synergy, resistant.
    SynR = "SYN-R",
    /// Synergy, susceptible.
    SynS = "SYN-S",
    /// Cytotoxic substance present; deprecated.
    Tox = "TOX",
    /// Significant change up.
    U = "U",
    /// Unexpected.
    Une = "UNE",
    /// Very susceptible; deprecated.
    VS = "VS",
    /// Worse.
    W = "W",
    /// Weakly reactive.
    WR = "WR",
}

impl Code {
    /// Whether immediate action should be considered for the patient's safety.
    #[must_use]
    pub fn is_critical(self) -> bool {
        matches!(self, Self::AA | Self::HH | Self::LL)
    }
}

/// What stands beside a word and can prove on which side of its range a value lies.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evidence<'a> {
    /// The number, and how the measured one relates to it; `None` where it is no measurement.
    pub quantity: Option<(Option<Comparator>, Decimal<'a>)>,
    /// The range's lower end.
    pub low: Option<Decimal<'a>>,
    /// The range's upper end.
    pub high: Option<Decimal<'a>>,
    /// The side that the sender itself says.
    pub said: Option<Side>,
}

/// A side of a reference range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Above its upper end.
    Above,
    /// Below its lower end.
    Below,
}

/// The code for the sender's word, or `None` for no word and for an unknown one.
///
/// Case, white space, `_`, `-` and `,` do not matter. `abnormal` and `critical` become high or low
/// only where the evidence proves a side; it is asked for only there, since most words are others.
#[must_use]
pub fn interpret<'e>(word: Option<&str>, evidence: impl FnOnce() -> Evidence<'e>) -> Option<Code> {
    let word = word?;
    // As most markers say it: it need not be folded first.
    if word == "normal" {
        return Some(Code::N);
    }
    let folded = Folded::new(word)?;
    let code = match folded.as_bytes() {
        b"ABNORMAL" => match evidence().side() {
            Some(Side::Above) => Code::H,
            Some(Side::Below) => Code::L,
            None => Code::A,
        },
        b"CRITICAL" => match evidence().side() {
            Some(Side::Above) => Code::HH,
            Some(Side::Below) => Code::LL,
            None => Code::AA,
        },
        word => match code_of(word) {
            Some(code) => code,
            None => *Code::ALL.iter().find(|code| folded.is(code.as_str()))?,
        },
    };
    Some(code)
}

/// The length of table 0078's wording of AA, as it is folded; no longer word is known.
const LONGEST: usize = 75;

/// A word in capitals, without what does not matter. Reads the sender's word once, since nothing
/// bounds its length.
#[derive(Clone, Copy)]
struct Folded {
    letters: [u8; LONGEST],
    length: usize,
}

impl Folded {
    fn new(word: &str) -> Option<Self> {
        let mut folded = Self { letters: [0; LONGEST], length: 0 };
        for letter in letters(word) {
            *folded.letters.get_mut(folded.length)? = u8::try_from(letter).ok()?;
            folded.length = folded.length.checked_add(1)?;
        }
        Some(folded)
    }

    fn as_bytes(&self) -> &[u8] {
        self.letters.get(..self.length).unwrap_or_default()
    }

    fn is(&self, word: &str) -> bool {
        self.as_bytes().iter().map(|&letter| char::from(letter)).eq(letters(word))
    }
}

/// The characters of a word that matter, in capitals.
fn letters(word: &str) -> impl Iterator<Item = char> {
    word.chars()
        .filter(|&letter| !letter.is_whitespace() && !matches!(letter, '_' | '-' | ','))
        .map(|letter| letter.to_ascii_uppercase())
}

impl Evidence<'_> {
    /// The side that is proven; proofs of both sides prove none.
    ///
    /// Nobody knows whether a bound belongs to its range, so a number on a bound proves nothing.
    fn side(&self) -> Option<Side> {
        let proves = |side: Side| {
            self.said == Some(side)
                || self.quantity.is_some_and(|(comparator, number)| match side {
                    Side::Above => self.high.is_some_and(|high| match comparator {
                        None | Some(Comparator::GreaterOrEqual) => number > high,
                        Some(Comparator::Greater) => number >= high,
                        Some(Comparator::Less | Comparator::LessOrEqual) => false,
                    }),
                    Side::Below => self.low.is_some_and(|low| match comparator {
                        None | Some(Comparator::LessOrEqual) => number < low,
                        Some(Comparator::Less) => number <= low,
                        Some(Comparator::Greater | Comparator::GreaterOrEqual) => false,
                    }),
                })
        };
        match (proves(Side::Above), proves(Side::Below)) {
            (true, false) => Some(Side::Above),
            (false, true) => Some(Side::Below),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
