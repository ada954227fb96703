/** Numbers as people read them, the same in every table, report and terminal. */

const superscripts = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'] as const;
const nothing = '–';

/**
 * A number to so many significant digits, integers exactly and integer parts never rounded: `0.0321`, `15910`, `1235`,
 * `1.2×10⁻⁷`. `–` where there is none.
 */
export function formatSignificant(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || Number.isNaN(value)) return nothing;
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  if (size < 1e15 && Number.isInteger(value)) return withMinus(String(value === 0 ? 0 : value));
  if (size < 1e-4 || size >= 1e7) return scientific(value, digits);
  const integerDigits = size >= 1 ? Math.floor(Math.log10(size)) + 1 : 0;
  return withMinus(integerDigits >= digits ? value.toFixed(0) : plain(Number(value.toPrecision(digits)), digits));
}

/** Ticks of an axis, each to as many digits as tell it from the next. Those that are null, which a chart leaves out, are empty. */
export function formatTicks(ticks: readonly (number | null)[]): string[] {
  const shown = ticks.filter((tick) => tick !== null);
  const texts = (digits: number) => shown.map((tick) => formatSignificant(tick, digits));
  let digits = 3;
  while (digits < 12 && new Set(texts(digits)).size < new Set(shown).size) digits++;
  return ticks.map((tick) => (tick === null ? '' : formatSignificant(tick, digits)));
}

/** `0.3214 ± 0.0120`: both to the place of the spread's second significant digit. Without a spread the mean alone. */
export function formatMeanAndDeviation(mean: number | null, deviation: number | null | undefined, digits = 3): string {
  if (mean === null || !Number.isFinite(mean) || deviation === null || deviation === undefined)
    return formatSignificant(mean, digits);
  if (!Number.isFinite(deviation)) return formatSignificant(mean, digits);
  if (deviation === 0) return `${formatSignificant(mean, digits)} ± 0`;
  const place = 1 - Math.floor(Math.log10(Math.abs(deviation)));
  if (Math.abs(mean) < 1e-4 || place > 8 || Math.abs(mean) >= 1e7)
    return `${formatSignificant(mean, digits)} ± ${formatSignificant(deviation, 2)}`;
  const decimals = Math.max(0, place);
  return `${withMinus(mean.toFixed(decimals))} ± ${deviation.toFixed(decimals)}`;
}

/** `0.8 s`, `42 s`, `3 min 20 s`, `2 h 5 min` */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return nothing;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return joinUnits(Math.floor(whole / 60), 'min', whole % 60, 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 48 * 60) return joinUnits(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(seconds / 3600);
  return joinUnits(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/** `$12.30`, `$0.0031`, `under $0.0001` */
export function formatDollars(dollars: number): string {
  if (!Number.isFinite(dollars)) return nothing;
  if (dollars === 0) return '$0';
  if (dollars < 0.0001) return 'under $0.0001';
  return dollars < 0.1 ? `$${plain(Number(dollars.toPrecision(2)), 2)}` : `$${dollars.toFixed(2)}`;
}

/** `+3.2 %`, `−12 %`; `–` where there was nothing to compare with. */
export function formatChange(before: number, now: number): string {
  const percent = (100 * (now - before)) / Math.abs(before);
  if (!Number.isFinite(percent)) return nothing;
  const size = Math.abs(percent);
  const text = size < 0.05 ? '0.0' : size < 10 ? size.toFixed(1) : size.toFixed(0);
  return text === '0.0' ? '±0.0 %' : `${percent > 0 ? '+' : '−'}${text} %`;
}

/** A difference of two means against its standard error over seeds. */
export function describeSpread(exceedsSpread: boolean | null | undefined): string {
  if (exceedsSpread === null || exceedsSpread === undefined) return nothing;
  return exceedsSpread ? 'beyond it' : 'within it';
}

function joinUnits(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** Keeps trailing zeros, which are significant, and has no exponent. */
function plain(rounded: number, digits: number): string {
  const place = Math.floor(Math.log10(Math.abs(rounded)));
  return rounded.toFixed(Math.max(0, digits - 1 - place));
}

function scientific(value: number, digits: number): string {
  const [mantissa, exponent] = value.toExponential(digits - 1).split('e') as [string, string];
  const power = [...exponent].map((sign) => (sign === '-' ? '⁻' : sign === '+' ? '' : superscripts[Number(sign)]));
  return `${withMinus(mantissa)}×10${power.join('')}`;
}

function withMinus(text: string): string {
  return text.replace(/^-/, '−');
}
