/**
 * Where each gate lies in the fused parameters of a recurrent layer. Only this file knows the order; everything else
 * names gates.
 */

/** The paper's order in Eq. 20: (f, i, o, g). */
export const lstmGates = ['forget', 'input', 'output', 'candidate'] as const;
export type LstmGate = (typeof lstmGates)[number];

/** The paper's order in Eq. 26, (z, r), and after them the candidate ĥ of Eq. 27. */
export const gruGates = ['update', 'reset', 'candidate'] as const;
export type GruGate = (typeof gruGates)[number];

/** The columns [begin, end) of a gate in a fused matrix of `units` columns a gate. */
export function gateColumns<Gate extends string>(
  gates: readonly Gate[],
  gate: Gate,
  units: number,
): readonly [begin: number, end: number] {
  const position = gates.indexOf(gate);
  return [position * units, (position + 1) * units];
}
