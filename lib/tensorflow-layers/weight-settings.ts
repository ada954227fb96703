/**
 * How a kind of weights begins, is penalised and is kept in bounds, in the forms that `tf.layers` takes: a name such as
 * 'glorotNormal', an object of `tf.initializers`, `tf.regularizers` or `tf.constraints`, or what `getConfig` made of one.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { initializers, layers } from '@tensorflow/tfjs-layers';

type DenseArgs = Parameters<typeof layers.dense>[0];
/** A number is what all the weights begin at. */
export type InitializerSetting = NonNullable<DenseArgs['kernelInitializer']> | number;
export type RegularizerSetting = NonNullable<DenseArgs['kernelRegularizer']>;
export type ConstraintSetting = NonNullable<DenseArgs['kernelConstraint']>;

/** What `Layer.addWeight` takes. */
export type Initializer = Exclude<InitializerSetting, string | number>;
export type Regularizer = Exclude<RegularizerSetting, string>;
export type Constraint = Exclude<ConstraintSetting, string>;

/** The settings of the kernel called `kernel`, the bias called `bias`, and so on: `kernelInitializer`, … */
export type WeightArgs<Role extends string> = {
  readonly [Key in Role as `${Key}Initializer`]?: InitializerSetting;
} & {
  readonly [Key in Role as `${Key}Regularizer`]?: RegularizerSetting;
} & {
  readonly [Key in Role as `${Key}Constraint`]?: ConstraintSetting;
};

export interface WeightSettings {
  readonly initializer: Initializer;
  readonly regularizer: Regularizer;
  readonly constraint: Constraint;
  /** As `args` that give the same settings again. */
  readonly config: tf.serialization.ConfigDict;
}

/**
 * Reads the settings of one role. TensorFlow.js keeps what turns names and configs into objects to itself, so a dense layer
 * that is never built does it: all through public functions, and with the classes that a user has registered.
 *
 * @param initializer where `args` names none
 */
export function readWeightSettings<Role extends string>(
  role: Role,
  args: WeightArgs<Role>,
  initializer: InitializerSetting,
): WeightSettings {
  const given = args as Readonly<Record<string, unknown>>;
  // `getConfig` writes null for what is not there.
  const setting = (kind: string) => given[`${role}${kind}`] ?? undefined;
  const beginning = setting('Initializer') ?? initializer;
  const dense = layers.dense({
    // Named, or the names of the user's own dense layers would count on.
    name: role,
    units: 1,
    kernelInitializer: typeof beginning === 'number' ? initializers.constant({ value: beginning }) : beginning,
    kernelRegularizer: setting('Regularizer'),
    kernelConstraint: setting('Constraint'),
  } as unknown as DenseArgs);
  const { kernelInitializer, kernelRegularizer, kernelConstraint } = dense as unknown as Record<string, unknown>;
  const config = dense.getConfig();
  return {
    initializer: kernelInitializer as Initializer,
    regularizer: kernelRegularizer as Regularizer,
    constraint: kernelConstraint as Constraint,
    config: {
      [`${role}Initializer`]: config.kernelInitializer!,
      [`${role}Regularizer`]: config.kernelRegularizer!,
      [`${role}Constraint`]: config.kernelConstraint!,
    },
  };
}
