/** Training on quadratic functions (§3.1). */
import { createQuadratics, type QuadraticsSettings } from '../problems/quadratics.ts';
import { type CreateFamily, trainOn } from '../training.ts';

export const createFamily: CreateFamily<QuadraticsSettings> = async (settings) => createQuadratics(settings);

export const train = trainOn(createFamily);
