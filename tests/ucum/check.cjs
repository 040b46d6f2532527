// Holds each row of data/units.tsv against ucum-lhc, the implementation of UCUM by the U.S. National Library of Medicine:
// - each code is valid, as it stands;
// - each spelling, read word by word as WORDS says, has the dimension and the magnitude of its code, and the same
//   arbitrary units and kinds of amount (an equivalent or an osmole is not a mole);
// - no spelling that is itself a valid code has another code, but for EVERYDAY.
// The filter's equivalences (docs/contract.md, section 5) lead from a spelling to a row and can yield no other code.
'use strict';
const fs = require('fs');
const { createRequire } = require('module');
const [, , table, modules] = process.argv;
const ucum = createRequire(`${modules}/`)('@lhncbc/ucum-lhc').UcumLhcUtils.getInstance();

// What a word of a laboratory means in UCUM. Written for this check, not read from the table.
const WORDS = new Map(Object.entries({
  // Amounts, in everyday letters and in capitals.
  mcg: 'ug', gm: 'g', gram: 'g', grams: 'g', G: 'g', GM: 'g', MG: 'mg', UG: 'ug', MCG: 'ug', NG: 'ng', PG: 'pg', KG: 'kg', Kg: 'kg',
  MMOL: 'mmol', UMOL: 'umol', NMOL: 'nmol', PMOL: 'pmol', MOL: 'mol',
  Eq: 'eq', mEq: 'meq', uEq: 'ueq', MEQ: 'meq', Osm: 'osm', mOsm: 'mosm', mOsmol: 'mosm', mosmol: 'mosm', MOSM: 'mosm',
  MOSMOL: 'mosm',
  IU: '[IU]', kIU: 'k[IU]', mIU: 'm[IU]', uIU: 'u[IU]', UIU: 'u[IU]', KIU: 'k[IU]', KU: 'kU',
  CFU: '[CFU]', cfu: '[CFU]', GPL: "[GPL'U]", MPL: "[MPL'U]", APL: "[APL'U]",
  // Volumes, lengths, times.
  DL: 'dL', ML: 'mL', UL: 'uL', mcL: 'uL', FL: 'fL', cumm: 'mm3', CUMM: 'mm3', cmm: 'mm3', CMM: 'mm3', MM3: 'mm3', MM: 'mm',
  M2: 'm2', sec: 's', SEC: 's', Sec: 's', secs: 's', SECS: 's', second: 's', seconds: 's', Seconds: 's', SECONDS: 's',
  MIN: 'min', mins: 'min', minute: 'min', minutes: 'min', Minutes: 'min', MINUTES: 'min', hr: 'h', hrs: 'h', hour: 'h',
  hours: 'h', Hours: 'h', H: 'h', HR: 'h', HRS: 'h', HOUR: 'h', HOURS: 'h', day: 'd', days: 'd', Days: 'd', DAY: 'd',
  DAYS: 'd', week: 'wk', weeks: 'wk', WEEKS: 'wk', month: 'mo', months: 'mo', year: 'a', years: 'a', YEARS: 'a',
  // Numbers.
  K: '10*3', k: '10*3', th: '10*3', Th: '10*3', TH: '10*3', thou: '10*3', Thou: '10*3', THOU: '10*3', thous: '10*3',
  Thous: '10*3', THOUS: '10*3', thousand: '10*3', Thousand: '10*3', THOUSAND: '10*3', Tsd: '10*3',
  M: '10*6', mil: '10*6', Mil: '10*6', MIL: '10*6', mill: '10*6', Mill: '10*6', MILL: '10*6', million: '10*6',
  Million: '10*6', MILLION: '10*6', Mio: '10*6', Gpt: '10*9', billion: '10*9', Billion: '10*9', BILLION: '10*9',
  billions: '10*9', Tpt: '10*12', trillion: '10*12', Trillion: '10*12', TRILLION: '10*12',
  percent: '%', Percent: '%', PERCENT: '%', ppm: '[ppm]', ppb: '[ppb]', PPM: '[ppm]', PPB: '[ppb]',
  // What is counted or measured.
  HPF: '[HPF]', hpf: '[HPF]', LPF: '[LPF]', lpf: '[LPF]', pH: '[pH]', PH: '[pH]', Angstrom: 'Ao', 'Å': 'Ao', '°C': 'Cel',
  '°F': '[degF]', degC: 'Cel', degF: '[degF]', mmHg: 'mm[Hg]', MMHG: 'mm[Hg]', cmH2O: 'cm[H2O]',
}));
// Words that name the thing and not the unit: UCUM writes them as annotations.
const THINGS = new Set(`creat creatinine Creat Creatinine Cr cr CREAT CR CREATININE cells cell Cells CELLS copies copy Copies
  COPIES cp cps FEU DDU Hb Hgb HB HGB RBC RBCs WBC WBCS WBCs wbc wbcs Wbc WBC's NRBC ratio Ratio RATIO Index index INDEX Value
  value titer Titer TITER titre TITRE INR ISR s/co S/CO Score score SCORE MoM MOM percentile Percentile PERCENTILE Log log
  LOG log10 Log10 LOG10 # BCE beats
  BEATS`.split(/\s+/));
