/** Brings TensorFlow from PyPI: of its wheels only the libraries and the headers are used, so any Python will do. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
 * `../nvidia`. One wheel at a time, for CUDA's are 3 GB; each is checked against its digest.
 */
export async function unpackWheels(target: Target, site: string, { python }: Tools): Promise<void> {
  const scratch = `${site}.wheels`;
  const requirement = join(scratch, 'requirement.txt');
  await mkdir(site, { recursive: true });
  await mkdir(scratch);
  for (const line of (await readFile(requirementsOf(target), 'utf8')).trim().split('\n')) {
    await writeFile(requirement, line);
    await run(python, ['-m', 'pip', ...downloadTo(scratch, target), '--requirement', requirement], {
      hint: 'It downloads TensorFlow: check the connection to PyPI, and the space that is left in this folder.',
    });
    const wheel = join(scratch, (await readdir(scratch)).find((file) => file.endsWith('.whl'))!);
    await run(python, ['-c', unpack, wheel, site], { hint: 'Check the space that is left in this folder.' });
    await rm(wheel);
  }
  await rm(scratch, { recursive: true });
}

function downloadTo(folder: string, { architecture }: Target): readonly string[] {
  const machine = architecture === 'x64' ? 'x86_64' : 'aarch64';
  return [
    ...['download', '--quiet', '--disable-pip-version-check', '--no-cache-dir', '--dest', folder],
    ...['--no-deps', '--only-binary', ':all:', '--require-hashes', ...wheelOf],
    ...platforms.flatMap((platform) => ['--platform', `${platform}_${machine}`]),
  ];
}
