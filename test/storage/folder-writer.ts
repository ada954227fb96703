/** A process of its own that writes to a folder store: `node folder-writer.ts FOLDER MODE [COUNT]`. */
import { openStore } from '../../lib/storage/open-store.ts';
import { updateObject } from '../../lib/storage/update-object.ts';

const [folder, mode, count] = process.argv.slice(2);
const store = await openStore(folder!);
const id = String(process.pid);

if (mode === 'claim') {
  const won = await store.put('claim', id, { ifNoneMatch: '*' }).then(
    () => true,
    () => false,
  );
  process.stdout.write(won ? id : '');
} else if (mode === 'increment') {
  for (let time = 0; time < Number(count); time++) {
    await updateObject(store, 'counter', (current) =>
      String(Number(current ? new TextDecoder().decode(current) : 0) + 1),
    );
    process.stdout.write('+');
  }
} else if (mode === 'overwrite') {
  // Until it is killed. Every object is one letter over and over, so that a torn one shows.
  for (let letter = 0; ; letter = (letter + 1) % 26) {
    const body = Buffer.alloc(300_000, 65 + letter);
    await store.put('torn', body);
    await store.delete('gone');
    await store.put('gone', body, { ifNoneMatch: '*' }).catch(() => undefined);
    await updateObject(store, 'chain', (current) =>
      Buffer.concat([current?.subarray(-100) ?? Buffer.alloc(0), Buffer.from('.')]),
    );
    process.stdout.write('.');
  }
}
