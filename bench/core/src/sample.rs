//! Signed lab results of any size, as a laboratory would send them.
//!
//! Benches, the load generator and the instruction count all measure on these. A body is the same
//! for the same size, so that runs compare.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The secret that [`sign`] signs with, as the filter takes it.
pub const SECRET: &str = "whsec_c2FtcGxlLXNlY3JldC1vZi10aGUtYmVuY2hlcw==";
/// The key that [`SECRET`] stands for.
const KEY: &[u8] = b"sample-secret-of-the-benches";

/// The message id that [`sign`] signs.
pub const MESSAGE_ID: &str = "msg_2oYQyV1oQm3ZL9mS5ZzUQm1x8kT";

/// The body sizes that everything is measured at, in bytes: from an order's notice over a common
/// panel (12 kB) to what no laboratory has sent yet.
pub const SIZES: [usize; 6] = [500, 4_000, 12_000, 62_000, 250_000, 620_000];

/// A `labtest.result.ready` of about `size` bytes that satisfies the schema: compact JSON, with as
/// many markers as fit.
#[must_use]
pub fn lab_result(size: usize) -> String {
    let mut markers = String::new();
    let mut count: usize = 0;
    for marker in markers_without_end() {
        let length = HEAD.len().saturating_add(markers.len()).saturating_add(marker.len());
        if count > 0 && length > size {
            break;
        }
        if count > 0 {
            markers.push(',');
        }
        markers.push_str(&marker);
        count = count.saturating_add(1);
    }
    format!(r#"{HEAD}"marker_count":{count},"critical_marker_count":0,"markers":[{markers}]}}}}"#)
}

/// The same with a last marker that has no name, so that the schema refuses it at its end.
#[must_use]
pub fn broken_lab_result(size: usize) -> String {
    let good = lab_result(size);
    let good = good.strip_suffix("]}}").unwrap_or(&good);
    format!(r#"{good},{{"value":1}}]}}}}"#)
}

/// The `svix-signature` of a body sent as [`MESSAGE_ID`] at `timestamp`, in Unix seconds.
#[must_use]
pub fn sign(body: &[u8], timestamp: u64) -> String {
    let mut mac = hmac_sha256::HMAC::new(KEY);
    mac.update(format!("{MESSAGE_ID}.{timestamp}."));
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize()))
}

const HEAD: &str = concat!(
    r#"{"event_type":"labtest.result.ready","#,
    r#""user_id":"db5d34d5-bf7b-4e25-b119-9a5d53694f45","client_user_id":"patient-0042","#,
    r#""team_id":"4820a249-cd9d-4049-bb42-db5682cdf1d2","#,
    r#""data":{"order_id":"93ae03a7-626f-4cf4-802b-1fb6b3c339c7","sample_id":"W4123LKB3VTL","#,
    r#""status":"final","interpretation":"abnormal","#,
    r#""collected_at":"2026-10-31T09:08:00+00:00","reported_at":"2026-11-02T17:31:09.123456-05:00","#,
);

/// Slug, name, unit, lowest and highest value times ten, LOINC code.
type Analyte = (&'static str, &'static str, &'static str, u32, u32, &'static str);