// Whole spellings that are not read word by word, each with its reason.
const WHOLE = new Map(Object.entries({
  'nM BCE/mM creat': 'nmol{BCE}/mmol{creat}', 'nM BCE/mM Cr': 'nmol{BCE}/mmol{creat}', // both molar: the volumes go
  'mOsm/kg H2O': 'mosm/kg', 'mOsm/kg water': 'mosm/kg', // the solvent
  'FEU ug/mL': 'ug/mL', 'GPL U/mL': "[GPL'U]/mL", 'MPL U/mL': "[MPL'U]/mL", 'APL U/mL': "[APL'U]/mL",
  'GPL U/ML': "[GPL'U]/mL", 'MPL U/ML': "[MPL'U]/mL", 'APL U/ML': "[APL'U]/mL",
  'pH units': '[pH]', 'PH UNITS': '[pH]', 'ratio units': '{ratio}', "Ehrlich units/dL": "{Ehrlich'U}/dL",
  "Ehrlich unit/dL": "{Ehrlich'U}/dL", 'Bethesda units': "[beth'U]", 'Bethesda Units': "[beth'U]",
  'log10copy/mL': '{Log}/mL', // no space before the thing
  'Z-score': '{Z}', 'z-score': '{Z}', 'Z score': '{Z}', 'Z-SCORE': '{Z}', 'T-score': '{T}', 'T score': '{T}', 'T-SCORE': '{T}',
  'log(10) copies/mL': '{Log}/mL', 'log(10) IU/mL': '{Log}/mL', // a logarithm has no unit but what it is of
  'Log IU/mL': '{Log}/mL', 'log10 IU/mL': '{Log}/mL', 'log IU/mL': '{Log}/mL', 'Log10 IU/mL': '{Log}/mL',
  'LOG IU/ML': '{Log}/mL', 'LOG10 IU/ML': '{Log}/mL',
  's/co ratio': '{ratio}', 'S/CO ratio': '{ratio}', 'mm of Hg': 'mm[Hg]', 'MM HG': 'mm[Hg]', 'deg C': 'Cel', 'degrees C': 'Cel', 'deg F': '[degF]', 'degrees F': '[degF]',
  'mg/100 mL': 'mg/(100.mL)', 'g/100 mL': 'g/(100.mL)', 'g/100 g': 'g/(100.g)', 'ug/100 g': 'ug/(100.g)',
  'kg/sq m': 'kg/m2',
}));
// Spellings that ucum-lhc takes for valid codes, while laboratories mean another unit by them: kelvin, terahours and
// mebilitres; megagauss, megalitres and petagrams in capitals; picohenry; a number instead of a surface.
const EVERYDAY = new Set(['K/uL', 'K/mm3', 'Th/uL', 'Th/mm3', 'Mil/uL', 'Mil/mm3', 'pH', 'PH', 'PG', 'MG/L', 'MG/G', 'MG/ML',
  'G/ML', 'PG/L', 'PG/ML', 'U/ML', 'U/G', '/ML', 'ML/H', '10*3/ML', '10*6/ML', 'mL/min/1.73']);

function measure(code) {
  const { status, unit, ucumCode } = ucum.validateUnitString(code) ?? {};
  if (status !== 'valid' || ucumCode !== code) return null;
  const full = ucum.getSpecifiedUnit(code, 'validate').unit;
  const bare = code.replace(/\{[^}]*\}/g, '');
  // Bracketed units measure what a procedure defines; eq and osm count another thing than mol.
  const kinds = (bare.match(/\[(?!H2O|Hg)[^\]]+\]|(?<![a-z])[kmunp]?(?:eq|osm)(?![a-z])/g) ?? [])
    .map((kind) => kind.replace(/^[kmunp](?=eq|osm)/, '')).sort();
  return { magnitude: full.magnitude_, dimension: String(full.dim_?.dimVec_ ?? full.dim_), kinds: kinds.join(' '), unit };
}

