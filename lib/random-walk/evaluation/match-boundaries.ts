/**
 * One-to-one matching between predicted and true boundary pixels that are at most `maximumDistance` apart: as many pairs as
 * there can be, by J. Hopcroft and R. Karp (1973) from a greedy start. BSDS500's `correspondPixels` solves the assignment of least
 * total distance with a high price for a pixel left alone (100 times the largest distance), which asks for the same number of pairs.
 */

export interface BoundaryMatching {
  readonly pairs: number;
  /** [height, width]: predicted pixels that have a partner, and true ones that have. */
  readonly matchedPredicted: Uint8Array;
  readonly matchedTrue: Uint8Array;
}

/** Masks are [height, width]. Pixels take the nearest free partner first, so that near pairs are preferred. */
export function matchBoundaries(
  predicted: Uint8Array,
  truth: Uint8Array,
  width: number,
  height: number,
  maximumDistance: number,
): BoundaryMatching {
  const graph = new BoundaryGraph(predicted, truth, width, height, maximumDistance);
  let pairs = graph.matchGreedily();
  while (graph.layer()) {
    for (let node = 0; node < graph.pixels.length; node++) {
      if (graph.partners[node]! < 0 && graph.augment(node)) pairs++;
    }
  }
  const matchedPredicted = new Uint8Array(predicted.length);
  const matchedTrue = new Uint8Array(predicted.length);
  for (const [node, pixel] of graph.pixels.entries()) {
    const partner = graph.partners[node]!;
    if (partner >= 0) matchedPredicted[pixel] = matchedTrue[partner] = 1;
  }
  return { pairs, matchedPredicted, matchedTrue };
}

/** Nodes are the predicted pixels, numbered in reading order: they are few beside the image's pixels. */
class BoundaryGraph {
  /** By node: the predicted pixel. */
  readonly pixels: readonly number[];
  /** By node: the true pixel that is its partner, or −1. */
  readonly partners: Int32Array;
  /** By true pixel: the node that is its partner, or −1. */
  readonly #nodes: Int32Array;
  readonly #layers: Int32Array;
  /** By node: which edge to try next, so that no edge is tried twice in a phase. */
  readonly #nextEdge: Int32Array;
  /** By node: the first of its true neighbours in `#edges`, nearest first; its last is before the next node's first. */
  readonly #firstEdge: Int32Array;
  readonly #edges: Int32Array;

  constructor(predicted: Uint8Array, truth: Uint8Array, width: number, height: number, maximumDistance: number) {
    const pixels: number[] = [];
    for (let pixel = 0; pixel < predicted.length; pixel++) if (predicted[pixel]) pixels.push(pixel);
    this.pixels = pixels;
    this.partners = new Int32Array(pixels.length).fill(-1);
    this.#nodes = new Int32Array(predicted.length).fill(-1);
    this.#layers = new Int32Array(pixels.length);
    this.#nextEdge = new Int32Array(pixels.length);
    this.#firstEdge = new Int32Array(pixels.length + 1);
    const offsets = offsetsWithin(maximumDistance);
    const edges: number[] = [];
    for (let node = 0; node < pixels.length; node++) {
      const x = pixels[node]! % width;
      const y = Math.floor(pixels[node]! / width);
      for (let index = 0; index < offsets.length; index++) {
        const { right, down } = offsets[index]!;
        const column = x + right;
        const row = y + down;
        if (column < 0 || column >= width || row < 0 || row >= height) continue;
        if (truth[row * width + column]) edges.push(row * width + column);
      }
      this.#firstEdge[node + 1] = edges.length;
    }
    this.#edges = Int32Array.from(edges);
  }

  /** Every predicted pixel's nearest free partner, by the order of the distances. Returns the number of pairs. */
  matchGreedily(): number {
    let pairs = 0;
    for (let node = 0; node < this.pixels.length; node++) {
      for (let edge = this.#firstEdge[node]!; edge < this.#firstEdge[node + 1]!; edge++) {
        const other = this.#edges[edge]!;
        if (this.#nodes[other]! >= 0) continue;
        this.#nodes[other] = node;
        this.partners[node] = other;
        pairs++;
        break;
      }
    }
    return pairs;
  }

  /** Numbers the nodes by their distance, in alternating edges, from a free one. False where no path is left. */
  layer(): boolean {
    this.#layers.fill(-1);
    const queue: number[] = [];
    for (let node = 0; node < this.pixels.length; node++) {
      this.#nextEdge[node] = this.#firstEdge[node]!;
      if (this.partners[node]! >= 0) continue;
      this.#layers[node] = 0;
      queue.push(node);
    }
    let found = false;
    for (let next = 0; next < queue.length; next++) {
      const node = queue[next]!;
      for (let edge = this.#firstEdge[node]!; edge < this.#firstEdge[node + 1]!; edge++) {
        const partner = this.#nodes[this.#edges[edge]!]!;
        if (partner < 0) found = true;
        else if (this.#layers[partner]! < 0) {
          this.#layers[partner] = this.#layers[node]! + 1;
          queue.push(partner);
        }
      }
    }
    return found;
  }

  /** Searches an augmenting path from a free node along the layers, and turns it. No recursion: paths may be long. */
  augment(start: number): boolean {
    const path = [start];
    while (path.length > 0) {
      const node = path.at(-1)!;
      const edge = this.#nextEdge[node]!;
      if (edge === this.#firstEdge[node + 1]!) {
        path.pop();
        continue;
      }
      this.#nextEdge[node] = edge + 1;
      const partner = this.#nodes[this.#edges[edge]!]!;
      if (partner < 0) {
        this.#turn(path);
        return true;
      }
      if (this.#layers[partner] === this.#layers[node]! + 1) path.push(partner);
    }
    return false;
  }

  /** Every node of the path takes the true pixel of the edge that was tried last. */
  #turn(path: readonly number[]): void {
    for (const node of path) {
      const other = this.#edges[this.#nextEdge[node]! - 1]!;
      this.partners[node] = other;
      this.#nodes[other] = node;
    }
  }
}

/** All offsets of at most that length, the shortest first. */
function offsetsWithin(distance: number): readonly { readonly right: number; readonly down: number }[] {
  const reach = Math.floor(distance);
  const offsets: { right: number; down: number }[] = [];
  for (let down = -reach; down <= reach; down++) {
    for (let right = -reach; right <= reach; right++) {
      if (right * right + down * down <= distance * distance) offsets.push({ right, down });
    }
  }
  return offsets.sort((a, b) => a.right ** 2 + a.down ** 2 - (b.right ** 2 + b.down ** 2));
}
