/** Loaded into a process before anything else: its wall clock jumps, by up to a day to and fro, every fifth of a second. */
import { randomStream } from '../../lib/numerics/random.ts';

const random = randomStream(Number(process.env.STEPWISE_CHAOS_SEED ?? 0), 'clock', process.pid);
const dayMilliseconds = 86_400_000;
const RealDate = Date;
let offset = 0;

function now(): number {
  return RealDate.now() + offset;
}

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length > 0 ? args : [now()], newTarget),
  apply: () => new RealDate(now()).toString(),
  get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
});
setInterval(() => {
  offset = (2 * random.uniform() - 1) * dayMilliseconds;
}, 200).unref();
