/** Which state of an optimizer belongs to which variable: by name while it lives, by name or order after it was saved. */
import { OptimizerStateMismatch } from './errors.ts';
import type { NamedGradient } from './named-gradients.ts';

/** A variable's place among the states. */
export interface Slot {
  /** Undefined until a variable claims a state that was loaded. */
  variable: string | undefined;
  /** The name of the variable that the state was saved with. */
  readonly savedAs: string;
  readonly shape: readonly number[];
}

export class VariableSlots {
  #slots: Slot[] = [];
  /** From `restore` to the step after it. */
  #isRestored = false;

  get all(): readonly Slot[] {
    return this.#slots;
  }

  /** Forgets all, and waits for variables of these names and shapes. */
  restore(saved: readonly { readonly savedAs: string; readonly shape: readonly number[] }[]): void {
    this.#slots = saved.map(({ savedAs, shape }) => ({ variable: undefined, savedAs, shape }));
    this.#isRestored = saved.length > 0;
  }

  /**
   * The slots of these variables: those of the steps before, those loaded, and new ones for the `fresh`, which follow all
   * others in this order. Throws OptimizerStateMismatch.
   */
  claim(named: readonly NamedGradient[]): {
    readonly slots: readonly number[];
    readonly fresh: readonly NamedGradient[];
  } {
    if (this.#isRestored && named.length > this.#slots.length) {
      throw new OptimizerStateMismatch(
        `The saved state is that of ${this.#slots.length} variables, and ${named.length} are trained. Load the state into the model that it was saved with, or leave it out.`,
      );
    }
    const byVariable = new Map(this.#slots.map(({ variable }, index) => [variable, index]));
    const claimed = named.map(({ name, variable }) => {
      const known = byVariable.get(name) ?? this.#findRestored(name);
      if (known === undefined) return undefined;
      const slot = this.#slots[known]!;
      requireShape(slot, name, variable.shape);
      slot.variable = name;
      return known;
    });
    this.#isRestored = false;
    const fresh = named.filter((_, index) => claimed[index] === undefined);
    let next = this.#slots.length;
    this.#slots.push(...fresh.map(({ name, variable }) => ({ variable: name, savedAs: name, shape: variable.shape })));
    return { slots: claimed.map((known) => known ?? next++), fresh };
  }

  /** A loaded state for this variable: the one of its name, else the next in order, as a loaded model may rename. */
  #findRestored(name: string): number | undefined {
    const named = this.#slots.findIndex(({ variable, savedAs }) => variable === undefined && savedAs === name);
    const found = named >= 0 ? named : this.#slots.findIndex(({ variable }) => variable === undefined);
    return found >= 0 ? found : undefined;
  }
}

function requireShape({ savedAs, shape }: Slot, name: string, came: readonly number[]): void {
  if (shape.join() === came.join()) return;
  throw new OptimizerStateMismatch(
    `The optimizer has a state for '${savedAs}' of shape [${shape}], and the variable '${name}' has the shape [${came}]. A changed model needs a new optimizer, or the state that was saved with it.`,
  );
}
