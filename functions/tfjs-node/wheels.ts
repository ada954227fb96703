/** Brings TensorFlow from PyPI: of its wheels only the libraries and the headers are used, so any Python will do. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requirementsOf, type Target } from './target.ts';
import { run, type Tools } from './tools.ts';

/** The libraries and headers lie in every Python's wheel alike: this one is taken whatever Python is here. */
const wheelOf = ['--implementation', 'cp', '--python-version', '3.12', '--abi', 'cp312', '--abi', 'none'];

/** pip takes each as it is written, and not the older ones that it implies. */
const platforms = ['manylinux_2_27', 'manylinux_2_17', 'manylinux2014', 'manylinux_2_12', 'manylinux2010'];

/** Unpacks `wheel` into `folder`: TensorFlow's two libraries and its headers, and all of the CUDA wheels. */
const unpack = `
import re, sys, zipfile
wheel, folder = sys.argv[1:]
wanted = re.compile(r'tensorflow/(libtensorflow_(cc|framework)\\.so\\.2$|include/)|nvidia/')
with zipfile.ZipFile(wheel) as archive:
    archive.extractall(folder, [name for name in archive.namelist() if wanted.match(name)])
`;

/**
 * Unpacks the wheels beside each other in `site`, as Python would: TensorFlow's libraries look for CUDA's in
 * `../nvidia`. Wheels are checked against their digests, and removed one by one as they are unpacked.
 */
export async function unpackWheels(target: Target, site: string, { python }: Tools): Promise<void> {
  const downloads = `${site}.wheels`;
  await mkdir(site, { recursive: true });
  const machine = target.architecture === 'x64' ? 'x86_64' : 'aarch64';
  await run(
    python,
    [
      ...['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-cache-dir'],
      ...['--no-deps', '--only-binary', ':all:', '--require-hashes', ...wheelOf],
      ...platforms.flatMap((platform) => ['--platform', `${platform}_${machine}`]),
      ...['--dest', downloads, '--requirement', fileURLToPath(requirementsOf(target))],
    ],
    { hint: 'It downloads TensorFlow: check the connection to PyPI, and the space that is left in this folder.' },
  );
  for (const wheel of await readdir(downloads)) {
    await run(python, ['-c', unpack, join(downloads, wheel), site], { hint: 'Check the space that is left.' });
    await rm(join(downloads, wheel));
  }
  await rm(downloads, { recursive: true });
}
