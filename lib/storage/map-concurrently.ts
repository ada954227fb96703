/** Many small requests to a store at one time: each takes a round trip, and a hundred thousand in a row take an hour. */

/** As S3 and a Lambda of two cores bear well. */
const requestsAtOnce = 32;

/** What `work` makes of each item, in the items' order; so many are under way at one time. Ends with the first failure. */
export async function* mapConcurrently<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  mostAtOnce = requestsAtOnce,
): AsyncGenerator<Result> {
  const underWay: Promise<Result>[] = [];
  let next = 0;
  const begin = () => {
    const result = work(items[next++]!);
    // One that fails while an earlier one is awaited is told of when its turn comes, or never.
    result.catch(() => {});
    underWay.push(result);
  };
  while (next < items.length && underWay.length < mostAtOnce) begin();
  for (let first = underWay.shift(); first !== undefined; first = underWay.shift()) {
    const result = await first;
    if (next < items.length) begin();
    yield result;
  }
}