// The spelling as an expression of UCUM, or null where a word is in neither list.
function read(spelling) {
  if (WHOLE.has(spelling)) return WHOLE.get(spelling);
  if (WORDS.has(spelling)) return WORDS.get(spelling);
  if (/^%/.test(spelling)) return /^% ?[\w ]+$/.test(spelling) ? '%{thing}' : spelling;
  if (THINGS.has(spelling)) return '{thing}';
  let text = spelling.replace(/^x ?(?=10)/i, '').replace(/^10(?:[\^E](\d+)|\((\d+)\))/, '10*$1$2').replace(/\((FEU|DDU)\)/, '$1');
  // The body surface that a clearance is related to is an annotation.
  text = text.replace(/(?:\/| per )\(?\{?1\.73.*$/i, '/{surface}');
  text = text.replace(/^(?:per )/, '/').replace(/ per /, '/');
  const terms = text.split('/').map((term, index) => {
    if (term === '' && index === 0) return '';
    let number = '';
    const amount = /^(\d+) ?(?=[A-Za-z])/.exec(term);
    if (index > 0 && amount) { number = amount[1]; term = term.slice(amount[0].length); }
    const parts = term.split(/ |(?<=^10\*\d+)(?=[a-z])/).map((word) => {
      if (THINGS.has(word)) return '{thing}';
      const whole = WORDS.get(word);
      if (whole) return whole;
      return word.split('.').map((factor) => WORDS.get(factor) ?? factor).join('.');
    });
    const units = parts.filter((part) => part !== '{thing}');
    if (units.length > 1) return 'ambiguous';
    if (!units.length) return number ? `${number}{thing}` : '{thing}';
    return number ? `(${number}.${units[0]})` : units[0] + (parts.length > 1 ? '{thing}' : '');
  });
  return terms.join('/');
}

const rows = fs.readFileSync(table, 'utf8').split('\n')
  .filter((line) => line && line !== '#' && !line.startsWith('# ')).map((line) => line.split('\t'));
const faults = [];
const used = new Set();
let checked = 0;
for (const [spelling, code] of rows.filter(([, code]) => code !== '-')) {
  const expected = measure(code);
  if (!expected) { faults.push(`${code}: not a valid code`); continue; }
  const expression = spelling === code ? code : read(spelling);
  const found = measure(expression);
  if (!found) { faults.push(`${spelling}: read as ${expression}, which is not valid`); continue; }
  const ratio = found.magnitude / expected.magnitude;
  if (!(Math.abs(ratio - 1) < 1e-9) || found.dimension !== expected.dimension || found.kinds !== expected.kinds) {
    faults.push(`${spelling}: read as ${expression}, which is not ${code}: ${JSON.stringify([found, expected])}`);
  }
  const own = spelling === code || spelling.includes(' ') ? null : measure(spelling);
  if (own && (own.magnitude !== expected.magnitude || own.dimension !== expected.dimension)) {
    if (EVERYDAY.has(spelling)) used.add(spelling);
    else faults.push(`${spelling}: is itself a code, and another one than ${code}`);
  }
  checked += 1;
}
for (const spelling of EVERYDAY) if (!used.has(spelling)) faults.push(`${spelling}: EVERYDAY lists it for nothing`);
// What the check is worth: it has to tell these apart.
for (const [left, right] of [['mg/dL', 'g/dL'], ['mg/dL', 'ug/dL'], ['10*3/uL', '10*6/uL'], ['10*3/uL', '{cells}/uL'],
  ['U/L', '[IU]/L'], ['[IU]/L', "[GPL'U]/L"], ['meq/L', 'mmol/L'], ['K/uL', '10*3/uL'], ['mg/(24.h)', 'mg/h'], ['S', 's']]) {
  const [one, other] = [measure(left), measure(right)];
  const fields = ['magnitude', 'dimension', 'kinds'];
  if (!one || !other || fields.every((field) => one[field] === other[field])) faults.push(`${left} is not told from ${right}`);
}
for (const code of ['mcg/dL', 'mM', 'IU/L', 'x10*3/uL', 'mg/24h)']) if (measure(code)) faults.push(`${code} counts as valid`);
if (faults.length || checked < 1900) {
  console.error(faults.join('\n'));
  console.error(`${faults.length} faults in ${checked} rows`);
  process.exit(1);
}
console.log(`units: ${checked} spellings have the dimension and magnitude of their codes, ` +
  `${new Set(rows.map(([, code]) => code)).size - 1} codes, all valid UCUM`);
