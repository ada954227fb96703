/** What a user asks for on the command line, as a request. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type PresetName, presetNames } from '../lib/pipeline/experiment.ts';
import { nearestName } from '../lib/pipeline/nearest-name.ts';
import { DataFolderMissing, InvalidUsage, UnknownPreset } from './errors.ts';

export interface RequestOptions {
  readonly preset: string;
  readonly set: readonly string[];
  readonly seeds?: number;
}

/** Throws UnknownPreset. */
export function readPreset(preset: string): PresetName {
  const known = presetNames.find((name) => name === preset);
  if (!known) throw new UnknownPreset(preset, nearestName(preset, presetNames), presetNames);
  return known;
}

/** `unrollSteps=20` and `rates=[0.1,0.2]`: the value is JSON where it can be, and else a text. Throws InvalidUsage. */
export function readOverrides(settings: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    settings.map((setting) => {
      const equals = setting.indexOf('=');
      if (equals < 1) throw new InvalidUsage(`--set takes key=value, and got '${setting}'.`);
      return [setting.slice(0, equals), readValue(setting.slice(equals + 1))];
    }),
  );
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Throws DataFolderMissing: also where this experiment needs no data, for a mistyped folder is a mistake anyway. */
export async function checkDataFolder(folder: string): Promise<string> {
  const path = resolve(folder);
  const about = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const problem = cause.code === 'ENOENT' ? 'is not there' : `cannot be read (${cause.code})`;
    throw new DataFolderMissing(path, problem, { cause });
  });
  if (!about.isDirectory()) throw new DataFolderMissing(path, 'is a file');
  return path;
}
