//! The words that have a code of their own, whatever the value: HL7's.
//!
//! Every display name of v3 `ObservationInterpretation` and the wording of v2 table 0078, with a
//! few of the synonyms in the former's definitions. Tests hold the list against copies of both.

use super::{Code, LONGEST};

/// The code of a word as [`super::Folded`] has it.
pub(super) fn code_of(word: &[u8]) -> Option<Code> {
    let end = word.len().checked_add(1)?;
    let rows = usize::from(*STARTS.get(word.len())?)..usize::from(*STARTS.get(end)?);
    let mut rows = WORDS.get(rows)?.iter();
    rows.find(|(own, _)| own.as_bytes() == word).map(|(_, code)| *code)
}

/// Where the words of each length start in [`WORDS`]. A length leaves six to compare at most, where
/// a binary search of all took seven and could not be foreseen by the processor.
const STARTS: [u8; LONGEST + 2] = {
    let mut starts = [0; LONGEST + 2];
    let mut rest: &[(&str, Code)] = &WORDS;
    while let [(word, _), after @ ..] = rest {
        // Those of this length and of all longer ones come later.
        let mut longer = starts.split_at_mut(word.len() + 1).1;
        while let [start, after @ ..] = longer {
            *start += 1;
            longer = after;
        }
        rest = after;
    }
    starts
};

/// By length, then in order.
pub(super) const WORDS: [(&str, Code); 70] = [
    ("LOW", Code::L),
    ("HIGH", Code::H),
    ("WORSE", Code::W),
    ("BETTER", Code::B),
    ("NORMAL", Code::N),
    ("DETECTED", Code::Det),
    ("EXPECTED", Code::Exp),
    ("NEGATIVE", Code::Neg),
    ("PANICLOW", Code::LL),
    ("POSITIVE", Code::Pos),
    ("REACTIVE", Code::RR),
    ("EQUIVOCAL", Code::E),
    ("PANICHIGH", Code::HH),
    ("RESISTANT", Code::R),
    ("SENSITIVE", Code::S),
    ("UNEXPECTED", Code::Une),
    ("CRITICALLOW", Code::LL),
    ("LOWOFFSCALE", Code::OffScaleLow),
    ("NONREACTIVE", Code::NR),
    ("NOTDETECTED", Code::ND),
    ("OFFSCALELOW", Code::OffScaleLow),
    ("SUSCEPTIBLE", Code::S),
    ("CRITICALHIGH", Code::HH),
    ("HIGHOFFSCALE", Code::OffScaleHigh),
    ("INTERMEDIATE", Code::I),
    ("OFFSCALEHIGH", Code::OffScaleHigh),
    ("VERYABNORMAL", Code::AA),
    ("INDETERMINATE", Code::Ind),
    ("VERYSENSITIVE", Code::VS),
    ("BELOWLOWNORMAL", Code::L),
    ("NONSUSCEPTIBLE", Code::NS),
    ("WEAKLYREACTIVE", Code::WR),
    ("ABOVEHIGHNORMAL", Code::H),
    ("VERYSUSCEPTIBLE", Code::VS),
    ("CRITICALABNORMAL", Code::AA),
    ("OUTSIDETHRESHOLD", Code::EX),
    ("SIGNIFICANTLYLOW", Code::LU),
    ("SYNERGYRESISTANT", Code::SynR),
    ("BELOWLOWTHRESHOLD", Code::LX),
    ("SIGNIFICANTLYHIGH", Code::HU),
    ("ABOVEHIGHTHRESHOLD", Code::HX),
    ("SYNERGYSUSCEPTIBLE", Code::SynS),
    ("MODERATELYSENSITIVE", Code::MS),
    ("SIGNIFICANTCHANGEUP", Code::U),
    ("ABOVEANALYTICALLIMIT", Code::OffScaleHigh),
    ("BELOWANALYTICALLIMIT", Code::OffScaleLow),
    ("HOLDFORMEDICALREVIEW", Code::HM),
    ("INSUFFICIENTEVIDENCE", Code::IE),
    ("ABOVEUPPERPANICLIMITS", Code::HH),
    ("BELOWLOWERPANICLIMITS", Code::LL),
    ("MODERATELYSUSCEPTIBLE", Code::MS),
    ("QUALITYCONTROLFAILURE", Code::Qcf),
    ("SIGNIFICANTCHANGEDOWN", Code::D),
    ("NOCLSIDEFINEDBREAKPOINT", Code::Ncl),
    ("SUSCEPTIBLEDOSEDEPENDENT", Code::Sdd),
    ("CYTOTOXICSUBSTANCEPRESENT", Code::Tox),
    ("WORSEUSEWHENDIRECTIONNOTRELEVANT", Code::W),
    ("BETTERUSEWHENDIRECTIONNOTRELEVANT", Code::B),
    ("ANTICOMPLEMENTARYSUBSTANCESPRESENT", Code::AC),
    ("BELOWABSOLUTELOWOFFINSTRUMENTSCALE", Code::OffScaleLow),
    ("NORMAL(APPLIESTONONNUMERICRESULTS)", Code::N),
    ("ABOVEABSOLUTEHIGHOFFINSTRUMENTSCALE", Code::OffScaleHigh),
    ("ABNORMAL(APPLIESTONONNUMERICRESULTS)", Code::A),
    ("INTERPRETATIONQUALIFIERSINSEPARATEOBXSEGMENTS", Code::Obx),
    ("RESISTANT.INDICATESFORMICROBIOLOGYSUSCEPTIBILITIESONLY.", Code::R),
    ("SUSCEPTIBLE.INDICATESFORMICROBIOLOGYSUSCEPTIBILITIESONLY.", Code::S),
    ("INTERMEDIATE.INDICATESFORMICROBIOLOGYSUSCEPTIBILITIESONLY.", Code::I),
    ("VERYSUSCEPTIBLE.INDICATESFORMICROBIOLOGYSUSCEPTIBILITIESONLY.", Code::VS),
    ("MODERATELYSUSCEPTIBLE.INDICATESFORMICROBIOLOGYSUSCEPTIBILITIESONLY.", Code::MS),
    ("VERYABNORMAL(APPLIESTONONNUMERICUNITSANALOGOUSTOPANICLIMITSFORNUMERICUNITS)", Code::AA),
];
