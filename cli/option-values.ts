/** Values of options, read and refused in one way by all commands. */
import { InvalidArgumentError } from 'commander';

export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

export function positiveInteger(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.');
  return Number(text);
}

export function percentage(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 100)) throw new InvalidArgumentError('It must be from 0 to 100.');
  return value;
}

export function port(text: string): number {
  const value = Number(text);
  if (!/^\d{1,5}$/.test(text) || value > 65_535) throw new InvalidArgumentError('It must be from 0 to 65535.');
  return value;
}

export function dollars(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0 && value <= 1_000_000))
    throw new InvalidArgumentError('It must be US dollars, above 0 and at most 1,000,000.');
  return value;
}
