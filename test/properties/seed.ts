/** The same cases every time, so that a failure is the change's and not the day's; `PROPERTY_SEED=$RANDOM npm test` looks at others. */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env.PROPERTY_SEED ?? 20261125) });
