/**
 * What AWS asks for what a run uses: list prices of one region on one day, in US dollars, each with its source. They
 * change; a file of one's own replaces any of them (`--prices`, STEPWISE_PRICES, `settings/prices.json` in the store).
 */
import { z } from 'zod';
import type { ObjectStore } from '../../storage/object-store.ts';
import { InvalidPrices } from '../errors.ts';
import { keys } from '../keys.ts';

const priceSchema = z.strictObject({
  usDollars: z.number().nonnegative(),
  /** Where the number stands, or what it was assumed from. */
  source: z.string().min(1).max(500),
});

const pricesSchema = z.strictObject({
  /** One GPU machine of the training queue's smallest size (g4dn.xlarge: 4 vCPU, one T4), an hour. */
  gpuInstanceHourOnDemand: priceSchema,
  gpuInstanceHourSpot: priceSchema,
  lambdaGigabyteSecondArm64: priceSchema,
  lambdaGigabyteSecondX86: priceSchema,
  lambdaRequest: priceSchema,
  /** Standard workflow, a state transition. */
  standardTransition: priceSchema,
  /** Express workflow, an execution started. */
  expressRequest: priceSchema,
  expressGigabyteSecond: priceSchema,
  s3ThousandPuts: priceSchema,
  s3ThousandGets: priceSchema,
});

export const priceTableSchema = z.strictObject({
  formatVersion: z.literal(1),
  currency: z.literal('USD'),
  region: z.string().max(50),
  /** The day on which the prices held. */
  asOf: z.iso.date(),
  prices: pricesSchema,
});
export type PriceTable = z.infer<typeof priceTableSchema>;

/** A file of one's own: the day must be said, and whatever price is left out stays as it is here. */
const priceOverrideSchema = z.strictObject({
  formatVersion: z.literal(1).default(1),
  currency: z.literal('USD').default('USD'),
  region: z.string().max(50).optional(),
  asOf: z.iso.date(),
  prices: pricesSchema.partial(),
});

const lambdaPricing = 'https://aws.amazon.com/lambda/pricing/, first tier';
const stepFunctionsPricing = 'https://aws.amazon.com/step-functions/pricing/, first tier';
const s3Pricing = 'https://aws.amazon.com/s3/pricing/, S3 Standard';

export const defaultPrices: PriceTable = {
  formatVersion: 1,
  currency: 'USD',
  region: 'us-east-1',
  asOf: '2026-11-01',
  prices: {
    gpuInstanceHourOnDemand: {
      usDollars: 0.526,
      source: 'https://aws.amazon.com/ec2/pricing/on-demand/, g4dn.xlarge, Linux',
    },
    gpuInstanceHourSpot: {
      usDollars: 0.2104,
      source: 'An assumption: 60 % below on demand. Spot has no list price; it changes by the hour and the zone.',
    },
    lambdaGigabyteSecondArm64: { usDollars: 0.0000133334, source: lambdaPricing },
    lambdaGigabyteSecondX86: { usDollars: 0.0000166667, source: lambdaPricing },
    lambdaRequest: { usDollars: 0.0000002, source: lambdaPricing },
    standardTransition: { usDollars: 0.000025, source: stepFunctionsPricing },
    expressRequest: { usDollars: 0.000001, source: stepFunctionsPricing },
    expressGigabyteSecond: { usDollars: 0.00001667, source: stepFunctionsPricing },
    s3ThousandPuts: { usDollars: 0.005, source: s3Pricing },
    s3ThousandGets: { usDollars: 0.0004, source: s3Pricing },
  },
};

/** A table of one's own over the default. `from` is for the message. Throws InvalidPrices. */
export function parsePrices(text: string, from: string): PriceTable {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InvalidPrices(from, 'it is not JSON');
  }
  const parsed = priceOverrideSchema.safeParse(value);
  if (!parsed.success) throw new InvalidPrices(from, z.prettifyError(parsed.error).replaceAll('\n', ' '));
  const { region, prices, ...rest } = parsed.data;
  // What the file leaves out is absent, not undefined: JSON has no undefined.
  const known = Object.fromEntries(Object.entries(prices).filter(([, price]) => price !== undefined));
  return {
    ...defaultPrices,
    ...rest,
    ...(region !== undefined && { region }),
    prices: { ...defaultPrices.prices, ...known },
  };
}

/** The store's own table, or the default. Throws InvalidPrices. */
export async function readPrices(store: ObjectStore): Promise<PriceTable> {
  const object = await store.get(keys.prices());
  return object ? parsePrices(new TextDecoder().decode(object.body), keys.prices()) : defaultPrices;
}
