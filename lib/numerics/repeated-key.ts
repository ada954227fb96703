/** Finds what JSON.parse hides: a key that occurs twice in one object. */

/** The first repeated key of any object in `json`, which must be valid JSON; undefined where there is none. */
export function findRepeatedKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  // Strings (a key where a colon follows) and brackets; everything between them is numbers, words and spaces.
  for (const [token, colon] of json
    .matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g)
    .map((match) => [match[0], match[1]])) {
    if (token === '{' || token === '[') open.push(new Set());
    else if (token === '}' || token === ']') open.pop();
    else if (colon !== undefined) {
      const key: string = JSON.parse(token!.slice(0, -colon.length));
      const keys = open.at(-1)!;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}
