/** Names of tensors in groups: `{group}/{name}`, as models and checkpoints that hold several sets of parameters have them. */

/** The tensors whose names begin with `{name}/`, without that. */
export function withPrefix<T>(name: string, tensors: Readonly<Record<string, T>>): Record<string, T> {
  const start = `${name}/`;
  return Object.fromEntries(
    Object.entries(tensors).flatMap(([key, tensor]) =>
      key.startsWith(start) ? [[key.slice(start.length), tensor]] : [],
    ),
  );
}

/** The same tensors under `{name}/…`. */
export function prefix<T>(name: string, tensors: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(tensors).map(([key, tensor]) => [`${name}/${key}`, tensor]));
}
