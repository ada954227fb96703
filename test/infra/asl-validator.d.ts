declare module 'asl-validator' {
  /** Adds fields to the definition it is given. */
  export default function validate(definition: object): {
    readonly isValid: boolean;
    readonly errors: readonly object[];
  };
}
