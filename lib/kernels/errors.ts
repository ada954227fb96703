import { InputError, RunError } from '../errors.ts';

/** An array or an option does not have the shape that the kernel was made for. */
export class KernelShapeError extends InputError {}

/** A method was called where the order of calls does not allow it. */
export class KernelOrderError extends RunError {}

/** The chosen numeric backend cannot run on this machine. */
export class KernelBackendError extends RunError {}

/** A kernel trapped, on whichever thread. Its memory is not to be trusted any more. */
export class KernelTrapError extends RunError {}