const ANALYTES: [Analyte; 24] = [
    ("hemoglobin", "Hemoglobin", "g/dL", 130, 177, "718-7"),
    ("hematocrit", "Hematocrit", "%", 375, 510, "4544-3"),
    ("white-blood-cells", "White Blood Cells", "x10E3/uL", 34, 108, "6690-2"),
    ("red-blood-cells", "Red Blood Cells", "x10E6/uL", 41, 58, "789-8"),
    ("platelets", "Platelets", "x10E3/uL", 1500, 4500, "777-3"),
    ("mcv", "Mean Corpuscular Volume", "fL", 790, 970, "787-2"),
    ("sodium", "Sodium", "mmol/L", 1340, 1440, "2951-2"),
    ("potassium", "Potassium", "mmol/L", 35, 52, "2823-3"),
    ("chloride", "Chloride", "mmol/L", 960, 1060, "2075-0"),
    ("carbon-dioxide", "Carbon Dioxide, Total", "mmol/L", 200, 290, "2028-9"),
    ("glucose", "Glucose", "mg/dL", 700, 990, "2345-7"),
    ("urea-nitrogen", "Urea Nitrogen (BUN)", "mg/dL", 60, 200, "3094-0"),
    ("creatinine", "Creatinine", "mg/dL", 7, 13, "2160-0"),
    ("calcium", "Calcium", "mg/dL", 87, 102, "17861-6"),
    ("albumin", "Albumin", "g/dL", 39, 49, "1751-7"),
    ("alt", "Alanine Aminotransferase (ALT)", "IU/L", 0, 440, "1742-6"),
    ("cholesterol-total", "Cholesterol, Total", "mg/dL", 1000, 1990, "2093-3"),
    ("hdl-cholesterol", "HDL Cholesterol", "mg/dL", 390, 1200, "2085-9"),
    ("triglycerides", "Triglycerides", "mg/dL", 0, 1490, "2571-8"),
    ("hemoglobin-a1c", "Hemoglobin A1c", "%", 48, 56, "4548-4"),
    ("tsh", "Thyroid Stimulating Hormone (TSH)", "uIU/mL", 4, 45, "3016-3"),
    ("estradiol", "Estradiol", "pg/mL", 76, 426, "2243-4"),
    ("vitamin-d", "Vitamin D, 25-Hydroxy", "ng/mL", 300, 1000, "1989-3"),
    ("c-reactive-protein", "C-Reactive Protein, Cardiac", "mg/L", 0, 30, "30522-7"),
];

/// Markers of a panel, again and again, each with another value. Most hold a number between its
/// bounds; some are above, some are text or coded, some lack a slug or carry a note with escapes.
fn markers_without_end() -> impl Iterator<Item = String> {
    // Numerical Recipes' generator: any would do, as long as it is always the same.
    let mut state: u32 = 1;
    let draw = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 8
    };
    ANALYTES.iter().cycle().scan(draw, |draw, analyte| Some(marker(analyte, draw)))
}

fn marker(analyte: &Analyte, draw: &mut impl FnMut() -> u32) -> String {
    let (slug, name, unit, low, high, loinc) = *analyte;
    let style = draw() % 16;
    let slug = if style == 0 { String::new() } else { format!(r#""slug":"{slug}","#) };
    let value = match style {
        1 => format!(r#""<{}""#, decimal(low)),
        2 => r#"-1,"type":"coded_value","result":"NOT_DETECTED""#.to_owned(),
        3 => decimal(high.saturating_add(1)),
        _ => decimal(
            low.saturating_add(draw().checked_rem(high.saturating_sub(low)).unwrap_or_default()),
        ),
    };
    let (low, high) = (decimal(low), decimal(high));
    let interpretation = if style == 3 { "abnormal" } else { "normal" };
    let remarks = if style.is_multiple_of(4) {
        r#""timestamp":"2026-10-31T09:08:00+00:00","notes":"Fasting: \"no\"; see report","#
    } else {
        ""
    };
    format!(
        concat!(
            r#"{{{slug}"name":"{name}","unit":"{unit}","value":{value},"#,
            r#""min_range_value":{low},"max_range_value":{high},"#,
            r#""interpretation":"{interpretation}",{remarks}"loinc":"{loinc}"}}"#,
        ),
        slug = slug,
        name = name,
        unit = unit,
        value = value,
        low = low,
        high = high,
        interpretation = interpretation,
        remarks = remarks,
        loinc = loinc,
    )
}

/// A count of tenths as a decimal: `13.0`.
fn decimal(tenths: u32) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_bodies_of_about_the_size_asked_for() {
        for size in SIZES {
            let length = lab_result(size).len();
            assert!(length.abs_diff(size) <= 400, "{size}: {length}");
        }
    }
}
