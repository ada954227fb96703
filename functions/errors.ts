/** Errors of the deployable entry points. */
import { InputError, RunError } from '../lib/errors.ts';

export class InvalidEnvironment extends InputError {
  constructor(variable: string, value: string | undefined, expected: string) {
    super(
      `The environment variable ${variable} must be ${expected}, and is ${value === undefined ? 'not set' : JSON.stringify(value)}.`,
    );
  }
}

/** What came is not what the function is for. It ends in the dead-letter queue. */
export class InvalidEvent extends InputError {
  constructor(problem: string) {
    super(`The event ${problem}.`);
  }
}

export class NoGpu extends RunError {
  constructor() {
    super(
      'This job was planned for a GPU, and TensorFlow sees none here. Check that the compute environment uses a GPU image (ECS_AL2023_NVIDIA) and that the container asks for a GPU, or run with the backend node-cpu.',
    );
  }
}

/** A backend of tfjs-node where there is none: nothing was built, and npm could not download it. */
export class TfjsNodeMissing extends InputError {
  constructor(backend: string) {
    super(
      `The backend ${backend} needs tfjs-node, which is not here. Build it with 'npm run build:tfjs-node' (Linux, with g++ and pip), or use --backend wasm.`,
    );
  }
}
