//! Markers as laboratories report them, made to any number.

use serde_json::value::RawValue;

use super::payload::{Marker, Sample};

/// One analyte with its range, and a value within, below and above it.
struct Analyte {
    slug: &'static str,
    name: &'static str,
    unit: &'static str,
    loinc: &'static str,
    low: &'static str,
    high: &'static str,
    values: [&'static str; 3],
}

const INTERPRETATIONS: [&str; 3] = ["normal", "low", "high"];

const ANALYTES: [Analyte; 12] = [
    Analyte {
        slug: "hemoglobin",
        name: "Hemoglobin",
        unit: "g/dL",
        loinc: "718-7",
        low: "13.0",
        high: "17.7",
        values: ["15.20", "11.9", "18.4"],
    },
    Analyte {
        slug: "white-blood-cells",
        name: "White Blood Cells",
        unit: "x10E3/uL",
        loinc: "6690-2",
        low: "3.4",
        high: "10.8",
        values: ["6.10", "2.9", "12.0"],
    },
    Analyte {
        slug: "platelets",
        name: "Platelets",
        unit: "x10E3/uL",
        loinc: "777-3",
        low: "150",
        high: "450",
        values: ["231", "98", "512"],
    },
    Analyte {
        slug: "sodium",
        name: "Sodium",
        unit: "mmol/L",
        loinc: "2951-2",
        low: "134",
        high: "144",
        values: ["139", "131", "147"],
    },
    Analyte {
        slug: "potassium",
        name: "Potassium",
        unit: "mmol/L",
        loinc: "2823-3",
        low: "3.5",
        high: "5.2",
        values: ["4.30", "3.1", "5.90"],
    },
    Analyte {
        slug: "glucose",
        name: "Glucose",
        unit: "mg/dL",
        loinc: "2345-7",
        low: "70",
        high: "99",
        values: ["88", "61", "126"],
    },
    Analyte {
        slug: "creatinine",
        name: "Creatinine",
        unit: "mg/dL",
        loinc: "2160-0",
        low: "0.76",
        high: "1.27",
        values: ["0.90", "0.55", "1.60"],
    },
    Analyte {
        slug: "tsh",
        name: "TSH",
        unit: "uIU/mL",
        loinc: "3016-3",
        low: "0.450",
        high: "4.500",
        values: ["1.870", "0.210", "6.020"],
    },
    Analyte {
        slug: "ferritin",
        name: "Ferritin",
        unit: "ng/mL",
        loinc: "2276-4",
        low: "30",
        high: "400",
        values: ["112", "14", "655"],
    },
    Analyte {
        slug: "testosterone",
        name: "Testosterone",
        unit: "ng/dL",
        loinc: "2986-8",
        low: "264",
        high: "916",
        values: ["541", "187", "1012"],
    },
    Analyte {
        slug: "vitamin-d-25-hydroxy",
        name: "Vitamin D, 25-Hydroxy",
        unit: "ng/mL",
        loinc: "1989-3",
        low: "30.0",
        high: "100.0",
        values: ["42.5", "18.9", "104.0"],
    },
    Analyte {
        slug: "alt-sgpt",
        name: "ALT (SGPT)",
        unit: "U/L",
        loinc: "1742-6",
        low: "7",
        high: "44",
        values: ["23", "5", "61"],
    },
];

/// So many markers: every analyte within its range, then each below, then each above, and again.
/// The first one of a critical result is critical.
pub(crate) fn markers(count: usize, sample: Sample) -> Vec<Marker> {
    let rounds = (0..INTERPRETATIONS.len()).cycle();
    let turns = rounds.flat_map(|round| ANALYTES.iter().map(move |analyte| (round, analyte)));
    let mut markers: Vec<Marker> =
        turns.take(count).filter_map(|(round, analyte)| analyte.marker(round)).collect();
    if let (Sample::Critical, Some(first)) = (sample, markers.first_mut()) {
        first.interpretation = Some("critical");
    }
    markers
}

impl Analyte {
    fn marker(&self, round: usize) -> Option<Marker> {
        Some(Marker {
            slug: Some(self.slug),
            name: self.name.to_owned(),
            unit: Some(self.unit.to_owned()),
            value: number(self.values.get(round)?)?,
            min_range_value: number(self.low),
            max_range_value: number(self.high),
            interpretation: INTERPRETATIONS.get(round).copied(),
            loinc: Some(self.loinc),
        })
    }
}

fn number(text: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(text.to_owned()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_as_many_markers_as_asked_for() {
        for count in [0, 1, 12, 13, 36, 37, 1000] {
            assert_eq!(markers(count, Sample::Ready).len(), count);
        }
    }

    #[test]
    fn places_each_value_where_its_interpretation_says() {
        let parse = |text: &str| text.parse::<f64>().unwrap();
        for analyte in &ANALYTES {
            let [normal, below, above] = analyte.values.map(parse);
            let (low, high) = (parse(analyte.low), parse(analyte.high));
            assert!(low <= normal && normal <= high, "{}", analyte.name);
            assert!(below < low && high < above, "{}", analyte.name);
        }
    }

    #[test]
    fn makes_the_first_marker_of_a_critical_result_critical() {
        let words: Vec<_> = markers(2, Sample::Critical).iter().map(|m| m.interpretation).collect();
        assert_eq!(words, [Some("critical"), Some("normal")]);
    }
}
