/** Every experiment there is, in the order of the papers. A new one is added here and nowhere else. */
import { cifar } from './learned-optimizers/experiments/cifar.ts';
import { mnist } from './learned-optimizers/experiments/mnist.ts';
import { quadratics } from './learned-optimizers/experiments/quadratics.ts';
import { createRegistry } from './pipeline/registry.ts';

export const experiments = createRegistry([quadratics, mnist, cifar]);
