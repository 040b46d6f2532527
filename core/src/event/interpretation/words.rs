//! The words that have a code of their own, whatever the value: HL7's.
//!
//! Every display name of v3 `ObservationInterpretation` and the wording of v2 table 0078, with a few
//! of the synonyms in the former's definitions. Tests hold the list against copies of both.

use super::Code;

/// The code of a word as [`super::Folded`] has it.
pub(super) fn code_of(word: &[u8]) -> Option<Code> {
    // By length first, which tells most words apart.
    let order = |own: &str| own.len().cmp(&word.len()).then_with(|| own.as_bytes().cmp(word));
    let row = WORDS.binary_search_by(|(own, _)| order(own)).ok()?;
    WORDS.get(row).map(|(_, code)| *code)
}

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
