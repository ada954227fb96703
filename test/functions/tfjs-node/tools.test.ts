import { describe, expect, test } from 'vitest';
import { findTools, run } from '../../../functions/tfjs-node/tools.ts';

const here = { PATH: process.env.PATH };

describe('the tools of the build', () => {
  test('one that is missing is named, with how to install it', async () => {
    await expect(findTools({ ...here, CXX: 'no-such-compiler' })).rejects.toThrow(
      "Building tfjs-node needs a C++17 compiler, and there is no 'no-such-compiler'. Install g++",
    );
    // Any program will do for a compiler that only says its version.
    const compiler = { ...here, CXX: process.execPath };
    await expect(findTools({ ...compiler, PYTHON: 'no-such-python' })).rejects.toThrow(/needs Python.*python3-pip/);
    await expect(findTools({ ...compiler, PYTHON: process.execPath })).rejects.toThrow(/needs pip.*python3-pip/);
  });

  test('one that fails is quoted', async () => {
    const fails = run(process.execPath, ['-e', 'console.error("no space"); process.exit(3)'], { hint: 'Make room.' });
    await expect(fails).rejects.toThrow(/exit code 3\. Make room\.\nno space/);
  });
});
