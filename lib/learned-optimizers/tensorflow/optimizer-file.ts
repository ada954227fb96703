/**
 * A learned optimizer as a file: the safetensors that meta-training leaves, φ in named tensors and the network's settings in
 * the metadata. Python reads it with the `safetensors` package.
 */
import { inputsOf, type Preprocessing } from '../../kernels/coordinatewise-lstm.ts';
import { type ParameterLayout, parameterLayout } from '../../kernels/coordinatewise-lstm-parameters.ts';
import { InvalidSafetensors } from '../../numerics/errors.ts';
import { decodeSafetensors, type NamedTensors } from '../../numerics/safetensors.ts';
import type { NormalisationSettings } from '../normalised-network.ts';
import { InvalidOptimizerFile } from './errors.ts';

/** Of files that this code reads. A file that does not say is of version 1. */
export const newestFormatVersion = 1;

/** Far above any optimizer that was ever trained; a file's claim beyond it is a mistake. */
const largestHiddenUnits = 4096;

/** The same as in `lib/learned-optimizers/optimizer-network.ts`, without the kernels that only Node can load. */
export interface NetworkSettings {
  /** What the LSTM sees of a gradient: appendix A with p, a constant times it, or what `normalisation` prepares. */
  readonly preprocessing: Preprocessing;
  /** Units in each of the two layers. */
  readonly hiddenUnits: number;
  /** Factor of the output. */
  readonly outputScale: number;
  /** Where inputs are prepared: gradients over their moments, and what the LSTM's output means. */
  readonly normalisation?: NormalisationSettings;
}

export interface OptimizerFile {
  readonly network: NetworkSettings;
  /** φ in the order of `parameterLayout`. */
  readonly parameters: Float32Array;
}

/** Throws InvalidOptimizerFile, whatever the bytes are. `source` names them in the message. */
export function decodeOptimizerFile(bytes: Uint8Array, source: string): OptimizerFile {
  const { tensors, metadata } = decode(bytes, source);
  if (metadata.kind !== 'learned-optimizer' || metadata.network === undefined) {
    throw new InvalidOptimizerFile(
      source,
      `its metadata must say kind 'learned-optimizer', and says '${metadata.kind}'.`,
    );
  }
  const version = Number(metadata.formatVersion ?? 1);
  if (version > newestFormatVersion) {
    throw new InvalidOptimizerFile(
      source,
      `its format is version ${metadata.formatVersion}, and this code reads up to ${newestFormatVersion}. Update the package.`,
    );
  }
  if (version !== newestFormatVersion) {
    throw new InvalidOptimizerFile(source, `its format version is '${metadata.formatVersion}'.`);
  }
  const network = readNetwork(metadata.network, source);
  const inputs = inputsOf(network.preprocessing);
  return {
    network,
    parameters: joinTensors(parameterLayout({ inputs, hidden: network.hiddenUnits }), tensors, source),
  };
}

function decode(bytes: Uint8Array, source: string) {
  try {
    return decodeSafetensors(bytes);
  } catch (cause) {
    if (!(cause instanceof InvalidSafetensors)) throw cause;
    throw new InvalidOptimizerFile(source, cause.message, { cause });
  }
}

/** The settings, each checked: they decide how much memory is taken. */
function readNetwork(json: string, source: string): NetworkSettings {
  const problem = (what: string) => new InvalidOptimizerFile(source, `its network settings ${what}, and are ${json}.`);
  let settings: Partial<NetworkSettings> | null;
  try {
    settings = JSON.parse(json);
  } catch {
    throw problem('must be JSON');
  }
  const { preprocessing, hiddenUnits, outputScale, normalisation } = settings ?? {};
  if (
    !Number.isInteger(hiddenUnits) ||
    hiddenUnits! < 4 ||
    hiddenUnits! > largestHiddenUnits ||
    hiddenUnits! % 4 !== 0
  ) {
    throw problem(`must have hiddenUnits that are a multiple of 4 up to ${largestHiddenUnits}`);
  }
  if (!Number.isFinite(outputScale)) throw problem('must have an outputScale');
  const known =
    (preprocessing?.kind === 'log-sign' && preprocessing.p > 0 && preprocessing.p <= 87) ||
    (preprocessing?.kind === 'identity' && Number.isFinite(preprocessing.scale)) ||
    (preprocessing?.kind === 'prepared' && normalisation !== undefined);
  if (!known) {
    throw problem(
      "must have a preprocessing that is 'log-sign' with p in (0, 87], 'identity' with a scale, or 'prepared' by a normalisation",
    );
  }
  const network = { preprocessing: preprocessing!, hiddenUnits: hiddenUnits!, outputScale: outputScale! };
  if (normalisation === undefined) return network;
  if (preprocessing!.kind !== 'prepared')
    throw problem("must have the preprocessing 'prepared' to normalise gradients");
  if (!isNormalisation(normalisation)) {
    throw problem(
      "must have a normalisation with decays in [0, 1), a second input 'gradient' or 'relative-magnitude', and an update 'bounded' by a number or of a 'step-size' with rate and decaySteps",
    );
  }
  return { ...network, normalisation };
}

function isNormalisation(value: unknown): value is NormalisationSettings {
  const { meanDecay, meanSquareDecay, secondInput, update } = (value ?? {}) as Partial<NormalisationSettings>;
  const isDecay = (decay: unknown) => typeof decay === 'number' && decay >= 0 && decay < 1;
  const isPositive = (number: unknown) => typeof number === 'number' && number > 0 && Number.isFinite(number);
  return (
    isDecay(meanDecay) &&
    isDecay(meanSquareDecay) &&
    (secondInput === 'gradient' || secondInput === 'relative-magnitude') &&
    ((update?.kind === 'bounded' && isPositive(update.bound)) ||
      (update?.kind === 'step-size' && isPositive(update.rate) && isPositive(update.decaySteps)))
  );
}

function joinTensors({ tensors, size }: ParameterLayout, named: NamedTensors, source: string): Float32Array {
  for (const { name, shape } of tensors) {
    const tensor = named[name];
    if (!tensor || tensor.shape.join() !== shape.join() || !(tensor.data instanceof Float32Array)) {
      const came = tensor ? `of shape [${tensor.shape}]` : 'missing';
      throw new InvalidOptimizerFile(source, `'${name}' must be float32 of shape [${shape}], and is ${came}.`);
    }
    if (!tensor.data.every(Number.isFinite)) {
      throw new InvalidOptimizerFile(source, `'${name}' has values that are not finite. Its training diverged.`);
    }
  }
  const parameters = new Float32Array(size);
  for (const { name, offset } of tensors) parameters.set(named[name]!.data, offset);
  return parameters;
}
